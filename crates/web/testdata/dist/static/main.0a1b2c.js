console.log("front end");
