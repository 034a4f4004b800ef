// With a lease the loop begins. The page sees the answer as it is.
const {verb, form} = msg;
const {status, error, result} = msg.payload;
if (verb === "start_direct" && status === "done") flow.set("loop", {...form, lease: result.lease, n: 0});
return {topic: "answer", payload: {verb, status, error, test_name: result?.test_name}};
