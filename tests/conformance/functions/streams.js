// Streams its answer in two pieces.
exports.handler = awslambda.streamifyResponse(async (event, stream) => {
  stream.write('Hello, ');
  stream.write('world!');
  stream.end();
});
