// msg.command says what is wanted: cycler, channel (unless it is for the whole tester), verb, args.
// It gets what every command needs: an id of its own, a deadline, and our user name at the end of the topic.
const {cycler, channel, verb, args = {}, dry_run, seconds = 10} = msg.command;
const id = `${Date.now().toString(36)}-${RED.util.generateId()}`;
const expires_at = Date.now() + seconds * 1000;
const levels = [env.get("MACNET_ROOT") || "macnet", cycler, channel, "cmd", verb, env.get("MQTT_USERNAME")];
msg.request = {
    topic: levels.filter(level => level !== undefined && level !== "").join("/"),
    payload: JSON.stringify({id, args, expires_at, dry_run}),
    qos: 1,
    retain: false,
};
msg.asked = {id, expires_at, answers: [], from: msg.command.from || [""]};
return msg;
