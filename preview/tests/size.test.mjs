/** How much the page loads and how soon it shows the mapped sample. The sizes have a bound; the times are printed. */

import assert from "node:assert/strict";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { gzipSync } from "node:zlib";

import { PREVIEW_DIR, serve, startBrowser } from "./browser.mjs";

const MOST_BYTES = 250_000;
const LOADS = 5;

const compressed = (file) => gzipSync(readFileSync(join(PREVIEW_DIR, file)), { level: 9 }).length;
const sum = (files) => files.map(compressed).reduce((total, bytes) => total + bytes, 0);
const kilobytes = (bytes) => `${(bytes / 1000).toFixed(1)} KB`;

function allFiles() {
  return readdirSync(PREVIEW_DIR, { recursive: true }).filter((file) => statSync(join(PREVIEW_DIR, file)).isFile());
}

/** Runs in the page before its own scripts: `shown` is the moment at which the first event has been painted. */
function watchForEvent() {
  globalThis.shown = new Promise((resolve) => {
    const look = (_, observer) => {
      if (!document.querySelector("#event")?.textContent.includes("class_uid")) return;
      observer.disconnect();
      // A task queued in an animation frame runs after the paint of that frame.
      requestAnimationFrame(() => setTimeout(() => resolve(performance.now())));
    };
    new MutationObserver(look).observe(document, { subtree: true, childList: true, characterData: true });
  });
}

/** Runs in the page: the files that came before the event was shown, and how long after the last of them that was. */
async function firstPaint() {
  const shown = await globalThis.shown;
  const [document] = performance.getEntriesByType("navigation");
  const loaded = [document, ...performance.getEntriesByType("resource")].filter(
    ({ responseEnd }) => responseEnd <= shown,
  );
  return {
    urls: loaded.map(({ name }) => name),
    milliseconds: shown - Math.max(...loaded.map(({ responseEnd }) => responseEnd)),
  };
}

/** Loads the page in a browser that has nothing of it cached. */
async function load(browser, url) {
  const context = await browser.newContext();
  const page = await context.newPage();
  await page.addInitScript(watchForEvent);
  await page.goto(url);
  const painted = await page.evaluate(firstPaint);
  await context.close();
  return painted;
}

test("all files together, compressed, stay below 250 KB", (t) => {
  const files = allFiles();
  const all = sum(files);
  t.diagnostic(`${files.length} files, compressed ${kilobytes(all)}; without samples.json ${kilobytes(all - compressed("samples.json"))}`);
  assert.ok(all < MOST_BYTES, `${all} bytes`);
});

test("the first paint loads a part of them", async (t) => {
  const server = await serve();
  t.after(() => server.close());
  const browser = await startBrowser();
  t.after(() => browser.close());
  const loads = [];
  while (loads.length < LOADS) loads.push(await load(browser, server.url));

  const files = loads[0].urls.map((url) => url.slice(server.url.length) || "index.html");
  t.diagnostic(`the first paint loads ${files.length} files, compressed ${kilobytes(sum(files))}`);
  const times = loads.map(({ milliseconds }) => milliseconds).sort((a, b) => a - b);
  const [least, median, most] = [0, Math.floor(LOADS / 2), LOADS - 1].map((index) => times[index].toFixed(0));
  t.diagnostic(`from the last byte to the paint of the mapped sample: ${median} ms, ${least} to ${most} of ${LOADS} loads`);

  assert.ok(files.includes("mapper/mapper.core.wasm"));
  assert.ok(!files.includes("samples.json"), "the samples come after the first paint");
});
