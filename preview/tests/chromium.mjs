/** The page as a person's browser has it: served on loopback, in Debian's Chromium. */

import { chromium } from "playwright-core";

import { serve } from "../serve.mjs";

/**
 * Serves dist/preview/ and starts a browser; both end with the test.
 *
 * @param {import("node:test").TestContext} t
 * @returns {Promise<{url: string, browser: import("playwright-core").Browser}>}
 */
export async function start(t) {
  const server = await serve(0);
  t.after(() => server.close());
  const browser = await chromium.launch({ executablePath: "/usr/bin/chromium" });
  t.after(() => browser.close());
  return { url: server.url, browser };
}
