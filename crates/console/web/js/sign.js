// Signature Version 4 for the one request that opens a session. Browsers offer their own cryptography only to pages from https or from
// localhost, so what is needed of it is here.

const K = new Uint32Array(64);
const START = new Uint32Array(8);
{
  // FIPS 180-4: fractional parts of the roots of the first primes.
  const fraction = (x) => Math.floor((x - Math.floor(x)) * 2 ** 32);
  for (let candidate = 2, found = 0; found < 64; candidate++) {
    let prime = true;
    for (let divisor = 2; divisor * divisor <= candidate; divisor++) if (candidate % divisor === 0) { prime = false; break; }
    if (!prime) continue;
    K[found] = fraction(Math.cbrt(candidate));
    if (found < 8) START[found] = fraction(Math.sqrt(candidate));
    found++;
  }
}

const bytes = (text) => new TextEncoder().encode(text);
const hex = (data) => Array.from(data, (byte) => byte.toString(16).padStart(2, "0")).join("");
const turn = (x, by) => (x >>> by) | (x << (32 - by));

/** SHA-256 of bytes, as bytes. */
export function sha256(data) {
  const padded = new Uint8Array(Math.ceil((data.length + 9) / 64) * 64);
  padded.set(data);
  padded[data.length] = 0x80;
  const view = new DataView(padded.buffer);
  view.setUint32(padded.length - 8, Math.floor(data.length / 2 ** 29));
  view.setUint32(padded.length - 4, data.length << 3);
  const state = START.slice();
  const w = new Uint32Array(64);
  for (let at = 0; at < padded.length; at += 64) {
    for (let i = 0; i < 16; i++) w[i] = view.getUint32(at + i * 4);
    for (let i = 16; i < 64; i++) {
      const [x, y] = [w[i - 15], w[i - 2]];
      w[i] = w[i - 16] + (turn(x, 7) ^ turn(x, 18) ^ (x >>> 3)) + w[i - 7] + (turn(y, 17) ^ turn(y, 19) ^ (y >>> 10));
    }
    let [a, b, c, d, e, f, g, k] = state;
    for (let i = 0; i < 64; i++) {
      const one = (k + (turn(e, 6) ^ turn(e, 11) ^ turn(e, 25)) + ((e & f) ^ (~e & g)) + K[i] + w[i]) | 0;
      const two = ((turn(a, 2) ^ turn(a, 13) ^ turn(a, 22)) + ((a & b) ^ (a & c) ^ (b & c))) | 0;
      [k, g, f, e, d, c, b, a] = [g, f, e, (d + one) | 0, c, b, a, (one + two) | 0];
    }
    [a, b, c, d, e, f, g, k].forEach((value, i) => { state[i] += value; });
  }
  const out = new DataView(new ArrayBuffer(32));
  state.forEach((value, i) => out.setUint32(i * 4, value));
  return new Uint8Array(out.buffer);
}

/** HMAC-SHA-256 of a text under a key of bytes. */
export function hmac(key, text) {
  const short = key.length > 64 ? sha256(key) : key;
  const pad = (fill) => {
    const block = new Uint8Array(64).fill(fill);
    short.forEach((byte, i) => { block[i] ^= byte; });
    return block;
  };
  const joined = (first, second) => { const all = new Uint8Array(first.length + second.length); all.set(first); all.set(second, first.length); return all; };
  return sha256(joined(pad(0x5c), sha256(joined(pad(0x36), bytes(text)))));
}

/** The headers that sign a request without query: "Create a signed AWS API request" of AWS's general reference. */
export function sign({ method, host, path, body = "", accessKey, secretKey, region, service, now = new Date() }) {
  const date = now.toISOString().replace(/[-:]|\.\d+/g, "");
  const scope = `${date.slice(0, 8)}/${region}/${service}/aws4_request`;
  const canonical = [method, path, "", `host:${host}`, `x-amz-date:${date}`, "", "host;x-amz-date", hex(sha256(bytes(body)))].join("\n");
  const toSign = ["AWS4-HMAC-SHA256", date, scope, hex(sha256(bytes(canonical)))].join("\n");
  const key = scope.split("/").reduce((key, part) => hmac(key, part), bytes(`AWS4${secretKey}`));
  return {
    "x-amz-date": date,
    authorization: `AWS4-HMAC-SHA256 Credential=${accessKey}/${scope}, SignedHeaders=host;x-amz-date, Signature=${hex(hmac(key, toSign))}`,
  };
}
