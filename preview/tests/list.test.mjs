/** What a person does with many endpoints on the page, in a real browser. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { drop, paste, shownEvent } from "./browser.mjs";
import { apiPage, endpoint } from "./endpoints.mjs";
import { hasText, value, visit } from "./visit.mjs";

const CLIPBOARD = { permissions: ["clipboard-read", "clipboard-write"] };

test("a dropped page of the API is a list with bars; its bad record is refused alone, with its place", () =>
  visit(async (page) => {
    await drop(page, { name: "fleet.json", content: apiPage(12, 4) });
    await hasText(page, "#fleet-progress", "12 endpoints, 1 refused");
    const counts = (key) =>
      page.locator(`#fleet-bars [data-key=${key}] .legend button`).evaluateAll((buttons) =>
        Object.fromEntries(buttons.map((button) => [button.dataset.word, Number(button.querySelector("b").textContent)])));
    assert.deepEqual(await counts("type"), { Desktop: 7, Server: 4 });
    assert.deepEqual(await counts("os"), { windows: 5, linux: 3, macos: 3 });
    assert.deepEqual(await counts("health"), { good: 6, suspicious: 3, bad: 3 });
    assert.deepEqual(await counts("trust"), { trusted: 5, "not trusted": 6 });
    assert.deepEqual(await counts("outcome"), { mapped: 11, refused: 1 });
    assert.equal(await page.locator("#fleet-rows tbody tr").count(), 12);

    await page.locator("#fleet-bars [data-key=outcome] .segment").last().click();
    await hasText(page, "#fleet-progress", "1 shown");
    const refused = page.locator("#fleet-rows tbody tr");
    assert.match(await refused.textContent(), /fleet\.json, line 6: .*hostname/);
    await refused.click();
    await hasText(page, "#reject", "line 6 of fleet.json");
    assert.match(
      await page.locator("#reject .where").textContent(),
      /^Line 1, column \d+ of this record; line 6 of fleet\.json$/,
    );

    await page.locator("#fleet-close").click();
    await page.locator("#fleet").waitFor({ state: "hidden" });
    await hasText(page, "#reject", "hostname");
  }));

test("a selected endpoint can be edited, and its row follows", () =>
  visit(async (page) => {
    await drop(page, { name: "fleet.json", content: `${JSON.stringify(endpoint(1))}\n{"id": \n${JSON.stringify(endpoint(2))}\n` });
    await hasText(page, "#fleet-progress", "3 endpoints, 1 refused");
    await page.locator("#fleet-rows button", { hasText: "line 2" }).click();
    await hasText(page, "#reject", "line 2 of fleet.json");
    await page.locator("#text").fill(JSON.stringify(endpoint(3)));
    await hasText(page, "#fleet-progress", "3 endpoints, 0 refused");
    assert.equal((await shownEvent(page)).device.hostname, "example-3");
  }));

test("a line that is not UTF-8 is refused alone", () =>
  visit(async (page) => {
    const line = [...Buffer.from(`${JSON.stringify(endpoint(1))}\n`)];
    await drop(page, { name: "lines.ndjson", content: [...line, ...Buffer.from('{"id": "'), 0xff, 10, ...line] });
    await hasText(page, "#fleet-progress", "3 endpoints, 1 refused");
    await hasText(page, "#fleet-rows .fault", "lines.ndjson, line 2: not UTF-8");
  }));

test("twenty thousand endpoints: every one is counted, some hundred rows are drawn", () =>
  visit(async (page) => {
    await drop(page, { name: "fleet.json", content: apiPage(20_000, 19_999) });
    await hasText(page, "#fleet-progress", "20,000 endpoints, 1 refused");
    assert.equal(await page.locator("#fleet-rows tbody tr").count(), 200);
    await page.locator("#fleet-rows > button").click();
    assert.equal(await page.locator("#fleet-rows tbody tr").count(), 400);
    await page.locator("#fleet-find").fill("example-12345");
    await hasText(page, "#fleet-progress", "; 1 shown");
    await page.locator("#fleet-rows tbody button").click();
    await hasText(page, "#event", "example-12345");
  }));

test("the filter of a list stays when the dialect or the omitted paths change", () =>
  visit(async (page) => {
    await drop(page, { name: "fleet.json", content: apiPage(12) });
    await hasText(page, "#fleet-progress", "12 endpoints, 0 refused");
    await page.locator("#fleet-bars [data-word=bad]").click();
    await hasText(page, "#fleet-progress", "3 shown");
    await page.locator("#omit").fill("device.desc");
    await hasText(page, "#fleet-progress", "12 endpoints, 0 refused, before what is omitted; 3 shown");
    await page.locator("#omit").fill("");
    await hasText(page, "#fleet-progress", "12 endpoints, 0 refused; 3 shown");
    await page.getByRole("radio", { name: "ocsf" }).check();
    await hasText(page, "#fleet-progress", "3 shown");
    assert.equal(await page.locator("#fleet-rows tbody tr").count(), 3);
    await page.locator("#fleet-bars [data-word=bad]").click();
    await hasText(page, "#fleet-progress", "12 endpoints");
  }));

test("the focused row of a list keeps the focus when the list is redrawn", () =>
  visit(async (page) => {
    await drop(page, { name: "fleet.json", content: apiPage(5) });
    await hasText(page, "#fleet-progress", "5 endpoints, 0 refused");
    await page.locator("#fleet-rows tbody button").nth(2).focus();
    await page.evaluate(() => {
      document.querySelector("#fleet-find").value = "example";
      document.querySelector("#fleet-find").dispatchEvent(new Event("input"));
    });
    assert.equal(await page.evaluate(() => document.activeElement.textContent), "example-2");
  }));

test("an endpoint that is pasted over the selected one is an edit of the list", () =>
  visit(async (page) => {
    await drop(page, { name: "fleet.json", content: apiPage(3, 0) });
    await hasText(page, "#fleet-progress", "3 endpoints, 1 refused");
    await paste(page, JSON.stringify(endpoint(7)));
    await hasText(page, "#fleet-progress", "3 endpoints, 0 refused");
    await page.locator("#fleet-rows button", { hasText: "example-7" }).waitFor();
  }, CLIPBOARD));

test("a line that is not UTF-8 is still refused when the list is closed", () =>
  visit(async (page) => {
    const bad = [...Buffer.from(JSON.stringify(endpoint(2)).replace("Example", "")), 10];
    bad.splice(bad.indexOf(0x22) + 1, 0, 0xff);
    await drop(page, { name: "lines.ndjson", content: [...bad, ...Buffer.from(JSON.stringify(endpoint(1)))] });
    await hasText(page, "#fleet-progress", "2 endpoints, 1 refused");
    await page.locator("#fleet-close").click();
    await hasText(page, "#reject", "not UTF-8");
  }));
