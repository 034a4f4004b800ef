// The topics that these flows read. Output 1: readings, states and who is there. Output 2: answers to commands.
const root = env.get("MACNET_ROOT") || "macnet";
const subscribe = (...topics) => ({
    action: "subscribe",
    topic: topics.map(topic => ({topic: `${root}/${topic}`, qos: 1})),
});
return [
    subscribe("bridge/+/status", "+/status", "+/telemetry/sweep",
        "+/+/telemetry/state", "+/+/telemetry/reading", "+/+/telemetry/event"),
    subscribe("+/+/telemetry/ack", "+/telemetry/ack", "bridge/+/ack"),
];
