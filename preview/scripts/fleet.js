/** Many endpoints: each mapped and summed up, in slices, so that the page stays usable meanwhile. */

/** How long, in milliseconds, the page may be busy at a time. */
const SLICE = 12;

/** How long, in milliseconds, what is done so far may stay undrawn. */
const DRAWN_EVERY = 200;

/**
 * The summary of a record in the list and the bars.
 *
 * @typedef {object} Summary
 * @property {string} name hostname, else id, else its place
 * @property {string} [id]
 * @property {string} type `device.type` of the event
 * @property {string} os `device.os.type` of the event
 * @property {string} health `health.overall` of the record
 * @property {"trusted"|"not trusted"|"unknown"} trust `device.is_trusted` of the event
 * @property {"mapped"|"refused"} outcome
 * @property {{message: string, line: number, column: number}} [fault] why it is refused; the line in the record
 */

/**
 * Maps records and sums them up.
 *
 * @param {object} options
 * @param {import("./records.js").TextRecord[]} options.records
 * @param {(record: object) => string} options.map gives the event; throws `{message, line, column}`
 * @param {Summary[]} options.into takes the summaries in the records' order
 * @param {() => void} options.onSlice draws what is done so far
 * @param {AbortSignal} options.signal ends it
 * @returns {Promise<boolean>} whether it came to its end
 */
export async function mapAll({ records, map, into, onSlice, signal }) {
  let since = performance.now();
  let drawn = 0;
  for (const record of records) {
    into.push(summary(record, map));
    if (performance.now() - since > SLICE) {
      if (since - drawn > DRAWN_EVERY) {
        onSlice();
        drawn = since;
      }
      await breath();
      if (signal.aborted) return false;
      since = performance.now();
    }
  }
  onSlice();
  return true;
}

/**
 * Sums up one record.
 *
 * @param {import("./records.js").TextRecord} record
 * @param {(record: object) => string} map
 * @returns {Summary}
 */
export function summary(record, map) {
  const source = value(record.text);
  const id = text(source?.id);
  const name = text(source?.hostname) ?? id ?? `line ${record.line}`;
  const health = text(source?.health?.overall)?.toLowerCase() ?? "unknown";
  try {
    const { device } = JSON.parse(map(record));
    return {
      name,
      id,
      type: text(device?.type) ?? "Unknown",
      os: text(device?.os?.type)?.toLowerCase() ?? "unknown",
      health,
      trust: { true: "trusted", false: "not trusted" }[device?.is_trusted] ?? "unknown",
      outcome: "mapped",
    };
  } catch ({ message, line, column }) {
    return { name, id, type: "", os: "", health, trust: "", outcome: "refused", fault: { message, line, column } };
  }
}

/** Lets the browser draw and answer. */
function breath() {
  if (globalThis.scheduler?.yield) return scheduler.yield();
  return new Promise((done) => {
    const channel = new MessageChannel();
    channel.port1.onmessage = () => {
      channel.port1.close();
      done();
    };
    channel.port2.postMessage(null);
  });
}

function value(json) {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}

function text(of) {
  return typeof of === "string" && of !== "" ? of : undefined;
}
