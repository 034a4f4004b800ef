// With a lease the loop begins; a stop ends it, whatever comes of the stop. The page sees the answer.
const {verb} = msg.command;
const {status, error, result} = msg.answer;
if (verb === "start_direct" && status === "done") {
    flow.set("loop", {...msg.payload, lease: result.lease, n: 0});
}
return {topic: "answer", payload: {verb, status, error, test_name: result?.test_name}};
