/**
 * Builds the page in dist/preview/: its files, the mapper as jco transpiles it, the tables of rules and the
 * samples. `make preview-build` builds the mapper and the examples of the crate before.
 */

import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

import { componentNew, transpile } from "@bytecodealliance/jco";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const TO = join(ROOT, "dist/preview");
const PAGE = ["index.html", "style.css", "icon.svg", "scripts", "mapper.js", "clock.js"];
const CORE = "target/wasm32-unknown-unknown/mapper/sophos_assets.wasm";
const RULES = "target/release/examples/rules";
const FIRST_SAMPLE = "specification-sample";

/** Writes the component beside the connector, and returns it. */
async function makeComponent() {
  const component = await componentNew(readFileSync(join(ROOT, CORE)));
  writeFileSync(join(ROOT, "dist/sophos-mapper.wasm"), component);
  return component;
}

async function writeMapper(component) {
  const { files } = await transpile(component, {
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
  writeFileSync(join(TO, "rules.json"), execFileSync(join(ROOT, RULES), ["json"]));
}

/** The golden inputs in a folder, by name, the specification's own first. */
function samples(folder, more) {
  const suffix = ".input.json";
  const isFirst = ({ name }) => name === FIRST_SAMPLE;
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
  const mapped = samples("tests/golden");
  const [first] = mapped;
  if (first?.name !== FIRST_SAMPLE) throw new Error(`tests/golden/${FIRST_SAMPLE}.input.json is missing`);
  const all = [...mapped, ...samples("tests/golden/refused", { refused: true })];
  writeFileSync(join(TO, "samples.json"), JSON.stringify(all));
  writeFileSync(join(TO, "sample.json"), JSON.stringify(first));
}

rmSync(TO, { recursive: true, force: true });
mkdirSync(TO, { recursive: true });
for (const part of PAGE) {
  cpSync(join(ROOT, "preview", part), join(TO, part), { recursive: true });
}
await writeMapper(await makeComponent());
writeRules();
writeSamples();
