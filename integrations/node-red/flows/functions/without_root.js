// "macnet/lab1/5/telemetry/state" becomes "lab1/5/telemetry/state".
msg.topic = msg.topic.slice((env.get("MACNET_ROOT") || "macnet").length + 1);
return msg;
