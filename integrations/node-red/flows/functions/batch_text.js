// A spreadsheet has tabs or semicolons between its cells, and may have commas in them, as in 2,5.
// `more` takes what a row has beyond the columns that the first line names: a comma too many, mostly.
const cell = text => text.includes(",") && !text.startsWith('"') ? `"${text}"` : text;
const row = line => {
    const mark = ["\t", ";"].find(each => line.includes(each));
    return mark === undefined ? line : line.split(mark).map(cell).join(",");
};
const [first, ...rows] = msg.payload.trim().split(/\r?\n/).map(row);
msg.missing = ["cycler", "channel", "procedure"].filter(name => !first.split(",").includes(name));
msg.text = msg.payload;
msg.payload = [`${first},more`, ...rows].join("\n");
return msg;
