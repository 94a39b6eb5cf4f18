// Does what its event asks for: fails, tells what it sees of itself, or returns the event.
const fs = require('fs');

exports.handler = async (event, context) => {
  if (event === null || typeof event !== 'object' || !('common' in event)) {
    return event;
  }
  if (event.common === 'fail') {
    throw new Error('Error: ' + event.message);
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
