// Prints and returns what it is given.
exports.handler = async (event) => {
  console.log(JSON.stringify(event));
  return event;
};
