// The bridge says that a lease has lapsed: it has rested and suspended that channel.
const {kind, cycler, channel, payload} = msg;
if (kind !== "event" || payload.kind !== "direct_lapsed") return null;
const loop = flow.get("loop");
if (loop && loop.cycler === cycler && loop.channel === channel) flow.set("loop", undefined);
return {topic: "lapsed", payload: {cycler, channel, reason: payload.reason, suspended: payload.suspended}};
