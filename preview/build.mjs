/**
 * Builds the page of a connector: its files, the mapper as jco transpiles it, the tables of rules and the samples.
 * `node preview/build.mjs [NAME]` builds that of `sophos` into dist/preview/ or that of another connector in `CONNECTORS`.
 * `make preview-build` builds the mappers in dist/ and the examples of the crates before.
 */

import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

import { transpile } from "@bytecodealliance/jco";

const ROOT = fileURLToPath(new URL("..", import.meta.url));

/**
 * What the page needs to know of a connector: its mapper, the page's folder, what a record is called, the
 * dialects, the table of rules, and the samples, the first one by its name.
 */
const CONNECTORS = {
  sophos: {
    component: "dist/sophos-mapper.wasm",
    to: "dist/preview",
    record: "Sophos endpoint",
    dialects: ["sekoia", "ocsf"],
    rules: () => execFileSync(join(ROOT, "target/release/examples/rules"), ["json"]),
    samples: "tests/golden",
    first: "specification-sample",
  },
  "asset-list": {
    component: "dist/asset-list-mapper.wasm",
    to: "dist/preview-asset-list",
    record: "row of an asset list",
    dialects: ["ocsf"],
    rules: () => JSON.stringify({ ocsf: [] }),
    samples: "connectors/asset-list/tests/rows",
    first: "laptop",
  },
};
const NAME = process.argv[2] ?? "sophos";
const CONNECTOR = CONNECTORS[NAME];
if (!CONNECTOR) throw new Error(`${NAME} is not a connector; these are: ${Object.keys(CONNECTORS).join(", ")}`);
const TO = join(ROOT, CONNECTOR.to);
const PAGE = ["index.html", "style.css", "icon.svg", "scripts", "mapper.js", "clock.js"];

async function writeMapper() {
  const { files } = await transpile(readFileSync(join(ROOT, CONNECTOR.component)), {
    name: "mapper",
    // Our own loader fetches and compiles, so the server needs no media type for wasm.
    instantiation: "async",
    minify: true,
    emitTypescriptDeclarations: false,
  });
  for (const [name, bytes] of Object.entries(files)) {
    const path = join(TO, "mapper", name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, bytes);
  }
}

function writeRules() {
  writeFileSync(join(TO, "rules.json"), CONNECTOR.rules());
}

/** The inputs in a folder, by name, the first one first. */
function samples(folder, more) {
  const suffix = ".input.json";
  const isFirst = ({ name }) => name === CONNECTOR.first;
  return readdirSync(join(ROOT, folder))
    .filter((file) => file.endsWith(suffix))
    .sort()
    .map((file) => ({
      name: basename(file, suffix),
      text: readFileSync(join(ROOT, folder, file), "utf8"),
      ...more,
    }))
    .sort((a, b) => isFirst(b) - isFirst(a));
}

function writeSamples() {
  const mapped = samples(CONNECTOR.samples);
  const [first] = mapped;
  if (first?.name !== CONNECTOR.first) throw new Error(`${CONNECTOR.samples}/${CONNECTOR.first}.input.json is missing`);
  const all = [...mapped, ...samples(`${CONNECTOR.samples}/refused`, { refused: true })];
  writeFileSync(join(TO, "samples.json"), JSON.stringify(all));
  writeFileSync(join(TO, "sample.json"), JSON.stringify(first));
}

/** The page as it is, but for what a record is called and the choice of dialects. */
function adaptPage() {
  const path = join(TO, "index.html");
  const isOffered = (line) => {
    const dialect = /name="dialect" value="(\w+)"/.exec(line)?.[1];
    return !dialect || CONNECTOR.dialects.includes(dialect);
  };
  const lines = readFileSync(path, "utf8").replaceAll(CONNECTORS.sophos.record, CONNECTOR.record).split("\n");
  writeFileSync(path, lines.filter(isOffered).join("\n"));
}

rmSync(TO, { recursive: true, force: true });
mkdirSync(TO, { recursive: true });
for (const part of PAGE) {
  cpSync(join(ROOT, "preview", part), join(TO, part), { recursive: true });
}
adaptPage();
await writeMapper();
writeRules();
writeSamples();
