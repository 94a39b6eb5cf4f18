'use strict';

// Runs Node.js functions. It is written in the language of Node 4, so that one text serves every version up to today's; what needs newer
// syntax is in files of its own, loaded where it exists.

const log = require('./lambent/log.js');
const Client = require('./lambent/client.js');
const errors = require('./lambent/errors.js');
const handlers = require('./lambent/handler.js');
const Invocation = require('./lambent/invocation.js');
const handover = require('./lambent/handover.js');

const runtime = Number((/nodejs(\d+)/.exec(process.env.AWS_EXECUTION_ENV || '') || [0, 99])[1]);

// The way to the Runtime API, the invocation that is being worked on, and what is to be done once nothing is left to do in the event
// loop.
let client = null;
let current = null;
let atLoopEnd = null;

function fatal(title, error, status) {
  log.uncaught(title, error);
  atLoopEnd = null;
  const body = errors.document(error);
  const exit = function () { process.exit(status); };
  if (current !== null) {
    client.postNow('invocation/' + current.id + '/error', '', body, exit);
  } else if (client.initialised) {
    exit();
  } else {
    const type = JSON.parse(body).errorType;
    client.postNow('init/error', 'Lambda-Runtime-Function-Error-Type: ' + errors.headerText(type) + '\r\n', body, exit);
  }
}

function start(handler) {
  const streaming = handlers.isStreaming(handler);
  if (runtime >= 24 && handler.length >= 3 && !streaming) {
    throw errors.make('CallbackHandlerDeprecated',
      'ERROR: AWS Lambda has removed support for callback-based function handlers starting with Node.js 24. You need to modify ' +
      'this function to use a supported handler signature to use Node.js 24 or later. For more information see ' +
      'https://docs.aws.amazon.com/lambda/latest/dg/nodejs-handler.html.');
  }
  const onLoopEnd = function (action) { atLoopEnd = action; };
  const next = function () {
    current = null;
    atLoopEnd = null;
    client.next(function (headers, body) {
      current = new Invocation(client, headers, runtime, onLoopEnd, next);
      if (streaming) {
        require('./lambent/streaming.js').run(current, handler, body);
      } else {
        current.run(handler, body);
      }
    });
  };
  next();
}

function main() {
  client = new Client(process.env.AWS_LAMBDA_RUNTIME_API);
  log.patchConsole();
  // Reading the file costs a start of Node dearly, so these runtimes show the variable only from here on.
  if (runtime === 16 || runtime === 18) {
    process.env.NODE_EXTRA_CA_CERTS = process.env.NODE_EXTRA_CA_CERTS || '/var/runtime/ca-cert.pem';
  }
  process.on('uncaughtException', function (error) { fatal('Uncaught Exception', error, 129); });
  process.on('unhandledRejection', function (reason, promise) {
    const error = errors.make('UnhandledPromiseRejection', reason);
    error.reason = reason;
    error.promise = promise;
    fatal('Unhandled Promise Rejection', error, 128);
  });
  process.on('beforeExit', function () {
    const action = atLoopEnd;
    atLoopEnd = null;
    if (action !== null) { action(); }
  });
  const failed = function (error) { fatal('Uncaught Exception', error, 129); };
  handlers.load(process.env.LAMBDA_TASK_ROOT || '/var/task', process.env._HANDLER || '', function (error, handler) {
    if (error !== null) { return failed(error); }
    try {
      start(handler);
    } catch (thrown) {
      failed(thrown);
    }
  });
}

if (handover.isAhead()) {
  require('./lambent/rehearsal.js')(runtime, function () {
    handover.take();
    main();
  });
} else {
  main();
}
