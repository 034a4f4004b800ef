// A stop needs no condition: it is sent at once.
const {cycler, channel} = msg.payload;
msg.command = {cycler, channel, verb: "suspend"};
return msg;
