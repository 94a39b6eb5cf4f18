// Returns its context.
exports.handler = async (event, context) => ({ context });
