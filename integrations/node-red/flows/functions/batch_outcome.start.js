// After a restart of the flow nobody waits any more for the answers to what was asked before.
const batch = flow.get("batch");
for (const row of batch?.rows || []) {
    for (const step of ["dry_run", "start"]) {
        if (row[step]?.status === "asked") row[step] = {status: "no answer", error: {message: "the flow was restarted meanwhile"}};
    }
}
