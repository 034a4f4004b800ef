// The current that the voltage asks for: the full one below taper_volt, from there on less and less.
// Output 1: set it. Output 2: what the page shows. Output 3: it is charged, stop.
const loop = flow.get("loop");
const cell = msg.answer.result;
if (!loop) return null;
if (msg.answer.status !== "done") {                  // nothing to go by: silence, and the lease lapses
    loop.busy = false;
    return [null, {topic: "turn", payload: {status: msg.answer.status, error: msg.answer.error}}, null];
}
const share = (loop.full_volt - cell.voltage_volt) / (loop.full_volt - loop.taper_volt);
const ampere = loop.most_ampere * Math.max(0, Math.min(1, share));
if (ampere < loop.cut_off_ampere && cell.state === "active") {
    flow.set("loop", undefined);
    return [null, {topic: "ended", payload: "Charged: less than the cut-off current would flow."},
        {topic: "stop", payload: loop}];
}
loop.n += 1;
const {cycler, channel, lease, n} = loop;
const show = {n, voltage_volt: cell.voltage_volt, current_ampere: cell.current_ampere, set_ampere: ampere, cycler, channel};
const args = {lease, n, current_ampere: ampere};
return [{command: {cycler, channel, verb: "set_output", args, seconds: 2}}, {topic: "turn", payload: show}, null];
