/** What a person does with one endpoint on the page, in a real browser. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";

import { drop, lit, open, paste, PREVIEW_DIR, shownEvent } from "./browser.mjs";
import { apiPage, endpoint, SAMPLE, SAMPLE_EVENT } from "./endpoints.mjs";
import { hasText, RULES, running, value, visit } from "./visit.mjs";

const CLIPBOARD = { permissions: ["clipboard-read", "clipboard-write"] };

const rule = (path, dialect = "sekoia") => RULES[dialect].find((row) => row.path === path).rule;

test("the sample is mapped at once", () =>
  visit(async (page) => {
    assert.deepEqual(await shownEvent(page), SAMPLE_EVENT);
    assert.equal(await page.locator("#text").inputValue(), SAMPLE);
    assert.equal(await page.locator("#rules tbody tr").count(), RULES.sekoia.length);
  }));

test("a pasted endpoint is mapped, and is_trusted shows its three sources and its rule", () =>
  visit(async (page) => {
    await paste(page, SAMPLE.replaceAll("example-workstation", "example-pasted"));
    await hasText(page, "#event", "example-pasted");
    assert.equal((await shownEvent(page)).device.hostname, "example-pasted");

    await value(page, "event", "/device/is_trusted").hover();
    await hasText(page, "#why", "device.is_trusted");
    assert.deepEqual(await lit(page, "source"), ["/health/overall", "/isolation/status", "/tamperProtectionEnabled"]);
    await hasText(page, "#why .rule", rule("device.is_trusted"));
    assert.deepEqual(
      await page.locator("#why .facts li").evaluateAll((rows) => rows.map((row) => row.textContent).sort()),
      ['/health/overall"bad"', '/isolation/status"notIsolated"', "/tamperProtectionEnabledtrue"],
    );
    assert.deepEqual(
      await page.locator("#rules tr.lit").evaluateAll((rows) => rows.map((row) => row.dataset.path)),
      ["device.is_trusted"],
    );
  }, CLIPBOARD));

test("a source field shows what it became", () =>
  visit(async (page) => {
    await value(page, "source", "/hostname").hover();
    await hasText(page, "#why", "Makes 3 values");
    assert.deepEqual(await lit(page, "event"), ["/device/hostname", "/device/name", "/device/network_interfaces/0/hostname"]);
    assert.deepEqual(await lit(page, "source"), []);

    await value(page, "source", "/os/build").hover();
    await hasText(page, "#why", "Unused: it is in no value of the event.");
    assert.deepEqual(await lit(page, "event"), []);
    assert.match(await value(page, "source", "/os/build").getAttribute("aria-label"), /, unused$/);
    await page.locator("#unused summary").click();
    await page.locator("#unused-list button", { hasText: "/os/build" }).waitFor();
  }));

test("a constant says that it is one", () =>
  visit(async (page) => {
    await value(page, "event", "/class_uid").hover();
    await hasText(page, "#why", "None: a constant");
    assert.match(await page.locator("#why-said").textContent(), /, from no source field\. Rule: /);
    assert.deepEqual(await lit(page, "source"), []);
  }));

test("a text that is no endpoint is refused with its place, which can be selected", () =>
  visit(async (page) => {
    const text = '{\n  "id": "00000000-0000-0000-0000-000000000001",\n  "hostname": "ä", nonsense\n}';
    await paste(page, text);
    await hasText(page, "#reject .where", "Line 3, column ");
    await hasText(page, "#why", "There is no event: the text is not JSON");
    assert.ok(await page.locator("#event").isHidden());
    assert.ok(await page.locator("#copy").isDisabled());
    assert.match(await page.locator("#reject pre").textContent(), /"hostname": "ä", nonsense/);
    await page.locator("#reject button").click();
    const selected = await page.locator("#text").evaluate((field) => ({
      has: document.activeElement === field,
      before: field.value.slice(0, field.selectionStart),
      selected: field.value.slice(field.selectionStart, field.selectionEnd),
    }));
    assert.ok(selected.has);
    assert.match(selected.before, /"ä", ?$/);
    assert.equal(selected.selected.length, 1);
  }, CLIPBOARD));

test("the dialect is switched, and the address keeps it", () =>
  visit(async (page) => {
    await page.getByRole("radio", { name: "ocsf" }).check();
    await hasText(page, "#rules-count", `${RULES.ocsf.length} rules`);
    assert.equal(Math.floor((await shownEvent(page)).time / 1000), SAMPLE_EVENT.time);
    assert.equal(await page.locator("#rules tbody tr").count(), RULES.ocsf.length);
    assert.equal(new URL(page.url()).hash, "#dialect=ocsf");
    await page.reload();
    await page.locator("#event [role=treeitem]").first().waitFor();
    assert.ok(await page.getByRole("radio", { name: "ocsf" }).isChecked());
    assert.equal(Math.floor((await shownEvent(page)).time / 1000), SAMPLE_EVENT.time);
    assert.deepEqual(await page.evaluate(() => [localStorage.length, sessionStorage.length, document.cookie]), [0, 0, ""]);
  }));

test("omitted attributes are listed and not in the event", () =>
  visit(async (page) => {
    await page.locator("#omit").fill("device.desc, device.groups[].uid");
    await hasText(page, "#omitted summary", "2 omitted values");
    const { device } = await shownEvent(page);
    assert.equal(device.desc, undefined);
    assert.deepEqual(device.groups, [{ name: SAMPLE_EVENT.device.groups[0].name }]);
    await hasText(page, "#omitted-list", rule("device.desc"));
    await value(page, "source", "/associatedPerson/name").hover();
    await hasText(page, "#why", "device.desc (omitted)");

    await page.locator("#omit").press("Enter");
    assert.equal(new URL(page.url()).hash, "#omit=device.desc,device.groups[].uid".replaceAll("[]", "%5B%5D"));

    await page.locator("#omit").fill("device.nonsense");
    await hasText(page, "#omit-fault", "Nothing is omitted below, so it cannot be copied or downloaded.");
    await hasText(page, "#said", "Nothing is omitted: ");
    assert.deepEqual(await shownEvent(page), SAMPLE_EVENT);
    const canBeHad = () => Promise.all(["#copy", "#download"].map((button) => page.locator(button).isEnabled()));
    assert.deepEqual(await canBeHad(), [false, false], "it holds what was to be left out");
    await page.locator("#omit").press("Enter");
    assert.equal(new URL(page.url()).hash, "", "what may be part of an endpoint stays out of the address");

    await page.locator("#omit").fill("device.desc");
    await hasText(page, "#omitted summary", "1 omitted value");
    assert.deepEqual(await canBeHad(), [true, true]);
  }));

test("what the Omit field has for an example can be omitted in the dialect", () =>
  visit(async (page) => {
    const examples = new Set();
    for (const dialect of Object.keys(RULES)) {
      await page.locator("#omit").fill("");
      await page.getByRole("radio", { name: dialect }).check();
      const example = await page.locator("#omit").getAttribute("placeholder");
      examples.add(example);
      await page.locator("#omit").fill(example);
      await page.locator("#omitted li").first().waitFor();
      assert.ok(await page.locator("#omit-fault").isHidden());
    }
    assert.equal(examples.size, 2);
  }));

test("the rules tell of a field that none reads, of the whole endpoint, and of what omit cannot name alone", () =>
  visit(async (page) => {
    const shown = page.locator("#rules tbody tr:visible");
    const paths = () => shown.evaluateAll((rows) => rows.map((row) => row.dataset.path));
    for (const [dialect, outcome] of [["sekoia", "is in no event."], ["ocsf", "goes under unmapped, where it stood."]]) {
      await page.getByRole("radio", { name: dialect }).check();
      await page.locator("#rules-filter").fill("tags");
      await hasText(page, "#rules [role=status]", `A field of the endpoint that no rule reads ${outcome}`);
      assert.deepEqual(await paths(), []);
      await page.locator("#rules-filter").fill("");
      assert.equal(await page.locator("#rules [role=status]").textContent(), "");
      assert.deepEqual(
        await page.locator("#rules tr", { hasText: "not omitted alone" }).evaluateAll((rows) => rows.map((row) => row.dataset.path)),
        RULES[dialect].filter(({ required }) => required).map(({ path }) => path),
      );
    }
    await page.locator("#rules-filter").fill("the whole endpoint");
    assert.deepEqual(await paths(), RULES.ocsf.filter(({ sources }) => sources.includes("")).map(({ path }) => path));
    assert.equal(await shown.last().locator(".from").textContent(), "the whole endpoint");
  }));

test("the event is copied and downloaded as one line", () =>
  visit(async (page) => {
    await page.locator("#copy").click();
    await hasText(page, "#copy", "Copied");
    const copied = await page.evaluate(() => navigator.clipboard.readText());
    assert.ok(!copied.includes("\n"));
    assert.deepEqual(JSON.parse(copied), SAMPLE_EVENT);
    const [download] = await Promise.all([page.waitForEvent("download"), page.locator("#download").click()]);
    assert.equal(readFileSync(await download.path(), "utf8"), `${copied}\n`);
  }, CLIPBOARD));

test("everything can be done with the keyboard alone", () =>
  visit(async (page) => {
    const focused = () => page.evaluate(() => document.activeElement.dataset.pointer ?? document.activeElement.id);
    const tabTo = async (wanted) => {
      for (let step = 0; step < 40 && (await focused()) !== wanted; step += 1) await page.keyboard.press("Tab");
      assert.equal(await focused(), wanted);
    };
    await tabTo("samples-open");
    await page.keyboard.press("Enter");
    await page.locator("#samples-list button").first().waitFor();
    await page.keyboard.press("Escape");
    await page.locator("#samples").waitFor({ state: "hidden" });

    await tabTo("/id");
    await page.keyboard.press("ArrowDown");
    assert.equal(await focused(), "/type");
    await hasText(page, "#why", "Makes 2 values");
    await tabTo("/activity_id");
    await page.keyboard.press("End");
    await page.keyboard.press("Home");
    for (let step = 0; step < 80 && (await focused()) !== "/device/is_trusted"; step += 1) {
      await page.keyboard.press("ArrowDown");
    }
    await page.keyboard.press("Enter");
    await hasText(page, "#said", "Pinned. device.is_trusted is false, from ");
    const described = await page.evaluate(() =>
      document.getElementById(document.activeElement.getAttribute("aria-describedby")).textContent);
    assert.match(described, /\/health\/overall, "bad".*Rule: /s);

    await page.keyboard.press("ArrowUp");
    assert.equal(await focused(), "/device/is_compliant");
    assert.equal((await lit(page, "source")).length, 3, "what is pinned stays");
    await page.keyboard.press("Escape");
    await hasText(page, "#said", "Unpinned.");
    assert.deepEqual(await lit(page, "source"), []);
  }));

test("the samples can be picked, those that are refused among them", () =>
  visit(async (page) => {
    await page.locator("#samples-open").click();
    await page.locator("#samples-list button").first().waitFor();
    const samples = JSON.parse(readFileSync(join(PREVIEW_DIR, "samples.json"), "utf8"));
    assert.equal(await page.locator("#samples-list li").count(), samples.length);
    const refused = samples.find((sample) => sample.refused);
    await page.locator(`#samples-list [data-name="${refused.name}"] button`).click();
    await page.locator("#reject").waitFor();
  }));

test("numbers are shown as written, and a name that comes twice is shown twice", () =>
  visit(async (page) => {
    await paste(page, '{"id": "a", "hostname": "b", "x": 12345678901234567890.10, "y": 1E2, "y": 3}');
    await value(page, "source", "/x").waitFor();
    assert.match(await page.locator("#source").textContent(), /"x": 12345678901234567890\.10,"y": 1E2,"y": 3/);
  }, CLIPBOARD));

test("once it is shown, the page needs no server", () =>
  visit(async (page) => {
    await page.locator("#samples-list button").first().waitFor({ state: "attached" });
    await page.context().setOffline(true);
    await page.locator("#samples-open").click();
    await page.locator("#samples-list button").nth(1).click();
    await drop(page, { name: "fleet.json", content: apiPage(12, 4) });
    await hasText(page, "#fleet-progress", "12 endpoints");
  }));

test("a rule's path goes to its value, where it made one", () =>
  visit(async (page) => {
    await page.locator("#rules-filter").fill("is_trusted");
    await page.locator("#rules tr:not([hidden]) button").click();
    await hasText(page, "#why", "device.is_trusted");
    assert.equal((await lit(page, "source")).length, 3);
    await paste(page, '{"id": "a", "hostname": "b"}');
    await hasText(page, "#event", '"b"');
    assert.ok(await page.locator("#rules tr:not([hidden]) button").isDisabled());
  }, CLIPBOARD));

test("what cannot be seen, or turns what stands beside it, is shown as it may be escaped", () =>
  visit(async (page) => {
    await drop(page, { name: "a\u202e.json", content: JSON.stringify({ ...endpoint(1), hostname: "a\u202eb\u200b", "\u2066": "\ufeff" }) });
    await hasText(page, "#origin", "a\\u202e.json");
    await hasText(page, "#event", '"a\\u202eb\\u200b"');
    assert.match(await page.locator("#source").textContent(), /"\\u2066": "\\ufeff"/);
    assert.equal((await shownEvent(page)).device.hostname, "a\u202eb\u200b");
  }));

test("a long value is cut where it is shown, and a text that is too long for the field stays out of it", () =>
  visit(async (page) => {
    const long = JSON.stringify({ ...endpoint(1), long: "x".repeat(3_000_000) });
    await drop(page, { name: "long.json", content: long });
    await hasText(page, "#source", "2,998,002 more characters");
    assert.equal((await shownEvent(page)).device.hostname, "example-1");
    assert.equal(await page.locator("#text").inputValue(), "");
    await drop(page, { name: "broken.json", content: long.slice(1) });
    await hasText(page, "#reject", "Line 1, column 5");
    await page.locator("#reject pre mark").waitFor();
    await drop(page, { name: "good.json", content: JSON.stringify(endpoint(2)) });
    await hasText(page, "#event", "example-2");
    assert.ok(await page.locator("#text").isEditable());
  }));

test("an endpoint that is too large for reasons says so, whatever is pointed at", () =>
  visit(async (page) => {
    const products = Array.from({ length: 3_000 }, (_, index) => ({ code: `product${index}`, version: "1", status: "installed" }));
    const macAddresses = products.map((_, index) => `00:00:5E:00:${(index >> 8).toString(16).padStart(2, "0")}:${(index & 255).toString(16).padStart(2, "0")}`);
    const ipv4Addresses = products.map((_, index) => `192.0.2.${index % 256}`);
    await drop(page, { name: "large.json", content: JSON.stringify({ ...endpoint(1), assignedProducts: products, macAddresses, ipv4Addresses }) });
    await hasText(page, "#why", "does not explain this event: the endpoint is too large");
    await value(page, "source", "/hostname").hover();
    await hasText(page, "#why", "does not explain this event: the endpoint is too large");
  }));

test("an endpoint with a duplicate name is shown without reasons", () =>
  visit(async (page) => {
    await drop(page, { name: "twice.json", content: JSON.stringify(endpoint(1)).replace("{", '{"tags": 1, "tags": 2, ') });
    await hasText(page, "#why", "does not explain this event: the endpoint is too large, or has a duplicate name in one object.");
  }));

test("a text entered just before the omitted paths change is kept and explained", () =>
  visit(async (page) => {
    await page.locator("#omit").fill("device.desc");
    await hasText(page, "#omitted summary", "1 omitted value");
    await value(page, "event", "/device/hostname").click();
    await hasText(page, "#said", "Pinned. device.hostname");
    await page.evaluate((text) => {
      const put = (id, into) => {
        document.getElementById(id).value = into;
        document.getElementById(id).dispatchEvent(new InputEvent("input", { bubbles: true }));
      };
      put("text", text);
      put("omit", "");
    }, JSON.stringify(endpoint(5)));
    await hasText(page, "#why .is", '"example-5"');
    await page.evaluate(() => new Promise((done) => requestAnimationFrame(done)));
    assert.equal((await shownEvent(page)).device.hostname, "example-5");
    assert.equal(await page.locator("#text").inputValue(), JSON.stringify(endpoint(5)));
  }));

test("while typing, a rejected text is announced once and not at every key", () =>
  visit(async (page) => {
    await page.locator("#text").fill(SAMPLE.replace('"id"', '"id'));
    await hasText(page, "#said", "Refused: ");
    const said = await page.locator("#said").textContent();
    await page.locator("#text").fill('{"id": 5}');
    await hasText(page, "#reject", "is a number");
    assert.equal(await page.locator("#said").textContent(), said);
    await page.locator("#text").fill(SAMPLE);
    await hasText(page, "#said", "Mapped: ");
  }));

test("a file that cannot be read is reported", () =>
  visit(async (page) => {
    await page.evaluate(() => {
      File.prototype.arrayBuffer = () => Promise.reject(new DOMException("It is a folder."));
    });
    await drop(page, { name: "folder", content: "" });
    await hasText(page, "#reject", "folder cannot be read: It is a folder.");
  }));

test("the page's own policy stops whatever would leave it", async () => {
  const { page, close } = await open(running.browser, running.server.url);
  const foreign = running.server.url.replace("127.0.0.1", "localhost");
  assert.equal(await page.evaluate((url) => fetch(url).then(() => "sent", () => "stopped"), foreign), "stopped");
  assert.equal(
    await page.evaluate(() => {
      try {
        const script = document.createElement("script");
        script.textContent = "globalThis.inline = true";
        document.head.append(script);
      } catch {
        return "stopped";
      }
      return globalThis.inline ?? "stopped";
    }),
    "stopped",
  );
  await close();
});
