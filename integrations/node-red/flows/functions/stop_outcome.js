// What each bridge says, and which of them said nothing.
const {answers, from} = msg.asked;
const silent = from.filter(name => !answers.some(answer => answer.from === name));
return {topic: "stopped", payload: {at: Date.now(), answers, silent}};
