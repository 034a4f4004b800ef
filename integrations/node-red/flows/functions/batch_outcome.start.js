// After a restart of the flow nobody waits any more for the answers to what was asked before.
const error = {code: "NO_ANSWER", message: "the flow was restarted meanwhile"};
const batch = flow.get("batch");
for (const row of batch?.rows || []) {
    for (const step of ["dry_run", "start"]) {
        if (row[step]?.status === "asked") row[step] = {status: "no_answer", error};
    }
}
if (batch) node.send({topic: "batch", payload: batch});
