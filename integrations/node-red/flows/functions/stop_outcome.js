// What each bridge says; channels that it could not confirm; bridges of testers that are there, but said nothing.
const {status, error, bridges = {}} = msg.payload;
const testers = Object.values(global.get("macnet_testers") || {});
const served = testers.filter(({status}) => status && !status.stale).map(({status}) => status.bridge);
const answers = Object.entries(bridges).map(([name, answer]) => {
    const parts = (answer.results || []).filter(part => part.status !== "done");
    return {name, status: answer.status, error: answer.error, parts};
});
const silent = [...new Set(served)].filter(name => !bridges[name]);
return {topic: "stopped", payload: {at: Date.now(), status, error, answers, silent}};
