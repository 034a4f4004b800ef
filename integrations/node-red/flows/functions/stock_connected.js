// Whether Node-RED itself has a connection to the broker.
return {kind: "connection", payload: msg.status.fill === "green"};
