// "superseded" is no harm: a newer setpoint or a stop came first. Anything else but "done" ends the loop:
// the lease then lapses, if it is not gone already, and the bridge rests and suspends the channel.
const loop = flow.get("loop");
const {status, error} = msg.payload;
if (!loop || loop.lease !== msg.args.lease) return null;      // it has ended meanwhile
loop.busy = false;
if (status === "done" || status === "superseded") return null;
flow.set("loop", undefined);
return {topic: "answer", payload: {verb: "set_output", status, error}};
