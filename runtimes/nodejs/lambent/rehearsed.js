'use strict';

// The function of the rehearsal.

exports.handler = function (event) { return Promise.resolve(event); };
