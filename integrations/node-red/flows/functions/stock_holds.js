// States and statuses are retained: they hold only while the bridge that wrote them is online with the same
// session. This adds payload.stale and payload.stale_reason, and sends all again when a bridge comes or goes.
const known = context.get("known") || {connected: true, bridges: {}, retained: {}};
context.set("known", known);
const doubt = ({bridge, session, quality}) => {
    const status = known.bridges[bridge];
    if (!known.connected) return "no connection to the broker";
    if (status?.state !== "online") return `bridge ${bridge} is offline`;
    if (status.session !== session) return `from an earlier session of bridge ${bridge}`;
    return quality === "stale" ? "the tester does not answer" : null;
};
const judged = ({kind, cycler, channel, payload}) => {
    const stale_reason = payload ? doubt(payload) : "it is not served any more";
    return {kind, cycler, channel, payload: {state: null, ...payload, stale: stale_reason !== null, stale_reason}};
};
if (msg.kind === "connection") known.connected = msg.payload;
if (msg.kind === "bridge") known.bridges[msg.bridge] = msg.payload;
if (msg.kind === "connection" || msg.kind === "bridge") {
    global.set("macnet_bridges", known.bridges);
    return [Object.values(known.retained).map(judged)];
}
if (msg.kind !== "state" && msg.kind !== "status") return msg;
known.retained[`${msg.cycler}/${msg.channel}`] = msg;
const statuses = Object.values(known.retained).filter(({kind, payload}) => kind === "status" && payload);
global.set("macnet_serving", statuses.map(({payload}) => payload.bridge));
return judged(msg);
