// The same for Node.js 18 and 20, which take such a hook only in a thread of its own.

import packages from './packages.js';

let places = [];

export function initialize(data) { places = data; }

export async function resolve(name, context, next) {
  try {
    return await next(name, context);
  } catch (error) {
    if (!packages.isMissing(name, error)) { throw error; }
    for (const parentURL of places) {
      try {
        return await next(name, { ...context, parentURL });
      } catch (again) {
        if (!packages.isMissing(name, again)) { throw again; }
      }
    }
    throw error;
  }
}
