// Requests go to the broker (output 1) and are remembered; acknowledgements find them by their id.
// Only a final one counts, and of a command to many channels only the summary: it leaves by output 2.
const waiting = context.get("waiting");
const STOPS = ["suspend", "rest", "stop_direct"];
if (msg.request) {
    // What a stop covers is not sent again after it: what was lost on its way must not start anew what is stopped.
    for (const earlier of STOPS.includes(msg.verb) ? Object.values(waiting) : []) {
        const {cycler, channel, verb} = earlier.msg;
        const covered = msg.cycler === "all" || (msg.cycler === cycler && msg.channel === channel);
        if (covered && !STOPS.includes(verb)) earlier.again = Infinity;
    }
    waiting[msg.asked.id] = {msg, again: Date.now() + 2000};
    return [{...msg.request}, null];
}
let answer = msg.payload;
const found = waiting[answer.id];
if (!found || !answer.final || answer.part) return null;
if (found.msg.asked.cycler === "all") {
    // Every bridge answers for what it serves; one that leaves all of its testers to another is silent.
    const {bridges} = found.msg.asked;
    bridges[msg.topic.split("/").at(-2)] = answer;
    const all = Object.entries(global.get("macnet_bridges") || {});
    const serving = global.get("macnet_serving") || [];
    const serves = (name, status) => serving.includes(name) || !Object.keys(status.not_served || {}).length;
    const due = all.filter(([name, status]) => status?.state === "online" && serves(name, status));
    if (due.some(([name]) => !bridges[name])) return null;
    answer = {...(Object.values(bridges).find(each => each.status !== "done") || answer), bridges};
}
delete waiting[answer.id];
return [null, {...found.msg, payload: answer}];
