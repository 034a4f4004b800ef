// "macnet/lab1/5/telemetry/state" becomes the kind "state" of channel 5 of lab1.
const levels = msg.topic.slice(env.get("MACNET_ROOT").length + 1).split("/");
const kind = levels.at(-1);
const payload = msg.payload === "" ? null : msg.payload;          // an empty one clears what was retained
if (levels[0] === "bridge") return {kind: "bridge", bridge: levels[1], payload};
if (payload?.is_historical) return null;                          // what was kept on disk is no news
const channel = /^\d+$/.test(levels[1]) ? Number(levels[1]) : undefined;
return {kind, cycler: levels[0], channel, payload};
