// Writes the final acknowledgement of a row into the table.
const batch = flow.get("batch");
const row = batch.rows[msg.index];
const {status, error, result, steps} = msg.answer;
row[msg.step] = {status, error, result, steps};
return {topic: "batch", payload: batch};
