/** A component with the rights of one account. */

import { Worker } from "node:worker_threads";

import { moments } from "./throttle.mjs";
import { transpile } from "./transpile.mjs";

/** Why a call gave no answer: `tag` is a case of the contract's variant `error`, or `trap`. */
export class CallError extends Error {
  constructor(tag, message, retryAfter) {
    super(`${tag}: ${message}`);
    this.tag = tag;
    this.retryAfter = retryAfter;
  }

  /** Makes a sentence of what the component returned. */
  static from({ tag, val, ...mapError }) {
    if (tag === undefined) {
      const { message, line, column } = mapError;
      return new CallError("map-error", line ? `line ${line}, column ${column}: ${message}` : message);
    }
    if (tag === "invalid-config") {
      const fields = val.map(({ field, message }) => `${field || "the config"}: ${message}`);
      return new CallError(tag, fields.join("; "));
    }
    const id = val.correlationId === undefined ? "" : ` (correlation id ${val.correlationId})`;
    const after = val.retryAfter === undefined ? undefined : Number(val.retryAfter);
    return new CallError(tag, val.message + id, after);
  }
}

/**
 * Calls a component for one account. An instance is never shared between accounts, and is made anew after a trap and
 * after a call that took too long.
 */
export class Connector {
  #data;
  #deadline;
  #worker;

  /**
   * `account` has `config` (an object), `secrets` (an object), `allow` (hosts beside those of manifest and config) and
   * `throttled` (whether it keeps to the rate limits). A request may be silent for `timeout` seconds, and a call take
   * `deadline` seconds.
   */
  static async load(path, account, { cache, timeout, deadline }) {
    const connector = new Connector();
    connector.#data = { ...account, timeout, module: await transpile(path, cache), moments: moments() };
    connector.#deadline = deadline;
    return connector;
  }

  /** Calls an export, and returns its result. Throws a `CallError`. One call at a time. */
  async call(name, ...args) {
    this.#worker ??= this.#start();
    this.#worker.postMessage({ name, args });
    const answer = await this.#answer(this.#worker);
    if (answer.error) throw CallError.from(answer.error);
    if (answer.value === undefined) {
      await this.close();
      throw answer.late ? new CallError("unavailable", answer.late) : new CallError("trap", answer.trap);
    }
    return answer.value;
  }

  /** Ends the instance. The next call makes another. */
  async close() {
    await this.#worker?.terminate();
    this.#worker = undefined;
  }

  #start() {
    const worker = new Worker(new URL("worker.mjs", import.meta.url), {
      workerData: this.#data,
      argv: [],
      env: {},
      stdout: true,
      stderr: true,
    });
    // What the component prints is not part of its answer; its log may hold anything.
    worker.stdout.resume();
    worker.stderr.on("data", (text) => process.stderr.write(`${text}`.replace(/[^\n\x20-\x7e]/g, "?")));
    return worker;
  }

  /** Waits for the answer, or for the end of the call's time, in which waits for the rate limit do not count. */
  #answer(worker) {
    return new Promise((resolve) => {
      let timer;
      const restart = (wait) => {
        clearTimeout(timer);
        const late = `the call took longer than ${this.#deadline} s`;
        timer = setTimeout(settle, this.#deadline * 1000 + wait, { late });
      };
      const settle = (answer) => {
        clearTimeout(timer);
        worker.off("message", received).off("error", failed).off("exit", ended);
        resolve(answer);
      };
      const received = (answer) => (answer.wait === undefined ? settle(answer) : restart(answer.wait));
      const failed = (error) => settle({ trap: `the component cannot be run: ${error.message}` });
      const ended = () => settle({ trap: "the component has ended" });
      worker.on("message", received).on("error", failed).on("exit", ended);
      restart(0);
    });
  }
}
