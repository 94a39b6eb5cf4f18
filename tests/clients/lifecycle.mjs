// One life of a function, as today's SDK or that of 2018 lives it. Prints what it saw as one JSON object.
//
//   node lifecycle.mjs (v3|v2) ENDPOINT NAME ZIP OTHER_ZIP LAYER_ZIP

import { createRequire } from 'node:module';
import { readFileSync } from 'node:fs';

const [sdk, endpoint, name, ...zips] = process.argv.slice(2);
const [code, other, layerCode] = zips.map((path) => readFileSync(path));
const require = createRequire(import.meta.url);

// Either SDK as a function of an operation's name and input.
function today() {
  const lambda = require('@aws-sdk/client-lambda');
  const credentials = { accessKeyId: 'test', secretAccessKey: 'secret' };
  const client = new lambda.Lambda({ endpoint, region: 'us-east-1', credentials, maxAttempts: 1 });
  return (operation, input) => client[operation](input);
}

function of2018() {
  const { Lambda } = require('aws-sdk');
  const client = new Lambda({
    endpoint, region: 'us-east-1', accessKeyId: 'test', secretAccessKey: 'secret', maxRetries: 0,
  });
  return (operation, input) => client[operation](input).promise();
}

const call = sdk === 'v3' ? today() : of2018();
const has = async (operation, input) => call(operation, input).then(() => true, (error) => {
  if ((error.name || error.code) === 'ResourceNotFoundException' || error.code === 'ResourceNotFoundException') return false;
  throw error;
});

async function settled() {
  for (;;) {
    const { State, LastUpdateStatus } = await call('getFunctionConfiguration', { FunctionName: name });
    // The SDK of 2018 knows neither and need not wait.
    if (State !== 'Pending' && LastUpdateStatus !== 'InProgress') return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

async function invoke(Qualifier) {
  const answer = await call('invoke', { FunctionName: name, Qualifier, Payload: '{"n":1}' });
  return { payload: Buffer.from(answer.Payload).toString(), version: answer.ExecutedVersion, status: answer.StatusCode };
}

const saw = {};
const role = 'arn:aws:iam::000000000000:role/r';
const created = await call('createFunction', {
  FunctionName: name, Runtime: 'nodejs20.x', Role: role, Handler: 'index.handler', Code: { ZipFile: code },
});
saw.created = created.FunctionArn;
await settled();
saw.first = await invoke();
await call('updateFunctionCode', { FunctionName: name, ZipFile: other });
await settled();
await call('updateFunctionConfiguration', { FunctionName: name, Timeout: 7, Environment: { Variables: { MODE: 'set' } } });
await settled();
saw.second = await invoke();
saw.published = (await call('publishVersion', { FunctionName: name })).Version;
await call('createAlias', { FunctionName: name, Name: 'live', FunctionVersion: saw.published });
saw.throughAlias = await invoke('live');
await call('addPermission', {
  FunctionName: name, StatementId: 's1', Action: 'lambda:InvokeFunction', Principal: 's3.amazonaws.com',
});
saw.statements = JSON.parse((await call('getPolicy', { FunctionName: name })).Policy).Statement.map(({ Sid }) => Sid);
// Layers came two months after the SDK of 2018.
if (sdk === 'v3') {
  const layer = await call('publishLayerVersion', { LayerName: `${name}-layer`, Content: { ZipFile: layerCode } });
  await call('updateFunctionConfiguration', { FunctionName: name, Layers: [layer.LayerVersionArn] });
  await settled();
  saw.layered = await invoke();
  const { EventStream } = await call('invokeWithResponseStream', { FunctionName: name, Payload: '{"n":1}' });
  saw.streamed = [];
  for await (const event of EventStream) {
    saw.streamed.push(event.PayloadChunk ? Buffer.from(event.PayloadChunk.Payload).toString() : event.InvokeComplete);
  }
}
await call('tagResource', { Resource: created.FunctionArn, Tags: { team: 'blue' } });
saw.tags = (await call('listTags', { Resource: created.FunctionArn })).Tags;
await call('putFunctionConcurrency', { FunctionName: name, ReservedConcurrentExecutions: 5 });
saw.limit = (await call('getAccountSettings', {})).AccountLimit.ConcurrentExecutions;
saw.listed = (await call('listFunctions', {})).Functions.some(({ FunctionName }) => FunctionName === name);
saw.versions = (await call('listVersionsByFunction', { FunctionName: name })).Versions.map(({ Version }) => Version);
await call('deleteAlias', { FunctionName: name, Name: 'live' });
await call('deleteFunction', { FunctionName: name });
saw.gone = !(await has('getFunction', { FunctionName: name }));
console.log(JSON.stringify(saw));
