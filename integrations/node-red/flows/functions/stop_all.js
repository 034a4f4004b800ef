// One command stops everything; each bridge that is online has to answer for what it serves.
const {bridges = {}} = global.get("macnet") || {};
const from = Object.keys(bridges).filter(name => bridges[name]?.state === "online");
msg.command = {cycler: "all", verb: "suspend", from};
return msg;
