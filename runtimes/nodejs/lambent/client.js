'use strict';

// Speaks the Runtime API over one raw keep-alive connection. An answer is sent together with the request for the next invocation.
//
// The socket keeps the event loop alive only while the API owes something: a handler whose loop runs empty is noticed by that.

const net = require('net');
const bytes = require('./bytes.js');

const NEXT = 'GET /2018-06-01/runtime/invocation/next HTTP/1.1\r\nHost: lambda\r\n\r\n';
const HEAD_END = bytes.of('\r\n\r\n');
const JOIN_LIMIT = 65536;

class Client {
  constructor(address) {
    const colon = address.lastIndexOf(':');
    this.host = address.slice(0, colon);
    this.port = Number(address.slice(colon + 1));
    this.initialised = false;
    this.socket = null;
    this.waiting = [];
    this.kept = [];
    this.received = [];
    this.missing = 0;
  }

  // Asks for the next invocation: `done(headers, body)`.
  next(done) {
    this.initialised = true;
    const kept = this.kept;
    this.kept = [];
    if (kept.length !== 0) { this.waiting.push(ignore); }
    this.waiting.push(done);
    this.send(kept.concat(NEXT));
  }

  // Keeps a post to be sent with the next `next`.
  post(path, headers, body) {
    this.kept = [head(path, headers + 'Content-Length: ' + Buffer.byteLength(body) + '\r\n'), body];
  }

  // Posts at once: `done()` when it has been answered.
  postNow(path, headers, body, done) {
    this.waiting.push(done);
    this.send([head(path, headers + 'Content-Length: ' + Buffer.byteLength(body) + '\r\n'), body]);
  }

  // Opens a post whose body is sent in pieces with `chunk` and closed with `endChunks`.
  open(path, headers) {
    this.send([head(path, headers + 'Transfer-Encoding: chunked\r\n')]);
  }

  chunk(data, done) {
    this.socket.write(Buffer.concat([bytes.of(data.length.toString(16) + '\r\n'), data, bytes.of('\r\n')]), done);
  }

  endChunks(trailers, done) {
    this.waiting.push(done);
    this.send(['0\r\n' + trailers + '\r\n']);
  }

  send(parts) {
    if (this.socket === null) { this.connect(); }
    this.socket.ref();
    let length = 0;
    let text = true;
    parts.forEach(function (part) {
      length += part.length;
      text = text && typeof part === 'string';
    });
    if (text && length < JOIN_LIMIT) {
      this.socket.write(parts.join(''));
      return;
    }
    this.socket.cork();
    parts.forEach(function (part) { this.socket.write(part); }, this);
    this.socket.uncork();
  }

  connect() {
    const that = this;
    const socket = net.connect({ host: this.host, port: this.port });
    this.socket = socket;
    this.received = [];
    this.missing = 0;
    socket.setNoDelay(true);
    socket.on('data', function (data) { that.receive(data); });
    socket.on('error', ignore);
    socket.on('close', function () { that.reconnect(socket); });
  }

  // A refused answer may cost the connection; whoever waits for an invocation asks again.
  reconnect(socket) {
    if (socket !== this.socket) { return; }
    this.socket = null;
    const waiting = this.waiting;
    this.waiting = [];
    const last = waiting.pop();
    if (last === undefined) { return; }
    if (!this.initialised || socket.bytesRead === 0) { process.exit(1); }
    waiting.concat(last).forEach(function (done) { if (done.length === 0) { done(); } });
    if (last.length !== 0) { this.next(last); }
  }

  receive(data) {
    this.received.push(data);
    if (data.length < this.missing) {
      this.missing -= data.length;
      return;
    }
    let all = this.received.length === 1 ? data : Buffer.concat(this.received);
    this.received = [];
    this.missing = 0;
    while (all.length !== 0) {
      const end = all.indexOf(HEAD_END);
      if (end < 0) { break; }
      const headers = parse(all.toString('utf8', 0, end));
      const bodyEnd = end + 4 + Number(headers['content-length'] || 0);
      if (all.length < bodyEnd) {
        this.missing = bodyEnd - all.length;
        break;
      }
      const body = all.slice(end + 4, bodyEnd);
      all = all.slice(bodyEnd);
      const done = this.waiting.shift();
      if (this.waiting.length === 0) { this.socket.unref(); }
      if (done !== undefined) { done(headers, body); }
    }
    if (all.length !== 0) { this.received.unshift(all); }
  }
}

function ignore() {}

function head(path, headers) {
  return 'POST /2018-06-01/runtime/' + path + ' HTTP/1.1\r\nHost: lambda\r\n' + headers + '\r\n';
}

function parse(text) {
  const headers = {};
  text.split('\r\n').forEach(function (line) {
    const colon = line.indexOf(':');
    headers[line.slice(0, colon).toLowerCase()] = line.slice(colon + 1).trim();
  });
  return headers;
}

module.exports = Client;
