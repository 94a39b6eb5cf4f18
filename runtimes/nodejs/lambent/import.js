'use strict';

// Versions of Node without ES modules cannot read this file.
module.exports = function (url) { return import(url); };
