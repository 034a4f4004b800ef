// The final acknowledgement as it is; the page shows its status, and its error where there is one.
const {cycler, channel, verb} = msg.command;
return {topic: "answer", payload: {cycler, channel, verb, ...msg.answer}};
