/** What the mapper may reach: a clock. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { componentWit } from "@bytecodealliance/jco";

const DIST = new URL("../../dist/", import.meta.url);

test("the component imports a clock and, as types alone, the contract", async () => {
  const wit = await componentWit(readFileSync(new URL("sophos-mapper.wasm", DIST)));
  const imports = [...wit.matchAll(/^\s*import ([^@;]+)/gm)].map(([, name]) => name);
  assert.deepEqual(imports.sort(), ["inventory:connector/types", "wasi:clocks/wall-clock"]);
});

test("its code can call the clock and nothing else", async () => {
  const core = await WebAssembly.compile(readFileSync(new URL("preview/mapper/mapper.core.wasm", DIST)));
  const functions = WebAssembly.Module.imports(core).map(({ module, name }) => [module.split("@")[0], name]);
  assert.deepEqual(functions, [["wasi:clocks/wall-clock", "now"]]);
});
