// After a redeploy nothing goes on by itself: the lease of a charge that ran lapses, and the bridge stops it.
if (flow.get("loop")) node.send([null, {topic: "ended", payload: "The flow was restarted. The bridge stops the channel when the lease lapses."}]);
flow.set("loop", undefined);
