/** The command line; README.md says how to use it. */

import { readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";

import { collect, sources } from "./account.mjs";
import { Connector } from "./connector.mjs";
import { retry } from "./retry.mjs";

const USAGE = `usage: node collect.mjs COMPONENT check|discover|collect CONFIG [OPTIONS]
       node collect.mjs COMPONENT explain RECORD DIALECT
CONFIG and RECORD are JSON text, or @FILE. Secrets come from the environment: client_secret from SECRET_CLIENT_SECRET.
  --allow HOST        lets the component reach this host or origin, too; can be repeated
  --cursors FILE      goes on from the cursors in this file, and stores them there
  --timeout SECONDS   how long a request may be silent (60)
  --deadline SECONDS  how long a call may take (300)
  --patience SECONDS  how long to try again while the API is unavailable (600)
  --no-throttle       does not keep to the rate limits of the manifest
  --cache FOLDER      where to keep the transpiled component (~/.cache/inventory-host)`;

const { values: options, positionals } = readArguments();
const [component, command, given, dialect] = positionals;
// What came from an API may hold anything, but reaches no terminal.
const tell = (message) => console.error(message.replace(/[\p{C}\p{Zl}\p{Zp}]/gu, "?"));
// A write that fails says so itself.
process.stdout.on("error", () => {});
let connector;
try {
  process.exitCode = (await run()) ? 0 : 1;
} catch (error) {
  tell(error.message);
  process.exitCode = 1;
}
await connector?.close();

async function run() {
  const text = given.startsWith("@") ? readFileSync(given.slice(1), "utf8") : given;
  const config = command === "explain" ? {} : readConfig(text);
  const account = { config, secrets: secrets(), allow: options.allow, throttled: !options["no-throttle"] };
  connector = await Connector.load(component, account, {
    cache: options.cache,
    timeout: Number(options.timeout),
    deadline: Number(options.deadline),
  });
  const patience = Number(options.patience);
  switch (command) {
    case "check": {
      const account = await retry(() => connector.call("check", text), patience, tell);
      await write(`${JSON.stringify(account)}\n`);
      return true;
    }
    case "discover":
      for await (const { id, name, config } of sources(connector, text, patience, tell)) {
        const what = config.tag === "ok" ? `"config":${config.val}` : `"reason":${JSON.stringify(config.val)}`;
        await write(`{"id":${JSON.stringify(id)},"name":${JSON.stringify(name)},${what}}\n`);
      }
      return true;
    case "collect":
      return collect(connector, text, { cursors: options.cursors, patience, write, tell });
    default:
      await write(`${explained(await connector.call("explain", text, dialect))}\n`);
      return true;
  }
}

/** Returns once the text has left the process. */
function write(text) {
  return new Promise((resolve, reject) => {
    process.stdout.write(text, (error) => (error ? reject(error) : resolve()));
  });
}

/** Returns the explanation as one line of JSON; what the component gives as JSON text stays as it is. */
function explained({ event, values, omitted, unused }) {
  const raw = (json) => json.replace(/[\r\n]/g, " ");
  const source = ({ pointer, valueJson }) => `{"pointer":${JSON.stringify(pointer)},"value":${raw(valueJson)}}`;
  const value = ({ path, valueJson, sources, rule }) =>
    `{"path":${JSON.stringify(path)},"value":${raw(valueJson)},"sources":[${sources.map(source)}],` +
    `"rule":${JSON.stringify(rule)}}`;
  return (
    `{"event":${raw(event)},"values":[${values.map(value)}],"omitted":[${omitted.map(value)}],` +
    `"unused":${JSON.stringify(unused)}}`
  );
}

function readConfig(text) {
  const config = JSON.parse(text);
  if (Object.prototype.toString.call(config) !== "[object Object]") throw new Error("CONFIG is not an object");
  return config;
}

/** Returns the secrets by the rest of their variables; the component gets those that its manifest names. */
function secrets() {
  const set = Object.entries(process.env).filter(([name]) => name.startsWith("SECRET_"));
  return Object.fromEntries(set.map(([name, value]) => [name.slice("SECRET_".length), value]));
}

function readArguments() {
  const text = (value) => ({ type: "string", default: value });
  try {
    const read = parseArgs({
      allowPositionals: true,
      options: {
        allow: { type: "string", multiple: true, default: [] },
        cursors: text(),
        timeout: text("60"),
        deadline: text("300"),
        patience: text("600"),
        "no-throttle": { type: "boolean", default: false },
        cache: text(join(homedir(), ".cache/inventory-host")),
      },
    });
    const wanted = { check: 3, discover: 3, collect: 3, explain: 4 }[read.positionals[1]];
    if (read.positionals.length !== wanted) throw new Error(USAGE);
    return read;
  } catch (error) {
    console.error(error.message === USAGE ? USAGE : `${error.message}\n${USAGE}`);
    process.exit(2);
  }
}
