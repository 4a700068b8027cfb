/** The page of the second connector: the same files with another mapper. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

process.env.PREVIEW_DIR = fileURLToPath(new URL("../../dist/preview-asset-list", import.meta.url));
const { lit, paste, shownEvent } = await import("./browser.mjs");
const { hasText, value, visit } = await import("./visit.mjs");

const ROW = readFileSync(new URL("../../connectors/asset-list/tests/rows/laptop.input.json", import.meta.url), "utf8");

test("a row of a list is explained", () =>
  visit(async (page) => {
    const { device } = await shownEvent(page);
    assert.equal(device.uid, "ci-001");
    assert.equal(device.type, "Laptop");

    await value(page, "event", "/device/network_interfaces/1/ip").hover();
    await hasText(page, "#why .rule", "an interface for each different address");
    assert.deepEqual(await lit(page, "source"), ["/ip/1"]);
    await value(page, "source", "/cost_center").hover();
    await hasText(page, "#why", "Unused: it is in no value of the event.");

    await paste(page, ROW.replace("EXAMPLE-LT-014", "EXAMPLE-PASTED"));
    await hasText(page, "#event", "EXAMPLE-PASTED");
    await paste(page, '{\n  "hostname": "no id"}');
    await hasText(page, "#why", "the record has no id");
  }));

test("only the dialect of the connector is offered", () =>
  visit(async (page) => {
    const dialects = page.locator("input[name=dialect]");
    assert.deepEqual(await dialects.evaluateAll((inputs) => inputs.map((input) => input.value)), ["ocsf"]);
    assert.ok(await dialects.isChecked());
    await hasText(page, "header", "A row of an asset list, the OCSF event");
  }));
