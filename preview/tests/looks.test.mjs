/** How the page looks, for people: screenshots are left as files. And what axe finds in each of them. */

import assert from "node:assert/strict";
import { mkdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { after, before, test } from "node:test";

import { drop, open, SCREENSHOTS, serve, startBrowser } from "./browser.mjs";
import { apiPage } from "./endpoints.mjs";

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const PHONE = { viewport: { width: 390, height: 844 }, hasTouch: true };
const NARROW = { viewport: { width: 320, height: 1000 }, hasTouch: true };
const FORCED = { forcedColors: "active" };
const DARK = { colorScheme: "dark" };

let server;
let browser;
before(async () => {
  mkdirSync(SCREENSHOTS, { recursive: true });
  server = await serve();
  browser = await startBrowser();
});
after(async () => {
  await browser?.close();
  await server?.close();
});

async function explained(page) {
  await page.locator('#event [data-pointer="/device/is_trusted"]').click();
  await page.locator("#why .facts").waitFor();
}

async function listed(page) {
  await drop(page, { name: "fleet.json", content: apiPage(240, 5) });
  await page.locator("#fleet-progress", { hasText: "240 endpoints" }).waitFor();
}

async function refused(page) {
  await listed(page);
  await page.locator("#fleet-rows tr", { has: page.locator(".fault") }).click();
  await page.locator("#reject").waitFor();
}

async function omitted(page) {
  await page.getByRole("radio", { name: "ocsf" }).check();
  await page.locator("#omit").fill("device.owner");
  await page.locator("#omitted-list li").first().waitFor();
}

async function unused(page) {
  await page.locator("#unused summary").click();
}

async function sampled(page) {
  await page.locator("#samples-open").click();
  await page.locator("#samples-list button").first().waitFor();
}

/** What is wrong in earnest, as axe sees it. */
async function faults(page) {
  // Injected by the debugger, since the page's policy would refuse it as a script.
  await page.evaluate(AXE);
  const { violations } = await page.evaluate(() => globalThis.axe.run(document));
  return violations
    .filter(({ impact }) => impact === "serious" || impact === "critical")
    .map(({ id, nodes }) => `${id}: ${nodes.map(({ target, failureSummary }) => `${target} ${failureSummary}`).join("; ")}`);
}

for (const [name, options, act] of [
  ["light", {}, explained],
  ["dark", DARK, explained],
  ["phone", PHONE, explained],
  ["phone-dark", { ...PHONE, ...DARK }, explained],
  ["list", {}, listed],
  ["list-dark", DARK, listed],
  ["list-phone", PHONE, listed],
  ["list-narrow", NARROW, listed],
  ["list-forced-colors", FORCED, listed],
  ["reject", {}, refused],
  ["reject-phone", PHONE, refused],
  ["reject-dark", DARK, refused],
  ["omit", {}, omitted],
  ["unused", {}, unused],
  ["samples", {}, sampled],
]) {
  test(`${name}: a screenshot, and no serious fault`, async () => {
    const { page, close } = await open(browser, server.url, options);
    await act(page);
    assert.deepEqual(await faults(page), []);
    const isWider = await page.evaluate(() => {
      const { scrollWidth, clientWidth } = document.documentElement;
      return scrollWidth > clientWidth;
    });
    assert.ok(!isWider, "nothing is wider than the window");
    await page.screenshot({ path: join(SCREENSHOTS, `${name}.png`) });
    await close();
  });
}
