// A dry run takes a new table; a start takes what the dry run of the same text found good, and only once.
// Output 1: a command for each row that is asked. Output 2: the table as it stands.
const plan = (row, index) => {
    const {cycler, channel, ...rest} = row;
    const args = Object.fromEntries(Object.entries(rest).filter(([, text]) => text !== "" && text !== undefined));
    if (args.c_rate_ah !== undefined) args.c_rate_ah = Number(args.c_rate_ah);
    return {index, cycler, channel: Number(channel), args, dry_run: {status: "not asked"}, start: null};
};
const ask = (rows, step) => rows.map(row => {
    row[step] = {status: "asked"};
    const {index, cycler, channel, args} = row;
    return {index, step, cycler, channel, verb: "start_test", args, dry_run: step === "dry_run", expires_in: 30};
});
let batch = flow.get("batch");
let asked = [];
if (msg.topic === "dry_run") {
    batch = {id: msg._msgid, text: msg.text, rows: msg.payload.map(plan), started: false};
    asked = ask(batch.rows, "dry_run");
} else if (batch && batch.text === msg.text && !batch.started) {
    batch.started = true;
    asked = ask(batch.rows.filter(row => row.dry_run.status === "done"), "start");
}
for (const command of asked) command.batch = batch.id;
flow.set("batch", batch);
return [asked, {topic: "batch", payload: batch}];
