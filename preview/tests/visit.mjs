/** A visit to the page in a real browser, for the tests; each one also proves that nothing leaves the page. */

import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before } from "node:test";

import { open, PREVIEW_DIR, serve, startBrowser } from "./browser.mjs";

/** The table of rules, by dialect. */
export const RULES = JSON.parse(readFileSync(join(PREVIEW_DIR, "rules.json"), "utf8"));

const FILES = readdirSync(PREVIEW_DIR, { recursive: true });

/** The server and the browser of a test file, from its first test to its last. */
export const running = {};
before(async () => {
  running.server = await serve();
  running.browser = await startBrowser();
});
after(async () => {
  await running.browser?.close();
  await running.server?.close();
});

/** Opens the page, acts, and checks that it only requested its own files and logged no error. */
export async function visit(act, options = {}, hash = "") {
  const { browser, server } = running;
  const visited = await open(browser, server.url + hash, options);
  try {
    await act(visited.page);
    assert.deepEqual(visited.complaints, []);
    const foreign = visited.requests
      .filter((url) => url.split("#")[0] !== server.url && !url.startsWith("blob:"))
      .filter((url) => !url.startsWith(server.url) || !FILES.includes(url.slice(server.url.length)));
    assert.deepEqual(foreign, []);
  } finally {
    await visited.close();
  }
}

/** Waits until an element has a text. */
export const hasText = (page, selector, text) => page.locator(selector, { hasText: text }).waitFor();

/** A value on the side `source` or `event`. */
export const value = (page, side, pointer) => page.locator(`#${side} [role=treeitem][data-pointer="${pointer}"]`);
