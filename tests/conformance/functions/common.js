// Does what its event asks for: fails, calls AWS, tells what it sees of itself, or returns the event.
const fs = require('fs');
const http = require('http');

// The names of the account's functions.
const listed = () => new Promise((resolve, reject) => {
  const { AWS_ACCESS_KEY_ID: key, AWS_REGION: region, AWS_ENDPOINT_URL: endpoint } = process.env;
  const credential = `AWS4-HMAC-SHA256 Credential=${key}/20260101/${region}/lambda/aws4_request`;
  const headers = { Authorization: `${credential}, SignedHeaders=host, Signature=${'0'.repeat(64)}` };
  http.get(endpoint + '/2015-03-31/functions', { headers }, (answer) => {
    const pieces = [];
    answer.on('data', (piece) => pieces.push(piece));
    answer.on('end', () => resolve(JSON.parse(Buffer.concat(pieces)).Functions.map((each) => each.FunctionName)));
  }).on('error', reject);
});

exports.handler = async (event, context) => {
  if (event === null || typeof event !== 'object' || !('common' in event)) {
    return event;
  }
  if (event.common === 'fail') {
    throw new Error('Error: ' + event.message);
  }
  if (event.common === 'call') {
    return { functions: await listed() };
  }
  return {
    ctx: {
      aws_request_id: context.awsRequestId,
      function_name: context.functionName,
      function_version: context.functionVersion,
      invoked_function_arn: context.invokedFunctionArn,
      log_group_name: context.logGroupName,
      log_stream_name: context.logStreamName,
      remaining_time_in_millis: context.getRemainingTimeInMillis(),
    },
    environment: Object.assign({}, process.env),
    packages: fs.readdirSync('/opt'),
  };
};
