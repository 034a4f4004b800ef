// msg says what is wanted: cycler, channel, verb, args, dry_run, expires_in (s). It gets what every command
// needs: an id of its own, a deadline, and our user name at the end of the topic. Output 2: it makes no sense.
const {cycler, channel, verb, args = {}, dry_run, expires_in = 10} = msg;
const isCycler = typeof cycler === "string" && /^[a-z0-9][a-z0-9_-]*$/.test(cycler);
const isChannel = channel === undefined || (Number.isInteger(channel) && channel > 0);
if (!isCycler || !isChannel) {
    const error = {code: "BAD_ARGS", message: `not sent: there is no ${cycler}/${channel}`};
    return [null, {...msg, payload: {status: "rejected", final: true, error}}];
}
const id = `${Date.now().toString(36)}-${RED.util.generateId()}`;
const expires_at = Date.now() + expires_in * 1000;
const levels = [env.get("MACNET_ROOT"), cycler, channel, "cmd", verb, env.get("MQTT_USERNAME")];
msg.request = {
    topic: levels.filter(level => level !== undefined && level !== "").join("/"),
    payload: JSON.stringify({id, args, expires_at, dry_run}),
    qos: 1,
    retain: false,
};
msg.asked = {id, expires_at, bridges: {}, cycler};
return [msg, null];
