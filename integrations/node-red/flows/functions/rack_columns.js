// One message for one tester, in columns: what the page shows of its channels.
const {status, sweep = {}, sweptAt, states, readings} = global.get("macnet_testers")[msg.payload];

// Why nothing of it is live; empty while it is.
const away = !status ? "nothing is known of its bridge"
    : status.stale ? status.stale_reason
    : status.state === "offline" ? `the tester is offline: ${status.reason}` : "";

// charge, discharge and rest are what an active channel does; by its current where the mode is another word.
const active = (mode, ampere) =>
    ["charge", "discharge", "rest"].includes(mode) ? mode : ampere > 0 ? "charge" : ampere < 0 ? "discharge" : "rest";
const look = (number, place) => {
    const state = states[number];
    if (away || !state || state.stale) return "stale";
    const word = sweep.state?.[place] ?? state.state;
    return word === "active" ? active(state.mode, sweep.current_ampere?.[place]) : word;
};

const channel = sweep.channel || Object.keys(states).filter(number => states[number].state).map(Number);
const of = (messages, key) => channel.map(number => messages[number]?.[key]);
msg.topic = "tester";
msg.payload = {
    name: msg.payload, away, degraded: status?.state === "degraded" ? status.reason : "",
    age_second: sweptAt ? (Date.now() - sweptAt) / 1000 : null,
    channel, look: channel.map(look),
    voltage_volt: sweep.voltage_volt || [], current_ampere: sweep.current_ampere || [],
    test_time_second: sweep.test_time_second || [],
    test_name: of(states, "test_name"), procedure: of(states, "procedure"), mode: of(states, "mode"),
    end_reason: of(states, "end_reason"), lock: of(states, "lock"),
    step_id: of(readings, "step_id"), cycle_count: of(readings, "cycle_count"),
    capacity_ah: of(readings, "step_cumulative_capacity_ah"), energy_wh: of(readings, "step_cumulative_energy_wh"),
};
return msg;
