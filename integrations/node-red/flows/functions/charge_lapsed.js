// The bridge says that a lease has lapsed: it has rested and suspended that channel.
const [cycler, channel, , kind] = msg.topic.split("/");
if (kind !== "event" || msg.payload.kind !== "direct_lapsed") return null;
const loop = flow.get("loop");
if (loop && loop.cycler === cycler && String(loop.channel) === channel) flow.set("loop", undefined);
return {topic: "lapsed", payload: {cycler, channel, ...msg.payload}};
