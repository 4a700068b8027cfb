/** Collects one account: its sources, and each of them to its end. */

import { readFile, rename, writeFile } from "node:fs/promises";

import { retry } from "./retry.mjs";

/** Yields the sources of the account, from all pages; one that is listed twice only once. */
export async function* sources(connector, config, patience, tell) {
  const seen = new Set();
  let next;
  do {
    const page = await retry(() => connector.call("discover", config, next), patience, tell);
    for (const source of page.sources) {
      const isNew = !seen.has(source.id) || source.config.tag === "err";
      seen.add(source.id);
      if (isNew) yield source;
    }
    next = page.next;
  } while (next !== undefined);
}

/**
 * Collects all sources. `write` gets the events of a page as text, a line each, and returns once they are safe; the
 * cursor is stored only then. Returns whether every source was collected.
 */
export async function collect(connector, config, { cursors, patience, write, tell }) {
  const stored = new Cursors(cursors, await Cursors.read(cursors));
  const missing = new Set(stored.ids());
  let good = true;
  const fail = (name, message) => {
    good = false;
    tell(`source ${name} failed: ${message}`);
  };
  for await (const source of sources(connector, config, patience, tell)) {
    const known = missing.delete(source.id);
    if (source.config.tag === "err") {
      // Devices that used to be collected are missing; else it is only worth a notice.
      if (known) fail(source.name, source.config.val);
      else tell(`source ${source.name} is not collected: ${source.config.val}`);
      continue;
    }
    try {
      await walk(connector, source, stored, { patience, write, tell });
    } catch (error) {
      fail(source.name, error.message);
    }
  }
  for (const id of missing) fail(id, "it has been collected before and is not listed any more");
  return good;
}

async function walk(connector, source, stored, { patience, write, tell }) {
  let cursor = stored.of(source.id);
  let batch;
  do {
    batch = await retry(() => connector.call("collect", source.config.val, cursor), patience, tell);
    await write(batch.events.map((event) => `${event.json}\n`).join(""));
    for (const { id, reason } of batch.rejects) tell(`source ${source.name}: rejected ${id ?? "a record"}: ${reason}`);
    for (const warning of batch.warnings) tell(`source ${source.name}: warning: ${warning}`);
    cursor = batch.cursor;
    await stored.store(source.id, cursor);
  } while (batch.more);
}

/** The cursors of one account by the ids of its sources, in a JSON file; in memory alone without a file. */
class Cursors {
  #file;
  #cursors;

  constructor(file, cursors) {
    this.#file = file;
    this.#cursors = new Map(Object.entries(cursors));
  }

  static async read(file) {
    if (file === undefined) return {};
    try {
      const cursors = JSON.parse(await readFile(file, "utf8"));
      const isObject = Object.prototype.toString.call(cursors) === "[object Object]";
      if (isObject && Object.values(cursors).every((cursor) => typeof cursor === "string")) return cursors;
      throw new Error("it is not an object of texts");
    } catch (error) {
      if (error.code === "ENOENT") return {};
      throw new Error(`the cursors in ${file} cannot be read: ${error.message}`);
    }
  }

  ids() {
    return this.#cursors.keys();
  }

  of(id) {
    return this.#cursors.get(id);
  }

  /** Writes the file whole beside its place, so that a crash leaves the one before. */
  async store(id, cursor) {
    this.#cursors.set(id, cursor);
    if (this.#file === undefined) return;
    const text = JSON.stringify(Object.fromEntries(this.#cursors), undefined, 2);
    // Another run may be writing, too.
    const made = `${this.#file}.${process.pid}.new`;
    await writeFile(made, `${text}\n`, { flush: true });
    await rename(made, this.#file);
  }
}
