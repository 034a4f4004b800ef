// Writes the final acknowledgement of a row into the table, unless another dry run has taken its place.
const batch = flow.get("batch");
if (batch?.id !== msg.batch) return null;
const {status, error, result} = msg.payload;
batch.rows[msg.index][msg.step] = {status, error, result};
return {topic: "batch", payload: batch};
