/** Loads the component `sophos-mapper.wasm`, as jco transpiled it into the folder `mapper/`. */

import * as wallClock from "./clock.js";
import { instantiate } from "./mapper/mapper.js";

/**
 * @typedef {{pointer: string, valueJson: string}} SourceValue
 * @typedef {{path: string, valueJson: string, sources: SourceValue[], rule: string}} MappedValue
 * @typedef {{event: string, values: MappedValue[], omitted: MappedValue[], unused: string[]}} Explanation
 *   the record `explanation` of wit/types.wit, where each field is documented
 */

/** Why a text gives no event, and the place in it. */
export class MapError extends Error {
  /**
   * @param {{message: string, line: number, column: number}} refused line from 1, column in bytes from 1; 0 is the
   *   line's very beginning
   */
  constructor({ message, line, column }) {
    super(message);
    this.name = "MapError";
    this.line = line;
    this.column = column;
  }
}

/**
 * Loads the mapper.
 *
 * @returns {Promise<{map: (endpoint: string) => string,
 *   explain: (endpoint: string, dialect: string) => Explanation}>} the interface `mapping`, documented in
 *   wit/connector.wit; both throw a MapError
 * @throws when a file of the mapper cannot be fetched or compiled
 */
export async function load() {
  const { mapping } = await instantiate(compile, { "wasi:clocks/wall-clock": wallClock });
  return { map: throwingMapError(mapping.map), explain: throwingMapError(mapping.explain) };
}

/** Compiles from the bytes, since streaming needs a content type that not every static server sends. */
async function compile(name) {
  const url = new URL(`mapper/${name}`, import.meta.url);
  const response = await fetch(url);
  if (!response.ok) throw new Error(`${url.pathname} could not be fetched: status ${response.status}`);
  return WebAssembly.compile(await response.arrayBuffer());
}

/** An error without a payload is no answer of the component's, and stays what it is. */
function throwingMapError(exported) {
  return (...given) => {
    try {
      return exported(...given);
    } catch (error) {
      throw error.payload ? new MapError(error.payload) : error;
    }
  };
}
