// Saved test events: up to ten of each function, in this browser. Nobody else sees them.

import { caller } from "./aws.js";

export const MOST = 10;
const key = (name) => `lambent.events.${caller.account}.${caller.region}.${name}`;

/** `[{ name, body }]` */
export function saved(name) {
  try { return JSON.parse(localStorage.getItem(key(name)) ?? "[]"); } catch { return []; }
}

function keep(name, events) {
  localStorage.setItem(key(name), JSON.stringify(events));
}

/** Saves an event, in place of the one of the same name. */
export function store(name, event) {
  const events = saved(name).filter((each) => each.name !== event.name);
  if (events.length >= MOST) throw Object.assign(new Error(`A function has at most ${MOST} test events. Delete one first.`), { code: "Too many" });
  keep(name, [...events, event]);
}

export const forget = (name, event) => keep(name, saved(name).filter((each) => each.name !== event));

/** The event that was used last. */
export const chosen = (name) => { const events = saved(name); const last = sessionStorage.getItem(key(name)); return events.find((each) => each.name === last) ?? events[0]; };
export const choose = (name, event) => sessionStorage.setItem(key(name), event);
