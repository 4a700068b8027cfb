/** The mapper's only import, `wasi:clocks/wall-clock`, by the browser's clock. */

const NANOSECONDS_IN_A_MILLISECOND = 1_000_000;

/**
 * The moment, since 1970 in UTC.
 *
 * @returns {{seconds: bigint, nanoseconds: number}}
 */
export function now() {
  const milliseconds = Date.now();
  return {
    seconds: BigInt(Math.floor(milliseconds / 1000)),
    nanoseconds: (milliseconds % 1000) * NANOSECONDS_IN_A_MILLISECOND,
  };
}
