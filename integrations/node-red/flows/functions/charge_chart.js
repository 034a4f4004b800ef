// Two lines: volts and amperes.
if (msg.topic !== "turn" || msg.payload.voltage_volt === undefined) return null;
const {voltage_volt, current_ampere} = msg.payload;
return [[{topic: "V", payload: voltage_volt}, {topic: "A", payload: current_ampere}]];
