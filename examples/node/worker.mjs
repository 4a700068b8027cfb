/**
 * Holds one instance of a component for one account, in a thread of its own: calls of a component block.
 *
 * It gets `{ name, args }` and answers `{ value }`, or `{ error }` with a value of the contract's variant `error` or
 * record `map-error`, or `{ trap }` with a text. `{ wait }` says in between for how many milliseconds a request waits
 * for the rate limit.
 */

import { parentPort, workerData } from "node:worker_threads";

import * as wasi from "@bytecodealliance/preview2-shim";
import { WASIShim } from "@bytecodealliance/preview2-shim/instantiation";

import { Allowed } from "./allowed.mjs";
import { Throttle } from "./throttle.mjs";

const { module, config, secrets, allow, throttled, timeout, moments } = workerData;
const pause = new Int32Array(new SharedArrayBuffer(4));
const options = requestOptions(BigInt(Math.ceil(timeout * 1e9)));
// Nothing may be reached before the manifest has been read.
let manifest, allowed, throttle;

const { mapping, collection } = await instantiate();
manifest = JSON.parse(collection.describe());
allowed = new Allowed(manifest, config, allow);
throttle = new Throttle(throttled ? manifest.rate_limits : [], moments);
parentPort.on("message", ({ name, args }) => parentPort.postMessage(answer(name, args)));

function answer(name, args) {
  try {
    return { value: (mapping[name] ?? collection[name])(...args) };
  } catch (error) {
    return error instanceof Error ? { trap: error.message } : { error };
  }
}

async function instantiate() {
  const { instantiate } = await import(module);
  const sandbox = { env: {}, args: [], preopens: {}, enableNetwork: false };
  const imports = new WASIShim({ sandbox }).getImportObject();
  imports["wasi:cli/environment"].initialCwd = () => undefined;
  imports["wasi:http/outgoing-handler"] = { handle };
  imports["inventory:connector/secrets"] = { get: secret };
  wasi.http.types.FutureIncomingResponse.prototype.get = answerOf(wasi.http.types.FutureIncomingResponse.prototype.get);
  return instantiate(undefined, imports);
}

/** Gives the component the secrets that its manifest names, and no other. */
function secret(name) {
  return manifest?.secrets.some((asked) => asked.name === name) ? secrets[name.toUpperCase()] : undefined;
}

/** Sends a request of the component, if it may go there, once it may. */
function handle(request, given) {
  const method = request.method().val ?? request.method().tag;
  const scheme = request.scheme()?.val ?? request.scheme()?.tag ?? "https";
  if (!allowed?.permits(method, scheme, request.authority())) throw { tag: "HTTP-request-denied" };
  const wait = throttle.reserve(Date.now());
  if (wait > 0) {
    parentPort.postMessage({ wait });
    Atomics.wait(pause, 0, 0, wait);
  }
  return wasi.http.outgoingHandler.handle(request, given ?? options);
}

/** Without options of its own a request of the component waits for ten minutes. */
function requestOptions(nanoseconds) {
  const options = new wasi.http.types.RequestOptions();
  options.setConnectTimeout(nanoseconds);
  options.setFirstByteTimeout(nanoseconds);
  options.setBetweenBytesTimeout(nanoseconds);
  return options;
}

/** Gives failures of TLS the name that WASI has for them: the shim calls them internal errors. */
function answerOf(get) {
  return function () {
    const answer = get.call(this);
    const failure = answer?.val?.tag === "err" ? answer.val.val : undefined;
    if (failure?.tag === "internal-error" && /certificate/i.test(failure.val)) {
      answer.val.val = { tag: "TLS-certificate-error" };
    }
    return answer;
  };
}
