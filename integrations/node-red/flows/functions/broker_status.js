// Whether Node-RED itself has a connection to the broker.
return {topic: "broker", payload: msg.status.fill === "green"};
