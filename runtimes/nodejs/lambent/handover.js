'use strict';

// Waits for the function, where Node.js was started before it was known: its directory and its variables.

const fs = require('fs');
const bytes = require('./bytes.js');

const LIMIT = 262144;

function isAhead() {
  return process.env.LAMBENT_HANDOVER_FD !== undefined;
}

function take() {
  const number = process.env.LAMBENT_HANDOVER_FD;
  const buffer = bytes.zeros(LIMIT);
  const length = fs.readSync(Number(number), buffer, 0, LIMIT, null);
  fs.closeSync(Number(number));
  if (length === 0) { process.exit(0); }
  const words = buffer.toString('utf8', 0, length).split('\0');
  const wanted = Object.create(null);
  words.slice(1, -1).forEach(function (word) {
    const equals = word.indexOf('=');
    wanted[word.slice(0, equals)] = word.slice(equals + 1);
  });
  // Only what differs: without TZ, for a moment, Node.js would look through all time zones.
  Object.keys(process.env).forEach(function (name) {
    if (!(name in wanted)) { delete process.env[name]; }
  });
  Object.keys(wanted).forEach(function (name) {
    if (process.env[name] !== wanted[name]) { process.env[name] = wanted[name]; }
  });
  process.chdir(words[0]);
}

module.exports = { isAhead: isAhead, take: take };
