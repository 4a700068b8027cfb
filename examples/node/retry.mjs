/** Repeats a call of the component while its error says that this may help. */

import { setTimeout as sleep } from "node:timers/promises";

/** How many times in a row the API may ask for fewer requests before the call is given up. */
const MOST_RATE_LIMITED = 20;
/** The longest that the API may make a call wait at a time, in seconds. */
const MOST_ASKED = 3600;
/** The bounds of the first pause and of the longest, in seconds. */
const FIRST = 0.5;
const LONGEST = 60;

/**
 * Returns what `call` returns. It throws the error of the last try once another does not help, or after `patience`
 * seconds in which the API was unavailable. `tell` gets a sentence before each pause.
 */
export async function retry(call, patience, tell) {
  const tries = { pauses: 0, rateLimited: 0, expired: false, began: undefined };
  for (;;) {
    try {
      return await call();
    } catch (error) {
      const wait = pauseAfter(error, tries, patience);
      if (wait === undefined) throw error;
      tell(`trying again in ${wait.toFixed(1)} s: ${error.message}`);
      await sleep(wait * 1000);
    }
  }
}

/** Returns how many seconds to wait before the next try; nothing where it does not help. */
function pauseAfter(error, tries, patience) {
  const asked = error.retryAfter;
  switch (error.tag) {
    case "expired":
      // The component has forgotten its session and begins a new one.
      if (tries.expired) return undefined;
      tries.expired = true;
      return 0;
    case "rate-limited":
      tries.rateLimited += 1;
      if (tries.rateLimited > MOST_RATE_LIMITED || asked > MOST_ASKED) return undefined;
      return Math.max(asked ?? 0, nextPause(tries));
    case "unavailable": {
      tries.began ??= performance.now();
      const left = patience - (performance.now() - tries.began) / 1000;
      if (left <= 0 || asked > left) return undefined;
      return Math.min(left, Math.max(asked ?? 0, nextPause(tries)));
    }
    default:
      return undefined;
  }
}

/** Returns a random pause below a bound that doubles with each. */
function nextPause(tries) {
  const bound = Math.min(FIRST * 2 ** tries.pauses, LONGEST);
  tries.pauses += 1;
  return bound * Math.random();
}
