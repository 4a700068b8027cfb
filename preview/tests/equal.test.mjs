/**
 * The preview, the host and a plain native build give byte-equal events, whatever the endpoint, and refuse the
 * same texts for the same reason at the same place.
 */

import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, suite, test } from "node:test";
import { fileURLToPath } from "node:url";

import { serve, startBrowser } from "./browser.mjs";
import { generate, host, native, NOW, preview } from "./mappings.mjs";

/** The manifest's, the one of `map` first. */
const DIALECTS = ["sekoia", "ocsf"];
const GENERATED = 2_000;

/** The inputs in a folder of golden files. */
function golden(folder) {
  const path = fileURLToPath(new URL(`../../tests/${folder}`, import.meta.url));
  const files = readdirSync(path)
    .filter((file) => file.endsWith(".input.json"))
    .sort()
    .map((file) => join(path, file));
  assert.notEqual(files.length, 0, `${path} holds no golden files`);
  return { files, texts: files.map((file) => readFileSync(file, "utf8")) };
}

/** Compares one by one, so that a difference names its text. */
function assertEqual(outcomes, expected, texts) {
  assert.equal(outcomes.length, expected.length);
  expected.forEach((one, index) => assert.deepEqual(outcomes[index], one, texts[index]));
}

/** Whether the host hands a text to the component as it is, instead of taking it apart or refusing it itself. */
function isOneValue(text) {
  try {
    return !Array.isArray(JSON.parse(text));
  } catch {
    return false;
  }
}

/** Whether a text was mapped. */
const isEvent = (outcome) => typeof outcome === "string";

suite("preview, host and native build", () => {
  let server;
  let browser;
  let page;
  before(async () => {
    server = await serve();
    browser = await startBrowser();
    page = await browser.newPage();
    await page.clock.setFixedTime(NOW);
    await page.goto(server.url);
  });
  after(async () => {
    await browser?.close();
    await server?.close();
  });

  for (const dialect of DIALECTS) {
    const isFirst = dialect === DIALECTS[0];

    test(`events of the golden corpus in ${dialect}`, async () => {
      const { files, texts } = golden("golden");
      const expected = native(texts, dialect);
      assert.deepEqual(expected.filter((outcome) => typeof outcome !== "string"), []);
      assertEqual(await preview(page).events(texts, dialect), expected, texts);
      assert.deepEqual(host(files, dialect), { events: expected, refused: [], more: 0 });
      if (!isFirst) return;
      assertEqual(await preview(page).map(texts), expected, texts);
      assert.deepEqual(host(files), { events: expected, refused: [], more: 0 });
    });

    test(`what is refused in ${dialect}`, async () => {
      const { files, texts } = golden("golden/refused");
      const expected = native(texts, dialect);
      // An endpoint without a host name is refused in the first dialect alone.
      assert.equal(expected.some(isEvent), !isFirst);
      assertEqual(await preview(page).events(texts, dialect), expected, texts);
      if (isFirst) assertEqual(await preview(page).map(texts), expected, texts);

      const whole = files.filter((_, index) => isOneValue(texts[index]));
      const outcomes = whole.map((file) => expected[files.indexOf(file)]);
      // The host reports no column.
      const refused = outcomes.flatMap((outcome, index) =>
        isEvent(outcome) ? [] : [{ file: whole[index], line: outcome.line, message: outcome.message }],
      );
      assert.notEqual(refused.length, 0);
      const found = host(whole, dialect);
      assert.deepEqual(found.events, outcomes.filter(isEvent));
      assert.deepEqual(found.refused, refused.slice(0, found.refused.length));
      assert.equal(found.refused.length + found.more, refused.length);
    });

    test(`${GENERATED} generated endpoints in ${dialect}`, async (t) => {
      const texts = generate(GENERATED);
      assert.equal(texts.length, GENERATED);
      const expected = native(texts, dialect);
      assertEqual(await preview(page).events(texts, dialect), expected, texts);

      const folder = mkdtempSync(join(tmpdir(), "preview-"));
      t.after(() => rmSync(folder, { recursive: true }));
      const file = join(folder, "endpoints.ndjson");
      writeFileSync(file, texts.map((text) => `${text}\n`).join(""));
      const { events, refused, more } = host([file], dialect);
      assertEqual(events, expected.filter(isEvent), texts.filter((_, index) => isEvent(expected[index])));
      const complaints = expected.flatMap((outcome, index) =>
        isEvent(outcome) ? [] : [{ file, line: index + 1, message: outcome.message }],
      );
      assert.notEqual(refused.length, 0);
      assert.deepEqual(refused, complaints.slice(0, refused.length));
      assert.equal(refused.length + more, complaints.length);
      t.diagnostic(`${events.length} events, ${complaints.length} refused`);
    });

    test(`explanations in ${dialect}`, async () => {
      const texts = [...golden("golden").texts, ...generate(GENERATED)];
      assertEqual(await preview(page).explanations(texts, dialect), native(texts, dialect, "--explain"), texts);
    });
  }
});
