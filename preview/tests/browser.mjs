/** What the browser tests stand on: a static server over the built page, and a Chromium that is watched. */

import { createServer } from "node:http";
import { fileURLToPath } from "node:url";
import { resolve } from "node:path";
import { chromium } from "playwright-core";
import sirv from "sirv";

const here = (path) => fileURLToPath(new URL(path, import.meta.url));

/** The built page. */
export const PREVIEW_DIR = resolve(process.env.PREVIEW_DIR ?? here("../../dist/preview"));

/** Where screenshots are left for people to look at. */
export const SCREENSHOTS = resolve(process.env.SCREENSHOTS ?? here("../../dist/preview-screenshots"));

/** How long anything may take before a test gives up waiting for it. */
const PATIENCE = 30_000;

/**
 * Serves the built page on loopback, below a sub-path: the page must work under any path.
 *
 * @returns {Promise<{url: string, close: () => Promise<void>}>}
 */
export async function serve() {
  const files = sirv(PREVIEW_DIR, { dev: true });
  const server = createServer((request, response) => {
    const notFound = () => {
      response.statusCode = 404;
      response.end();
    };
    if (!request.url.startsWith("/some/where/")) return notFound();
    request.url = request.url.slice("/some/where".length);
    return files(request, response, notFound);
  });
  await new Promise((done) => server.listen(0, "127.0.0.1", done));
  return {
    url: `http://127.0.0.1:${server.address().port}/some/where/`,
    close: () => new Promise((done) => server.close(done)),
  };
}

/** How often Chromium may crash before it has started: seen once in some hundred starts, by SIGSEGV. */
const STARTS = 3;

/**
 * Starts Debian's Chromium, or the one that CHROMIUM names.
 *
 * @returns {Promise<import("playwright-core").Browser>}
 */
export async function startBrowser() {
  for (let start = 1; ; start += 1) {
    try {
      return await chromium.launch({
        executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
        args: [
          "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
          "--disable-background-networking", "--disable-component-update", "--disable-sync",
        ],
      });
    } catch (error) {
      if (start === STARTS) throw error;
      console.error(`Chromium did not start, once more: ${error.message.split("\n")[0]}`);
    }
  }
}

/**
 * Opens the page and keeps every request, console message, error and violation of the policy.
 *
 * @param {import("playwright-core").Browser} browser
 * @param {string} url
 * @param {import("playwright-core").BrowserContextOptions} [options]
 * @returns {Promise<{page: import("playwright-core").Page, requests: string[], complaints: string[], close: () => Promise<void>}>}
 */
export async function open(browser, url, options = {}) {
  const context = await browser.newContext({ viewport: { width: 1360, height: 860 }, ...options });
  const page = await context.newPage();
  page.setDefaultTimeout(PATIENCE);
  const requests = [];
  const complaints = [];
  context.on("request", (request) => requests.push(request.url()));
  page.on("requestfailed", (request) => complaints.push(`failed: ${request.url()}`));
  page.on("response", (response) => {
    if (response.status() >= 400) complaints.push(`${response.status()}: ${response.url()}`);
  });
  page.on("console", (message) => complaints.push(`console ${message.type()}: ${message.text()}`));
  page.on("pageerror", (error) => complaints.push(`page error: ${error.stack ?? error.message}`));
  await page.addInitScript(() => {
    addEventListener("securitypolicyviolation", (event) =>
      console.error(`policy: ${event.violatedDirective} ${event.blockedURI}`));
  });
  await page.goto(url);
  await page.locator("#event [role=treeitem]").first().waitFor();
  return { page, requests, complaints, close: () => context.close() };
}

/**
 * Drops files on the page, as a person does from the desktop.
 *
 * @param {import("playwright-core").Page} page
 * @param {...{name: string, content: string|number[]}} files
 */
export async function drop(page, ...files) {
  const dataTransfer = await page.evaluateHandle((given) => {
    const transfer = new DataTransfer();
    for (const { name, content } of given) {
      const bytes = typeof content === "string" ? content : new Uint8Array(content);
      transfer.items.add(new File([bytes], name, { type: "application/json" }));
    }
    return transfer;
  }, files);
  await page.dispatchEvent("body", "dragover", { dataTransfer });
  await page.dispatchEvent("body", "drop", { dataTransfer });
}

/**
 * Pastes a text over all of the endpoint's field, with the real clipboard.
 *
 * @param {import("playwright-core").Page} page of a context that may use the clipboard
 * @param {string} text
 */
export async function paste(page, text) {
  await page.evaluate((content) => navigator.clipboard.writeText(content), text);
  await page.locator("#text").focus();
  await page.keyboard.press("Control+a");
  await page.keyboard.press("Control+v");
}

/**
 * The pointers of what is lit on one side, sorted.
 *
 * @param {import("playwright-core").Page} page
 * @param {"source"|"event"} side
 * @returns {Promise<string[]>}
 */
export function lit(page, side) {
  return page
    .locator(`#${side} .lit`)
    .evaluateAll((places) => places.map((place) => place.dataset.pointer).sort());
}

/**
 * The event as the page shows it.
 *
 * @param {import("playwright-core").Page} page
 * @returns {Promise<object>}
 */
export async function shownEvent(page) {
  return JSON.parse(await page.locator("#event [role=tree]").textContent());
}
