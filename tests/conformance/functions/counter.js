// Counts its invocations.
let counter = 0;
exports.handler = async () => ({ counter: counter++ });
