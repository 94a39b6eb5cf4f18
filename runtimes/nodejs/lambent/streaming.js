'use strict';

// Handlers that write their response as a stream (`awslambda.streamifyResponse`).

const stream = require('stream');
const errors = require('./errors.js');
const handlers = require('./handler.js');
const log = require('./log.js');

const HEADERS = 'Lambda-Runtime-Function-Response-Mode: streaming\r\n' +
  'Trailer: Lambda-Runtime-Function-Error-Type, Lambda-Runtime-Function-Error-Body\r\n';

class ResponseStream extends stream.Writable {
  constructor(invocation, highWaterMark) {
    super(highWaterMark === undefined ? {} : { highWaterMark: highWaterMark });
    this.invocation = invocation;
    this.contentType = 'application/octet-stream';
    this.opened = false;
    this.ended = false;
    this.answered = new Promise((resolve) => { this.markAnswered = resolve; });
  }

  setContentType(contentType) {
    if (this.opened) { throw errors.make('InvalidStreamingOperation', 'Cannot set content-type, too late.'); }
    this.contentType = contentType;
  }

  // Objects are written as JSON.
  write(chunk, encoding, callback) {
    const bytes = typeof chunk === 'string' || chunk instanceof Uint8Array;
    return super.write(bytes ? chunk : JSON.stringify(chunk), encoding, callback);
  }

  open() {
    if (this.opened) { return; }
    this.opened = true;
    const headers = HEADERS + 'Content-Type: ' + errors.headerText(this.contentType) + '\r\n';
    this.invocation.client.open('invocation/' + this.invocation.id + '/response', headers);
    if (typeof this._onBeforeFirstWrite === 'function') {
      this._onBeforeFirstWrite((data) => this.invocation.client.chunk(Buffer.from(data), undefined));
    }
  }

  _write(chunk, encoding, callback) {
    this.open();
    if (chunk.length === 0) { return callback(); }
    return this.invocation.client.chunk(chunk, callback);
  }

  _final(callback) {
    this.close('');
    callback();
  }

  close(trailers) {
    if (this.ended) { return; }
    this.open();
    this.ended = true;
    this.invocation.client.endChunks(trailers, () => this.markAnswered());
  }

  // Ends the stream with an error in its trailers.
  fail(error) {
    log.uncaught('Invoke Error', error);
    const report = errors.describe(error);
    const body = Buffer.from(JSON.stringify(report)).toString('base64');
    this.close('Lambda-Runtime-Function-Error-Type: ' + errors.headerText(report.errorType) + '\r\n' +
      'Lambda-Runtime-Function-Error-Body: ' + body + '\r\n');
  }
}

function run(invocation, handler, body) {
  const response = new ResponseStream(invocation, handlers.highWaterMark(handler));
  const proceed = () => response.answered.then(() => {
    if (invocation.waitsForEmptyLoop) {
      invocation.onLoopEnd(invocation.next);
    } else {
      invocation.next();
    }
  });
  const failed = (error) => {
    response.fail(error);
    return proceed();
  };
  let result;
  try {
    const context = Object.assign({
      get callbackWaitsForEmptyEventLoop() { return invocation.waitsForEmptyLoop; },
      set callbackWaitsForEmptyEventLoop(value) { invocation.waitsForEmptyLoop = value; },
    }, invocation.context());
    result = handler(JSON.parse(body.toString('utf8')), response, context);
  } catch (error) {
    return failed(error);
  }
  if (!result || typeof result.then !== 'function') {
    return failed('Streaming does not support non-async handlers.');
  }
  // A loop that runs empty before the handler is done leaves the response unfinished.
  invocation.onLoopEnd(() => failed('Response stream is not finished.'));
  return result.then((value) => {
    if (value !== undefined) { console.warn('Streaming handlers ignore return values.'); }
    return response.writableEnded || response.ended ? proceed() : failed('Response stream is not finished.');
  }, failed);
}

module.exports = { run: run };
