/** Spreads requests over time as the manifest's `rate_limits` ask for. */

/** The most moments that are remembered; a limit of more requests is kept as one of this many. */
const MAX = 1 << 18;

/** Returns the memory of a throttle, which outlives the worker that uses it. */
export function moments() {
  return new SharedArrayBuffer(8 * (MAX + 1));
}

/**
 * Gives each request the moment at which it may leave, so that no window of a limit's length, wherever it begins, holds
 * more requests than the limit allows.
 */
export class Throttle {
  #limits;
  #ring;

  /** The first number of `shared` counts the moments that were given out, the others are the last of them. */
  constructor(limits, shared) {
    this.#limits = limits.map(({ requests, seconds }) => [Math.min(requests, MAX), seconds * 1000]);
    this.#ring = new Float64Array(shared);
  }

  /** Returns how many milliseconds after `now` one more request may leave, and counts it. */
  reserve(now) {
    const ring = this.#ring;
    const count = ring[0];
    let moment = now;
    for (const [requests, period] of this.#limits) {
      const first = count - requests;
      if (first >= 0) moment = Math.max(moment, ring[1 + (first % MAX)] + period);
    }
    ring[1 + (count % MAX)] = moment;
    ring[0] = count + 1;
    return moment - now;
  }
}
