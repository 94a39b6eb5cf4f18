// The runtimes that are offered, newest first, with the file and handler that the console begins with.

const python = { family: "python", file: "lambda_function.py", handler: "lambda_function.lambda_handler" };
const node = { family: "node", file: "index.js", handler: "index.handler" };
const module = { ...node, file: "index.mjs" };
const ruby = { family: "ruby", file: "lambda_function.rb", handler: "lambda_function.lambda_handler" };
const own = { family: "provided", file: "bootstrap", handler: "bootstrap" };
const compiled = { family: "compiled", file: null, handler: "example.Handler::handleRequest" };

/** `[identifier, what people call it, { family, file, handler }]` */
export const RUNTIMES = [
  ...["3.14", "3.13", "3.12", "3.11", "3.10", "3.9", "3.8", "3.7", "3.6"].map((version) => [`python${version}`, `Python ${version}`, python]),
  ["python2.7", "Python 2.7", python],
  ...["24", "22", "20", "18"].map((version) => [`nodejs${version}.x`, `Node.js ${version}`, module]),
  ...["16", "14", "12", "10"].map((version) => [`nodejs${version}.x`, `Node.js ${version}`, node]),
  ["nodejs8.10", "Node.js 8.10", node], ["nodejs6.10", "Node.js 6.10", node],
  ...["3.4", "3.3", "3.2"].map((version) => [`ruby${version}`, `Ruby ${version}`, ruby]),
  ...["25", "21", "17", "11", "8.al2"].map((version) => [`java${version}`, `Java ${version.split(".")[0]}`, compiled]),
  ...["10", "8"].map((version) => [`dotnet${version}`, `.NET ${version}`, compiled]),
  ["go1.x", "Go 1.x", compiled],
  ["provided.al2023", "Your own, on Amazon Linux 2023", own], ["provided.al2", "Your own, on Amazon Linux 2", own],
];

export const runtime = (id) => RUNTIMES.find(([each]) => each === id)?.[2] ?? compiled;

/** What a new function does. */
export const GREETING = {
  python: `import json


def lambda_handler(event, context):
    # TODO: your own code
    return {
        "statusCode": 200,
        "body": json.dumps("Hello from Lambda!"),
    }
`,
  "index.mjs": `export const handler = async (event) => {
  // TODO: your own code
  return {
    statusCode: 200,
    body: JSON.stringify("Hello from Lambda!"),
  };
};
`,
  "index.js": `exports.handler = async (event) => {
  // TODO: your own code
  return {
    statusCode: 200,
    body: JSON.stringify("Hello from Lambda!"),
  };
};
`,
  ruby: `require 'json'

def lambda_handler(event:, context:)
  # TODO: your own code
  { statusCode: 200, body: JSON.generate('Hello from Lambda!') }
end
`,
  provided: `#!/bin/sh
# Asks for events and answers them, for as long as the environment lives.
set -eu
API="http://$AWS_LAMBDA_RUNTIME_API/2018-06-01/runtime/invocation"
while true; do
  HEAD="$(mktemp)"
  EVENT="$(curl -sS -D "$HEAD" "$API/next")"
  ID="$(tr -d '\\r' < "$HEAD" | sed -n 's/^[Ll]ambda-[Rr]untime-[Aa]ws-[Rr]equest-[Ii]d: *//p')"
  curl -sS -X POST "$API/$ID/response" -d '"Hello from Lambda!"' > /dev/null
done
`,
};
export const greeting = ({ family, file }) => GREETING[file] ?? GREETING[family];
