'use strict';

// Waits for the function, where Node.js was started before it was known: its directory and its variables.

const fs = require('fs');

const LIMIT = 262144;

module.exports = function () {
  const number = process.env.LAMBENT_HANDOVER_FD;
  if (number === undefined) { return; }
  const buffer = Buffer.alloc(LIMIT);
  const length = fs.readSync(Number(number), buffer, 0, LIMIT, null);
  fs.closeSync(Number(number));
  if (length === 0) { process.exit(0); }
  const words = buffer.toString('utf8', 0, length).split('\0');
  Object.keys(process.env).forEach(function (name) { delete process.env[name]; });
  words.slice(1, -1).forEach(function (word) {
    const equals = word.indexOf('=');
    process.env[word.slice(0, equals)] = word.slice(equals + 1);
  });
  process.chdir(words[0]);
};
