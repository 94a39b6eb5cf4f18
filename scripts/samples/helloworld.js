exports.myHandler = function (event, context, callback) {
    console.log("value1 =", event.key1);
    console.log("remaining time =", context.getRemainingTimeInMillis());
    callback(null, "Hello from Node.js " + process.versions.node + ", " + event.key1 + "!");
};
