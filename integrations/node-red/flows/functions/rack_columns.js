// One message for one tester, in columns: what the page shows of its channels.
const lab = global.get("macnet");
const tester = lab.testers[msg.payload];
const {status, sweep = {}, states, readings} = tester;

// Retained messages hold only while the bridge that wrote them is online with the same session.
const bridge = status && lab.bridges[status.bridge];
const holds = message => bridge && bridge.state === "online" && message && message.session === bridge.session;
const away = () => {
    if (lab.connected === false) return "Node-RED has no connection to the broker";
    if (!status) return "no bridge serves this tester";
    if (!holds(status)) return `the bridge ${status.bridge} is offline`;
    return status.state === "offline" ? `the tester is offline: ${status.reason || "no answer"}` : "";
};

// charge, discharge and rest are what an active channel does; by its current where the mode is another word.
const active = (mode, ampere) =>
    ["charge", "discharge", "rest"].includes(mode) ? mode : ampere > 0 ? "charge" : ampere < 0 ? "discharge" : "rest";
const look = (number, place) => {
    const state = states[number] || {};
    if (away() || !holds(state) || state.quality === "stale") return "stale";
    const word = sweep.state?.[place] ?? state.state;
    return word === "active" ? active(state.mode, sweep.current_ampere?.[place]) : word;
};

const channel = sweep.channel || Object.keys(states).filter(number => states[number]).map(Number);
const of = (messages, key) => channel.map(number => messages[number]?.[key]);
msg.topic = "tester";
msg.payload = {
    name: msg.payload, away: away(), degraded: status?.state === "degraded" ? status.reason : "",
    age_second: tester.sweptAt ? (Date.now() - tester.sweptAt) / 1000 : null,
    channel, look: channel.map(look),
    voltage_volt: sweep.voltage_volt || [], current_ampere: sweep.current_ampere || [],
    test_time_second: sweep.test_time_second || [],
    test_name: of(states, "test_name"), procedure: of(states, "procedure"), mode: of(states, "mode"),
    end_reason: of(states, "end_reason"), lock: of(states, "lock"),
    step_id: of(readings, "step_id"), cycle_count: of(readings, "cycle_count"),
    capacity_ah: of(readings, "step_cumulative_capacity_ah"), energy_wh: of(readings, "step_cumulative_energy_wh"),
};
return msg;
