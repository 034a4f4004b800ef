// Keeps the newest message of each kind in global.macnet_testers, and asks the next node to show that tester.
const testers = global.get("macnet_testers") || {};
global.set("macnet_testers", testers);
const {cycler, channel, payload} = msg;
const kind = msg.kind || (channel === undefined ? "status" : "state");
const tester = testers[cycler] ||= {states: {}, readings: {}};
if (kind === "status") tester.status = payload;
if (kind === "sweep") Object.assign(tester, {sweep: payload, sweptAt: Date.now()});
if (kind === "state") tester.states[channel] = payload;
if (kind === "reading") tester.readings[channel] = payload;
return kind === "status" || kind === "sweep" ? {payload: cycler} : null;
