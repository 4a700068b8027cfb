/** `make preview` serves the page with headers at least as strict as the rules in its head. */

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

import { portOf, serve } from "../serve.mjs";
import { open, startBrowser } from "./browser.mjs";

test("the page is served with its own policy as a header, within which it works", async (t) => {
  const { url, close } = await serve(0);
  t.after(close);
  const response = await fetch(url);
  assert.equal(response.headers.get("x-content-type-options"), "nosniff");
  const [, own] = /http-equiv="Content-Security-Policy" content="([^"]+)"/.exec(await response.text());
  const directives = (policy) => policy.split(";").map((directive) => directive.trim());
  // Only a header can say who may frame the page.
  assert.deepEqual(
    directives(response.headers.get("content-security-policy")).sort(),
    [...directives(own), "frame-ancestors 'none'"].sort(),
  );

  const browser = await startBrowser();
  t.after(() => browser.close());
  const { complaints } = await open(browser, url);
  assert.deepEqual(complaints, []);
});

test("PORT is a port, and 8080 where it is empty or not set", () => {
  for (const [text, port] of [
    [undefined, 8080],
    ["", 8080],
    ["0", 0],
    ["65535", 65_535],
    ["65536", undefined],
    ["-1", undefined],
    ["8e3", undefined],
    ["80.5", undefined],
    [" ", undefined],
    ["abc", undefined],
  ]) {
    assert.equal(portOf(text), port, text);
  }
});

test("an invalid PORT is reported with the valid range", () => {
  const script = fileURLToPath(new URL("../serve.mjs", import.meta.url));
  const { status, stderr } = spawnSync(process.execPath, [script], { env: { PORT: "abc" }, encoding: "utf8" });
  assert.equal(status, 1);
  assert.equal(stderr, "PORT=abc cannot be served: it must be a number from 0 to 65535; PORT=0 takes any port that is free\n");
});
