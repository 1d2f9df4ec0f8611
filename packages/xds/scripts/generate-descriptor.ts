console.log("descriptor: not yet generated");
