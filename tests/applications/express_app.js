'use strict';

// An Express application behind serverless-http.

const express = require('express');
const serverless = require('serverless-http');

const app = express();
app.use(express.json());

app.get('/items/:number', (request, response) => {
  if (request.params.number === '404') { return response.status(404).json({ message: 'no such item' }); }
  return response.json({ number: Number(request.params.number), q: request.query.q ?? null });
});
app.post('/items', (request, response) => response.status(201).set('X-Made', 'yes').json({ name: request.body.name.toUpperCase() }));
app.get('/cookies', (request, response) => response.cookie('first', '1').cookie('second', '2').send(request.headers.cookie));
app.get('/image', (request, response) => response.type('image/png').send(Buffer.from(Array.from({ length: 256 }, (_, byte) => byte))));
app.get('/scope', (request, response) => {
  response.json({ request: request.lambda.context.awsRequestId, function: request.lambda.context.functionName });
});
app.get('/fails', () => { throw new Error('as asked'); });

exports.handler = serverless(app, { binary: ['image/*'], request(request, event, context) { request.lambda = { event, context }; } });
