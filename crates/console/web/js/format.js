// Figures and times as people read them.

const UNITS = ["bytes", "kB", "MB", "GB", "TB"];

export function size(bytes) {
  if (bytes === undefined || bytes === null) return "–";
  let unit = 0, value = bytes;
  while (value >= 1024 && unit < UNITS.length - 1) { value /= 1024; unit++; }
  return `${unit === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${UNITS[unit]}`;
}

export const count = (value) => (value === undefined || value === null ? "–" : value.toLocaleString("en"));

/** Lambda's times come as text, CloudWatch's as seconds or milliseconds. */
export function moment(value) {
  if (value === undefined || value === null || value === "") return null;
  const date = new Date(typeof value === "string" ? value.replace("+0000", "Z") : value);
  return Number.isNaN(date.getTime()) ? null : date;
}

export function ago(value, now = Date.now()) {
  const date = moment(value);
  if (!date) return "–";
  const seconds = Math.max(0, Math.round((now - date.getTime()) / 1000));
  if (seconds < 5) return "just now";
  for (const [unit, length] of [["day", 86_400], ["hour", 3_600], ["minute", 60]]) {
    if (seconds >= length) { const n = Math.floor(seconds / length); return `${n} ${unit}${n === 1 ? "" : "s"} ago`; }
  }
  return `${seconds} seconds ago`;
}

const two = (n) => String(n).padStart(2, "0");
export const clock = (date, seconds = true) => `${two(date.getHours())}:${two(date.getMinutes())}${seconds ? `:${two(date.getSeconds())}` : ""}`;
export const day = (date) => `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
