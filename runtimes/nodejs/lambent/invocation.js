'use strict';

// One invocation: its context object, and how it comes to its one answer.

const errors = require('./errors.js');
const log = require('./log.js');

class Invocation {
  // `onLoopEnd(action)` has the action done when nothing is left in the event loop; `next()` asks for the next invocation.
  constructor(client, headers, runtime, onLoopEnd, next) {
    this.client = client;
    this.headers = headers;
    this.id = headers['lambda-runtime-aws-request-id'];
    this.tenantId = headers['lambda-runtime-aws-tenant-id'];
    this.callbacks = runtime < 24;
    this.waitsForEmptyLoop = true;
    this.settled = false;
    this.onLoopEnd = onLoopEnd;
    this.next = next;
    log.beginRequest(this.id, this.tenantId);
    const trace = headers['lambda-runtime-trace-id'];
    if (trace) {
      process.env._X_AMZN_TRACE_ID = trace;
    } else {
      delete process.env._X_AMZN_TRACE_ID;
    }
  }

  // Calls the handler. A result is awaited in every way a handler may give it.
  run(handler, body) {
    const that = this;
    const isAsync = handler.constructor && handler.constructor.name === 'AsyncFunction';
    this.onLoopEnd(function () { that.loopEnded(isAsync); });
    const succeed = this.once(function (result) { that.respond(result); });
    const fail = this.once(function (error) { that.fail(error === undefined || error === null ? 'handled' : error); });
    let result;
    try {
      const event = JSON.parse(body.toString('utf8'));
      result = this.callbacks ? handler(event, this.callbackContext(succeed, fail), this.callback()) : handler(event, this.context());
    } catch (error) {
      return fail(error);
    }
    if (result && typeof result.then === 'function') {
      result.then(succeed, fail);
    } else if (!this.callbacks) {
      succeed(result);
    }
  }

  // Only the first of all ways to answer counts.
  once(action) {
    const that = this;
    return function (value) {
      if (that.settled) { return; }
      that.settled = true;
      that.onLoopEnd(null);
      action(value);
    };
  }

  callback() {
    const that = this;
    return function (error, result) {
      that.once(function () {
        if (error !== undefined && error !== null) {
          that.fail(error);
        } else if (that.waitsForEmptyLoop) {
          that.onLoopEnd(function () { that.respond(result); });
        } else {
          that.respond(result);
        }
      })();
    };
  }

  // The loop is empty and nobody has answered: an async handler can do so no more.
  loopEnded(isAsync) {
    this.settled = true;
    if (!isAsync) { return this.respond(null); }
    const message = 'The Lambda runtime client detected an unexpected Node.js exit code. This is most commonly caused by a Promise that ' +
      'was never settled. For more information, see https://nodejs.org/docs/latest/api/process.html#exit-codes';
    return this.fail(errors.make('NodeJsExit', message));
  }

  respond(result) {
    let body;
    try {
      body = JSON.stringify(result === undefined ? null : result) || 'null';
    } catch (ignored) {
      return this.fail(new Error('Unable to stringify response body'));
    }
    return this.answer('response', body);
  }

  fail(error) {
    log.uncaught('Invoke Error', error);
    return this.answer('error', errors.document(error));
  }

  answer(kind, body) {
    this.client.post('invocation/' + this.id + '/' + kind, 'Content-Type: application/json\r\n', body);
    this.next();
  }

  context() {
    const headers = this.headers;
    const environment = process.env;
    return {
      functionVersion: environment.AWS_LAMBDA_FUNCTION_VERSION,
      functionName: environment.AWS_LAMBDA_FUNCTION_NAME,
      memoryLimitInMB: environment.AWS_LAMBDA_FUNCTION_MEMORY_SIZE,
      logGroupName: environment.AWS_LAMBDA_LOG_GROUP_NAME,
      logStreamName: environment.AWS_LAMBDA_LOG_STREAM_NAME,
      clientContext: parse(headers['lambda-runtime-client-context'], 'ClientContext'),
      identity: parse(headers['lambda-runtime-cognito-identity'], 'CognitoIdentity'),
      invokedFunctionArn: headers['lambda-runtime-invoked-function-arn'],
      awsRequestId: this.id,
      tenantId: this.tenantId,
      getRemainingTimeInMillis: function () { return headers['lambda-runtime-deadline-ms'] - Date.now(); },
    };
  }

  callbackContext(succeed, fail) {
    const that = this;
    // The accessors come first and on the object itself: assigning from them would copy the value of the moment.
    return Object.assign({
      get callbackWaitsForEmptyEventLoop() { return that.waitsForEmptyLoop; },
      set callbackWaitsForEmptyEventLoop(value) { that.waitsForEmptyLoop = value; },
      succeed: succeed,
      fail: fail,
      done: function (error, result) { return error !== undefined && error !== null ? fail(error) : succeed(result); },
    }, this.context());
  }
}

function parse(text, name) {
  if (text === undefined) { return undefined; }
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new Error('Cannot parse ' + name + ' as json: ' + error.toString());
  }
}

module.exports = Invocation;
