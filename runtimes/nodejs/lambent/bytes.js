'use strict';

// Buffers, also in Node 4, whose `Buffer.from` is another function.

const modern = typeof Buffer.alloc === 'function';

function of(text) {
  return modern ? Buffer.from(text) : new Buffer(String(text));
}

// As many zeros.
function zeros(length) {
  if (modern) { return Buffer.alloc(length); }
  const buffer = new Buffer(length);
  buffer.fill(0);
  return buffer;
}

module.exports = { of: of, zeros: zeros };
