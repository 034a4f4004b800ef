// One command for everything that bridges below this root serve.
return {cycler: "all", verb: "suspend"};
