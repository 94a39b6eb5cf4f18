'use strict';

// The console, as lines of text or of JSON that name the request.

const util = require('util');
const errors = require('./errors.js');

const LEVELS = ['TRACE', 'DEBUG', 'INFO', 'WARN', 'ERROR', 'FATAL'];
const REQUEST_ID = Symbol.for('aws.lambda.runtime.requestId');

let tenantId;

function asJson() {
  return (process.env.AWS_LAMBDA_LOG_FORMAT || '').toUpperCase() === 'JSON';
}

function errorFields(error, stack) {
  return {
    errorType: (error.constructor && error.constructor.name) || 'UnknownError',
    errorMessage: error.message,
    stackTrace: stack,
  };
}

function replaceErrors(key, value) {
  if (!(value instanceof Error)) { return value; }
  return Object.assign(errorFields(value, typeof value.stack === 'string' ? value.stack.split('\n') : value.stack), value);
}

function jsonLine(time, level, params) {
  const line = { timestamp: time, level: level, requestId: global[REQUEST_ID] };
  if (tenantId !== undefined) { line.tenantId = tenantId; }
  if (params.length === 1) {
    line.message = params[0];
    try {
      return JSON.stringify(line, replaceErrors);
    } catch (ignored) {
      line.message = util.format(params[0]);
      return JSON.stringify(line);
    }
  }
  line.message = util.format.apply(util, params);
  const error = params.find(function (param) { return param instanceof Error; });
  if (error !== undefined) {
    Object.assign(line, errorFields(error, typeof error.stack === 'string' ? error.stack.split('\n') : []));
  }
  return JSON.stringify(line);
}

function textLine(time, level, params) {
  return time + '\t' + global[REQUEST_ID] + '\t' + level + '\t' + util.format.apply(util, params);
}

// One write per call; carriage returns keep it one log event.
function write(level, params) {
  const time = new Date().toISOString();
  const line = asJson() ? jsonLine(time, level, params) : textLine(time, level, params);
  process.stdout.write(line.replace(/\n/g, '\r') + '\n');
}

function patchConsole() {
  const least = LEVELS.indexOf((process.env.AWS_LAMBDA_LOG_LEVEL || '').toUpperCase());
  LEVELS.forEach(function (level, rank) {
    const silent = rank < least && level !== 'FATAL';
    console[level.toLowerCase()] = silent ? function () {} : function (message) {
      write(level, arguments.length === 0 ? [message] : Array.prototype.slice.call(arguments));
    };
  });
  console.log = console.info;
}

function beginRequest(requestId, tenant) {
  global[REQUEST_ID] = requestId;
  tenantId = tenant;
}

function endRequest() {
  delete global[REQUEST_ID];
  tenantId = undefined;
}

// What helps where an error is for the AWS SDK that is not installed: version 2 came with Node.js up to 16, version 3 since 18.
function helpWithSdk(message) {
  const name = (/Cannot find (?:module|package) '(aws-sdk|@aws-sdk\/[^']+)/.exec(message) || [])[1];
  const runtime = (process.env.AWS_EXECUTION_ENV || '').split('_').pop();
  const version = Number((/\d+/.exec(runtime) || [0])[0]);
  if (name === undefined || (name === 'aws-sdk') !== (version < 18)) { return; }
  process.stdout.write("[LAMBENT] AWS's " + runtime + ' brings ' + name.split('/').slice(0, 2).join('/') + ' along. Here `lambent runtimes install ' +
    runtime + ' --with-sdk` installs the AWS SDK, with the clients that are used most, and the server finds it when it is started again. ' +
    "One in the function's package or in a layer works as well.\n");
}

// An error that ended an invocation or the process.
function uncaught(title, error) {
  report(title, error);
  if (error && error.message) { helpWithSdk(String(error.message)); }
}

function report(title, error) {
  const known = error instanceof Error ? error : new Error(error);
  if (asJson()) {
    console.error(known);
  } else {
    console.error(title, errors.formatted(known));
  }
}

module.exports = { patchConsole: patchConsole, beginRequest: beginRequest, endRequest: endRequest, uncaught: uncaught };
