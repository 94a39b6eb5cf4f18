'use strict';

// Finds the function that is to be called.

const fs = require('fs');
const path = require('path');
const bytes = require('./bytes.js');
const errors = require('./errors.js');

const STREAMING = Symbol.for('aws.lambda.runtime.handler.streaming');
const HIGH_WATER_MARK = Symbol.for('aws.lambda.runtime.handler.streaming.highWaterMark');

// `done(error, handler)`, `error` null when it was found.
function load(root, name, done) {
  let file;
  let property;
  try {
    if (name.indexOf('..') >= 0) {
      throw errors.make('MalformedHandlerName', "'" + name +
        "' is not a valid handler name. Use absolute paths when specifying root directories in handler names.");
    }
    const base = path.basename(name);
    const dot = base.indexOf('.');
    if (dot < 0) { throw errors.make('MalformedHandlerName', 'Bad handler'); }
    file = path.join(name.slice(0, name.indexOf(base)), base.slice(0, dot));
    property = base.slice(dot + 1);
    provideGlobals();
  } catch (error) {
    return done(error, null);
  }
  loadModule(root, file, function (error, loaded) {
    if (error !== null) { return done(explain(error), null); }
    const handler = property.split('.').reduce(function (object, key) { return object && object[key]; }, loaded);
    if (!handler) { return done(errors.make('HandlerNotFound', name + ' is undefined or not exported'), null); }
    if (typeof handler !== 'function') { return done(errors.make('HandlerNotFound', name + ' is not a function'), null); }
    return done(null, handler);
  });
}

function explain(error) {
  if (error instanceof SyntaxError) { return errors.make('UserCodeSyntaxError', error); }
  if (error && error.code === 'MODULE_NOT_FOUND') { return errors.make('ImportModuleError', error); }
  return error;
}

function loadModule(root, file, done) {
  const base = path.resolve(root, file);
  const isModule = isModuleFolder(path.dirname(base));
  const typescript = Number(process.versions.node.split('.')[0]) >= 24 ? ['.ts', '.mts', '.cts'] : [];
  const extension = ['', '.js', '.mjs', '.cjs'].concat(typescript).find(function (each) { return isFile(base + each); });
  const found = extension === undefined ? null : base + extension;
  const asModule = extension === '.mjs' || extension === '.mts' || (isModule && (extension === '.js' || extension === '.ts'));
  if (found !== null && asModule) {
    require('./packages.js').provide();
    const url = require('url').pathToFileURL(found).href;
    require('./import.js')(url).then(function (loaded) { done(null, loaded); }, done);
    return;
  }
  let loaded;
  try {
    // `require` alone would look beside this file.
    loaded = require(found !== null ? found : require.resolve(file, { paths: [root, path.dirname(base)] }));
  } catch (error) {
    return done(error, null);
  }
  return done(null, loaded);
}

function isFile(name) {
  try {
    return fs.statSync(name).isFile();
  } catch (ignored) {
    return false;
  }
}

// Whether the nearest package.json says that .js files are ES modules.
function isModuleFolder(folder) {
  if (path.basename(folder) === 'node_modules') { return false; }
  const file = path.join(folder, 'package.json');
  if (isFile(file)) {
    try {
      return JSON.parse(fs.readFileSync(file, 'utf8')).type === 'module';
    } catch (error) {
      console.warn(file + ' cannot be read, it will be ignored for ES module detection purposes.', error);
      return false;
    }
  }
  const parent = path.dirname(folder);
  return parent === folder ? false : isModuleFolder(parent);
}

function provideGlobals() {
  const refused = process.env.AWS_LAMBDA_NODEJS_NO_GLOBAL_AWSLAMBDA;
  if (refused === '1' || refused === 'true') { return; }
  global.awslambda = {
    streamifyResponse: function (handler, options) {
      handler[STREAMING] = 'response';
      if (options && typeof options.highWaterMark === 'number') { handler[HIGH_WATER_MARK] = options.highWaterMark; }
      return handler;
    },
    HttpResponseStream: class HttpResponseStream {
      static from(stream, prelude) {
        stream.setContentType('application/vnd.awslambda.http-integration-response');
        const text = JSON.stringify(prelude);
        stream._onBeforeFirstWrite = function (write) {
          write(text);
          write(bytes.zeros(8));
        };
        return stream;
      }
    },
  };
}

function isStreaming(handler) {
  return handler[STREAMING] === 'response';
}

function highWaterMark(handler) {
  return handler[HIGH_WATER_MARK];
}

module.exports = { load: load, isStreaming: isStreaming, highWaterMark: highWaterMark };
