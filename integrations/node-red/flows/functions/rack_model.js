// Keeps the newest message of each kind in global.macnet; asks the next node to show what has changed.
// What is retained is kept as it comes: whether it still holds is judged when it is shown.
const lab = global.get("macnet") || {bridges: {}, testers: {}};
global.set("macnet", lab);
const levels = msg.topic.split("/");
const payload = msg.payload === "" ? null : msg.payload;      // an empty one clears a retained message
if (levels[0] === "broker") lab.connected = payload;
if (levels[0] === "bridge") lab.bridges[levels[1]] = payload;
if (levels[0] === "broker" || levels[0] === "bridge") {
    return [Object.keys(lab.testers).map(name => ({payload: name}))];
}
const name = levels[0];
const tester = lab.testers[name] ||= {states: {}, readings: {}};
const kind = levels.at(-1);
if (kind === "status") tester.status = payload;
if (kind === "sweep") Object.assign(tester, {sweep: payload, sweptAt: Date.now()});
if (kind === "state") tester.states[levels[1]] = payload;
if (kind === "reading" && !payload.is_historical) tester.readings[levels[1]] = payload;
return kind === "status" || kind === "sweep" ? {payload: name} : null;
