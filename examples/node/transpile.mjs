/** Turns a component into JavaScript, once for each component and version of jco. */

import { createHash } from "node:crypto";
import { access, mkdir, mkdtemp, readFile, rename, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";

import { transpileBytes } from "@bytecodealliance/jco-transpile";

/** The name by which Node.js takes what jco writes for a module. */
const MODULE = "component.mjs";

/** Returns the URL of the module that a component becomes. What is in the cache already is not made again. */
export async function transpile(path, cache) {
  const component = await readFile(path);
  const { dependencies } = JSON.parse(await readFile(new URL("package.json", import.meta.url), "utf8"));
  const jco = dependencies["@bytecodealliance/jco-transpile"];
  const digest = createHash("sha256").update(jco).update(component).digest("hex");
  const folder = join(cache, digest);
  const module = join(folder, MODULE);
  const made = await access(module).then(() => true, () => false);
  if (!made) await write(component, cache, folder);
  return pathToFileURL(module).href;
}

/** Writes the files into a folder of their own, and moves it to its place whole: two processes may do so at once. */
async function write(component, cache, folder) {
  const { files } = await transpileBytes(component, {
    name: "component",
    // As a function: each call makes an instance of its own, with imports of its own.
    instantiation: "async",
    emitTypescriptDeclarations: false,
  });
  await mkdir(cache, { recursive: true });
  const unfinished = await mkdtemp(join(cache, "unfinished-"));
  for (const [name, bytes] of Object.entries(files)) {
    const file = join(unfinished, name === "component.js" ? MODULE : name);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, bytes);
  }
  await rename(unfinished, folder).catch(() => rm(unfinished, { recursive: true }));
}
