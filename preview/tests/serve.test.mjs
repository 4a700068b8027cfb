/** What `make preview` serves: the page, and headers no weaker than what the page asks for itself. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { serve } from "../serve.mjs";
import { open, startBrowser } from "./browser.mjs";

test("the page is served with its own policy as a header, within which it works", async (t) => {
  const { url, close } = await serve(0);
  t.after(close);
  const response = await fetch(url);
  assert.equal(response.headers.get("x-content-type-options"), "nosniff");
  const [, own] = /http-equiv="Content-Security-Policy" content="([^"]+)"/.exec(await response.text());
  const directives = (policy) => policy.split(";").map((directive) => directive.trim());
  // A page cannot say by itself who may frame it.
  assert.deepEqual(
    directives(response.headers.get("content-security-policy")).sort(),
    [...directives(own), "frame-ancestors 'none'"].sort(),
  );

  const browser = await startBrowser();
  t.after(() => browser.close());
  const { complaints } = await open(browser, url);
  assert.deepEqual(complaints, []);
});
