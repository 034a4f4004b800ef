// Every two seconds: testers of whom no sweep came for three, so that the page shows how old its values are.
const testers = global.get("macnet_testers") || {};
const silent = Object.keys(testers).filter(name => !(Date.now() - testers[name].sweptAt < 3000));
return [silent.map(name => ({payload: name}))];
