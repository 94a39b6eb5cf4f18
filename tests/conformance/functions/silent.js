// Returns nothing.
exports.handler = async () => {};
