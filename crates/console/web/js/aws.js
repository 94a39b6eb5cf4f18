// The AWS APIs, called as any client calls them. There is no other way to the server's data.

import { sign } from "./sign.js";

const SESSIONS = "/_lambent/console/";

/** What an API refused, in its own words. */
export class ApiError extends Error {
  constructor(code, message, status) {
    super(message || code);
    this.code = code;
    this.status = status;
  }
  /** Whether this server does not have the service or the operation. */
  get missing() {
    return this.status === 501 || /^(NotImplemented|UnknownOperation|UnknownService|InvalidAction|MissingAction)/.test(this.code);
  }
}

const stored = (name, fallback) => { try { return localStorage.getItem(name) ?? fallback; } catch { return fallback; } };

/** Who calls, and where. */
export const caller = {
  loginRequired: false,
  accessKey: null,
  account: stored("lambent.account", "000000000000"),
  region: stored("lambent.region", "us-east-1"),
  get ready() { return !this.loginRequired || this.accessKey !== null; },
};

/** Asks whether one has to sign in, and has. */
export async function standing() {
  const answer = await fetch(`${SESSIONS}session`);
  take(await answer.json());
}

function take({ loginRequired, accessKey, account }) {
  caller.loginRequired = loginRequired;
  caller.accessKey = accessKey ?? null;
  if (account) caller.account = account;
}

/** Opens a session. The secret signs this request and is not sent. */
export async function login(accessKey, secretKey) {
  const path = `${SESSIONS}login`;
  const headers = sign({ method: "POST", host: location.host, path, accessKey, secretKey, region: caller.region, service: "lambda" });
  const answer = await fetch(path, { method: "POST", headers });
  if (!answer.ok) throw await refusal(answer);
  take(await answer.json());
}

export async function logout() {
  await fetch(`${SESSIONS}logout`, { method: "POST", headers: { "x-lambent-console": "console" } });
  caller.accessKey = null;
}

async function send(service, method, path, { headers = {}, body, signal } = {}) {
  let url = path;
  if (caller.loginRequired) {
    url = `${SESSIONS}api${path}`;
    headers = { ...headers, "x-lambent-console": `${service}/${caller.region}` };
  } else {
    // The server takes any credentials here, and reads of them only for which account and region they are.
    const day = new Date().toISOString().slice(0, 10).replaceAll("-", "");
    headers = { ...headers, authorization: `AWS4-HMAC-SHA256 Credential=${caller.account}/${day}/${caller.region}/${service}/aws4_request, SignedHeaders=host, Signature=0` };
  }
  let answer;
  try {
    answer = await fetch(url, { method, headers, body, signal });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new ApiError("NoAnswer", "The server does not answer.", 0);
  }
  if (!answer.ok) throw await refusal(answer);
  return answer;
}

async function refusal(answer) {
  const text = await answer.text();
  let said = {};
  try { said = JSON.parse(text); } catch { said = fromXml(text); }
  const code = (answer.headers.get("x-amzn-errortype") ?? said.__type ?? said.code ?? said.Code ?? `HTTP ${answer.status}`).split(":")[0].split("#").pop();
  const error = new ApiError(code, said.message ?? said.Message ?? said.errorMessage ?? code, answer.status);
  if (caller.loginRequired && caller.accessKey && /^MissingAuthenticationToken/.test(code)) {
    caller.accessKey = null;
    dispatchEvent(new Event("lambent-signed-out"));
  }
  return error;
}

function fromXml(text) {
  const find = (name) => text.match(new RegExp(`<${name}>([^<]*)</${name}>`))?.[1];
  return { code: find("Code"), message: find("Message") };
}

const query = (parameters) => {
  const pairs = Object.entries(parameters).filter(([, value]) => value !== undefined && value !== null && value !== "");
  const all = new URLSearchParams(pairs.flatMap(([name, value]) => [value].flat().map((each) => [name, each]))).toString();
  return all && `?${all}`;
};

/** One call of the Lambda API: `lambda("GET", "2015-03-31/functions", { query })`. */
export async function lambda(method, path, { query: parameters = {}, body, signal } = {}) {
  const options = { signal };
  if (body !== undefined) Object.assign(options, { body: JSON.stringify(body), headers: { "content-type": "application/json" } });
  const answer = await send("lambda", method, `/${path}${query(parameters)}`, options);
  const text = await answer.text();
  return text ? JSON.parse(text) : {};
}

/** A part of a path. */
export const part = (text) => encodeURIComponent(text);

/** All pages of a list. */
export async function all(path, list, parameters = {}, most = 10_000) {
  const found = [];
  let Marker;
  do {
    const page = await lambda("GET", path, { query: { ...parameters, Marker } });
    found.push(...(page[list] ?? []));
    Marker = page.NextMarker;
  } while (Marker && found.length < most);
  return found;
}

/** Runs a function, waits, and has the end of its log. */
export async function invoke(name, payload, qualifier) {
  const path = `/2015-03-31/functions/${part(name)}/invocations${query({ Qualifier: qualifier })}`;
  const answer = await send("lambda", "POST", path, { headers: { "x-amz-log-type": "Tail", "x-amz-invocation-type": "RequestResponse" }, body: payload });
  const log = answer.headers.get("x-amz-log-result");
  return {
    payload: await answer.text(),
    failed: answer.headers.get("x-amz-function-error"),
    version: answer.headers.get("x-amz-executed-version"),
    requestId: answer.headers.get("x-amzn-requestid"),
    log: log ? new TextDecoder().decode(Uint8Array.from(atob(log), (char) => char.charCodeAt(0))) : "",
  };
}

/** A deployment package, by the address that GetFunction gives. It is this server's, whatever name it has for itself. */
export async function download(location) {
  const { pathname, search } = new URL(location);
  const answer = await fetch(pathname + search);
  if (!answer.ok) throw new ApiError("NoPackage", "The package could not be loaded.", answer.status);
  return new Uint8Array(await answer.arrayBuffer());
}

async function json(service, target, version, input, signal) {
  const headers = { "content-type": `application/x-amz-json-${version}`, "x-amz-target": target };
  const answer = await send(service, "POST", "/", { headers, body: JSON.stringify(input), signal });
  const text = await answer.text();
  return text ? JSON.parse(text) : {};
}

/** CloudWatch Logs. */
export const logs = (operation, input, signal) => json("logs", `Logs_20140328.${operation}`, "1.1", input, signal);
/** CloudWatch. */
export const cloudwatch = (operation, input) => json("monitoring", `GraniteServiceVersion20100801.${operation}`, "1.0", input);

/** X-Ray: an operation is a path. */
export async function xray(path, input, signal) {
  const answer = await send("xray", "POST", `/${path}`, { headers: { "content-type": "application/json" }, body: JSON.stringify(input), signal });
  return answer.json();
}

/** IAM, in the query protocol; answers the document. */
export async function iam(operation, parameters) {
  const body = new URLSearchParams({ Action: operation, Version: "2010-05-08", ...parameters });
  const headers = { "content-type": "application/x-www-form-urlencoded; charset=utf-8" };
  const answer = await send("iam", "POST", "/", { headers, body: body.toString() });
  return new DOMParser().parseFromString(await answer.text(), "text/xml");
}

/** What the server says about itself. */
export async function health() {
  const answer = await fetch("/_lambent/health");
  if (!answer.ok) throw new ApiError("NoAnswer", "The server does not answer.", answer.status);
  return answer.json();
}
