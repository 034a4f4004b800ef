// "start" asks for the lease, "stop" ends it. The tester guards the limits by itself, too: `safety`.
const {cycler, channel, full_volt, most_ampere, valid_for_s} = msg.payload;
const loop = flow.get("loop");
if (msg.topic === "stop") {
    if (loop && loop.cycler === cycler && loop.channel === channel) flow.set("loop", undefined);
    return [{cycler, channel, verb: "stop_direct"}, null];
}
if (loop) {
    const error = {message: `${loop.cycler}/${loop.channel} is being charged; stop that first`};
    return [null, {topic: "answer", payload: {verb: "start_direct", status: "not sent", error}}];
}
const safety = {voltage_max_volt: full_volt + 0.05, charge_max_ampere: most_ampere * 1.1};
return [{cycler, channel, verb: "start_direct", args: {voltage_volt: full_volt, valid_for_s, safety}, form: msg.payload}, null];
