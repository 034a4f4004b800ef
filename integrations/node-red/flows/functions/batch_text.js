// Text as it comes from a spreadsheet has tabs or semicolons between its columns.
msg.text = msg.payload;
msg.payload = msg.payload.trim().replace(/[\t;]/g, ",");
return msg;
