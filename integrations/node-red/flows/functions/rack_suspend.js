// A stop needs no condition: it is sent at once.
const {cycler, channel} = msg.payload;
return {cycler, channel, verb: "suspend"};
