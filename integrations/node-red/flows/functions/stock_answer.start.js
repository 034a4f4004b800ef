// Asks again with the same id, which runs nothing twice, until the deadline. 5 s after it nobody knows what
// became of the command, and the answer says so.
context.set("waiting", {});
const message = "no answer until 5 s after the deadline: whether it was carried out is not known";
setInterval(() => {
    const waiting = context.get("waiting");
    const now = Date.now();
    for (const [id, found] of Object.entries(waiting)) {
        const {asked, request} = found.msg;
        if (now > asked.expires_at + 5000) {
            delete waiting[id];
            const error = {code: "NO_ANSWER", message};
            node.send([null, {...found.msg, payload: {id, status: "no_answer", error, bridges: asked.bridges}}]);
        } else if (now > found.again && now < asked.expires_at) {
            found.again = now + 2000;
            node.send([{...request}, null]);
        }
    }
}, 250);
