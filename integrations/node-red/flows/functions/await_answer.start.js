// Asks again with the same id, which runs nothing twice, until 5 s after the deadline.
// Then nobody knows what became of the command, and msg.answer says so.
context.set("waiting", {});
setInterval(() => {
    const waiting = context.get("waiting");
    const now = Date.now();
    for (const [id, found] of Object.entries(waiting)) {
        const {asked, request} = found.msg;
        if (now > asked.expires_at + 5000) {
            delete waiting[id];
            node.send([null, {...found.msg, answer: {id, status: "no answer", final: true}}]);
        } else if (now > found.again && now < asked.expires_at) {
            found.again = now + 2000;
            node.send([{...request}, null]);
        }
    }
}, 250);
