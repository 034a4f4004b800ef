// One command for everything that bridges below this root serve.
return {verb: "suspend"};
