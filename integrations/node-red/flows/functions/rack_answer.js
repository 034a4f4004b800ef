// The final acknowledgement as it is; the page shows its status, and its error where there is one.
const {cycler, channel, verb, payload} = msg;
return {topic: "answer", payload: {cycler, channel, verb, status: payload.status, error: payload.error}};
