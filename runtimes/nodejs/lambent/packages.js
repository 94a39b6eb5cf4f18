'use strict';

// ES modules find packages in layers and in the AWS SDK as CommonJS modules do: in the folders of NODE_PATH, after those of the function.
// https://docs.aws.amazon.com/lambda/latest/dg/nodejs-handler.html

const fs = require('fs');
const path = require('path');
const url = require('url');

// Where the folders' own look-up begins: beside each of them.
function starts() {
  const folders = (process.env.NODE_PATH || '').split(':').filter(function (folder) {
    return path.basename(folder) === 'node_modules' && isFilled(folder);
  });
  return folders.map(function (folder) { return url.pathToFileURL(path.join(path.dirname(folder), 'x.mjs')).href; });
}

function isFilled(folder) {
  try {
    return fs.readdirSync(folder).length !== 0;
  } catch (ignored) {
    return false;
  }
}

// Functions without such folders pay nothing, and Node.js before 18 had no such thing at AWS.
function provide() {
  const module = require('module');
  if (typeof module.register !== 'function') { return; }
  const places = starts();
  if (places.length === 0) { return; }
  if (typeof module.registerHooks === 'function') {
    module.registerHooks({ resolve: function (name, context, next) { return look(places, name, context, next); } });
  } else {
    module.register(url.pathToFileURL(path.join(__dirname, 'packages.mjs')).href, { data: places });
  }
}

function isMissing(name, error) {
  return error && (error.code === 'ERR_MODULE_NOT_FOUND' || error.code === 'MODULE_NOT_FOUND') && !/^[./]|^[a-z]+:/.test(name);
}

function look(places, name, context, next) {
  try {
    return next(name, context);
  } catch (error) {
    if (!isMissing(name, error)) { throw error; }
    for (const place of places) {
      try {
        return next(name, Object.assign({}, context, { parentURL: place }));
      } catch (again) {
        if (!isMissing(name, again)) { throw again; }
      }
    }
    throw error;
  }
}

module.exports = { provide: provide, isMissing: isMissing };
