'use strict';

// Errors of the runtime itself, and the documents that report errors.

const util = require('util');

// An error whose name is `Runtime.<kind>`. As in AWS, the name is the class's, so that it is no property of the error.
function make(kind, message) {
  const type = class extends Error {};
  Object.defineProperty(type, 'name', { value: kind });
  type.prototype.name = 'Runtime.' + kind;
  return new type(message);
}

function isError(value) {
  const native = util.types && util.types.isNativeError ? util.types.isNativeError(value) : value instanceof Error;
  return native || Boolean(value && typeof value.name === 'string' && value.name && typeof value.message === 'string' &&
    value.message && typeof value.stack === 'string' && value.stack);
}

function describe(error) {
  try {
    if (isError(error)) {
      return { errorType: error.name, errorMessage: error.message, trace: error.stack.split('\n') };
    }
    return { errorType: typeof error, errorMessage: error.toString(), trace: [] };
  } catch (ignored) {
    return {
      errorType: 'handled',
      errorMessage: 'callback called with Error argument, but there was a problem while retrieving one or more of its message, ' +
        'name, and stack',
    };
  }
}

// What the caller gets.
function document(error) {
  return JSON.stringify(describe(error));
}

// What the log gets: the error's own properties too. It starts with a tab, as AWS's does.
function formatted(error) {
  try {
    return '\t' + JSON.stringify(error, function (key, value) {
      if (!(value instanceof Error)) { return value; }
      const shown = Object.assign({ errorType: value.name, errorMessage: value.message, code: value.code }, value);
      if (typeof value.stack === 'string') { shown.stack = value.stack.split('\n'); }
      return shown;
    });
  } catch (ignored) {
    return '\t' + document(error);
  }
}

// A text that can be a header's value.
function headerText(text) {
  return String(text).replace(/[^\x20-\x7e]/g, '?');
}

module.exports = { make: make, document: document, describe: describe, formatted: formatted, headerText: headerText };
