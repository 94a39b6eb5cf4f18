'use strict';

// One whole invocation before there is a function: what Node.js compiles and sets up at first use costs the first real one nothing.
//
// It runs against a server of its own, and leaves nothing behind that a function could see.

const net = require('net');
const path = require('path');
const Client = require('./client.js');
const Invocation = require('./invocation.js');
const handlers = require('./handler.js');
const log = require('./log.js');

const ROOT = path.dirname(__dirname);
const EVENT = '{"key":"value"}';
const ANSWER = 'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nLambda-Runtime-Aws-Request-Id: rehearsal\r\n' +
  'Lambda-Runtime-Deadline-Ms: 0\r\nLambda-Runtime-Invoked-Function-Arn: rehearsal\r\nContent-Length: ' + EVENT.length + '\r\n\r\n' + EVENT;

// `done()` when it is over, however it went.
module.exports = function (runtime, done) {
  const server = net.createServer(function (socket) {
    socket.on('data', function (data) {
      if (data.indexOf('/next') >= 0 && data.indexOf('/response') < 0) { return socket.write(ANSWER); }
      socket.destroy();
      return server.close(function () {
        forget();
        done();
      });
    });
  });
  server.listen(0, '127.0.0.1', function () {
    const client = new Client('127.0.0.1:' + server.address().port);
    // Its end is part of the plan.
    client.reconnect = function () {};
    handlers.load(ROOT, 'lambent/rehearsed.handler', function (error, handler) {
      const next = function () { client.next(perform); };
      const perform = function (headers, body) {
        new Invocation(client, headers, runtime, function () {}, next).run(handler, body);
      };
      next();
    });
  });
};

function forget() {
  delete require.cache[require.resolve('./rehearsed.js')];
  delete global.awslambda;
  log.endRequest();
}
