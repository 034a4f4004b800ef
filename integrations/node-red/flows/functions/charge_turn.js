// Four times a second, while a charge runs and the turn before is over: read the channel first.
const loop = flow.get("loop");
if (!loop || loop.busy) return null;
loop.busy = true;
return [{cycler: loop.cycler, channel: loop.channel, verb: "read_status", expires_in: loop.valid_for_s}, null];
