// A dry run takes a new table; a start takes what the dry run of the same text found good, and only once.
// Output 1: a command for each row that is asked. Output 2: the table as it stands.
const plan = (row, index) => {
    const {cycler = "", channel, more = "", ...rest} = row;
    const args = Object.fromEntries(Object.entries(rest).filter(([, text]) => text !== "" && text !== undefined));
    if (Number.isFinite(Number(args.c_rate_ah))) args.c_rate_ah = Number(args.c_rate_ah);
    return {index, cycler, channel, more, args, dry_run: {status: "asked"}, start: null};
};
const wrong = ({index, cycler, channel, more, args}, rows) =>
    msg.missing.length ? `the first line has no column ${msg.missing.join(", ")}`
    : more !== "" ? `"${more}" is in no column of the first line; a decimal has a point`
    : !/^[a-z0-9][a-z0-9_-]*$/.test(cycler) ? `cycler: "${cycler}" is no name of one`
    : !/^[1-9][0-9]*$/.test(channel) ? `channel: "${channel}" is no number of one`
    : typeof args.c_rate_ah === "string" ? `c_rate_ah: "${args.c_rate_ah}" is no number; a decimal has a point`
    : rows.some(row => row.index < index && row.cycler === cycler && row.channel === channel) ? "this channel stands above"
    : "";
const ask = (row, step) => {
    row[step] = {status: "asked"};
    const {index, cycler, channel, args} = row;
    const how = {verb: "start_test", args, dry_run: step === "dry_run", expires_in: 30};
    return {batch: batch.id, index, step, cycler, channel: Number(channel), ...how};
};
let batch = flow.get("batch");
let asked = [];
if (msg.topic === "dry_run") {
    batch = {id: msg._msgid, text: msg.text, rows: msg.payload.map(plan), started: false};
    for (const row of batch.rows) {
        const message = wrong(row, batch.rows);
        if (message) row.dry_run = {status: "not sent", error: {message}};
    }
    asked = batch.rows.filter(row => row.dry_run.status === "asked").map(row => ask(row, "dry_run"));
} else if (batch && batch.text === msg.text && !batch.started) {
    batch.started = true;
    asked = batch.rows.filter(row => row.dry_run.status === "done").map(row => ask(row, "start"));
}
flow.set("batch", batch);
return [asked, {topic: "batch", payload: batch}];
