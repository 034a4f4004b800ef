// The current that the voltage asks for: the full one below taper_volt, from there on less and less.
// Output 1: set it. Output 2: what the page shows. Output 3: it is charged, stop.
const loop = flow.get("loop");
if (!loop) return null;
const {status, error, result: cell} = msg.payload;
if (status !== "done") {                             // nothing to go by: no setpoint, and the lease may lapse
    loop.busy = false;
    return [null, {topic: "answer", payload: {verb: "read_status", status, error}}, null];
}
if (cell.state !== "active") {                       // it has yet to begin, or was stopped by somebody else
    loop.busy = false;
    if (loop.n > 0) flow.set("loop", undefined);
    return [null, loop.n > 0 ? {topic: "ended", payload: `The channel is ${cell.state}.`} : null, null];
}
const share = (loop.full_volt - cell.voltage_volt) / (loop.full_volt - loop.taper_volt);
const ampere = loop.most_ampere * Math.max(0, Math.min(1, share));
if (ampere < loop.cut_off_ampere) {
    const text = `Charged: less than ${loop.cut_off_ampere} A would flow.`;
    return [null, {topic: "ended", payload: text}, {topic: "stop", payload: loop}];
}
loop.n += 1;
const {cycler, channel, lease, n} = loop;
const {voltage_volt, current_ampere} = cell;
const show = {cycler, channel, n, voltage_volt, current_ampere, set_ampere: ampere};
const args = {lease, n, current_ampere: ampere};
return [{cycler, channel, verb: "set_output", args, expires_in: loop.valid_for_s}, {topic: "turn", payload: show}, null];
