// Requests go to the broker (output 1) and are remembered; acknowledgements find them by their id.
// Only a final one counts, and of a command to many channels only the summary. Output 2 has msg.answer.
const waiting = context.get("waiting");
if (msg.request) {
    waiting[msg.asked.id] = {msg, again: Date.now() + 2000};
    return [{...msg.request}, null];
}
const answer = msg.payload;
const found = waiting[answer.id];
if (!found || !answer.final || answer.part) return null;
const {asked} = found.msg;
answer.from = msg.topic.split("/").at(-2);          // of a stop of everything: the bridge
if (asked.answers.some(other => other.from === answer.from)) return null;
asked.answers.push(answer);
if (asked.answers.length < asked.from.length) return null;
delete waiting[answer.id];
return [null, {...found.msg, answer}];
