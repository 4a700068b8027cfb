/** Texts and places: the same rules, and mostly the same cases, as the tests of `asset-host map`. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { parse } from "../scripts/json-text.js";
import { links, rowOf } from "../scripts/links.js";
import { offsetOf, placeOf } from "../scripts/place.js";
import { child, dotted, segments } from "../scripts/pointers.js";
import { decode, records, unified } from "../scripts/records.js";

const found = (text) => records(unified(text)).map(({ line, text: record }) => [line, record]);

test("every form of file is taken", () => {
  for (const [text, expected] of [
    ['{"id": 1}', [[1, '{"id": 1}']]],
    ['\n{\n"id": 1\n}\n', [[2, '{\n"id": 1\n}']]],
    ["[{},\n{}]", [[1, "{}"], [2, "{}"]]],
    ["[]", []],
    ['{"items": [{},\n 5], "pages": {}}', [[1, "{}"], [2, "5"]]],
    ['{"it\\u0065ms": [1]}', [[1, "1"]]],
    ["{}\n\n{}\n", [[1, "{}"], [3, "{}"]]],
    ['{"items": [1]}\n[2]\n3', [[1, "1"], [2, "2"], [3, "3"]]],
    ['{"items": 5}', [[1, '{"items": 5}']]],
    ['{"\\ud800": 1, "items": [1]}', [[1, '{"\\ud800": 1, "items": [1]}']]],
    ["{}\r\n{}\r\n", [[1, "{}"], [2, "{}"]]],
    ['{}\r{}\n{}', [[1, "{}\r{}"], [2, "{}"]]],
    ['{"items": [1], "items": [2]}', [[1, '{"items": [1], "items": [2]}']]],
    ["null", [[1, "null"]]],
    ['["]", "\\"[", "\\\\"]', [[1, '"]"'], [1, '"\\"["'], [1, '"\\\\"']]],
  ]) {
    assert.deepEqual(found(text), expected, text);
  }
});

test("a bad line does not affect the others", () => {
  assert.deepEqual(found('{}\n{"id\n{}'), [[1, "{}"], [2, '{"id'], [3, "{}"]]);
  assert.deepEqual(found('"id": 1}\n{}'), [[1, '"id": 1}'], [2, "{}"]]);
});

test("a text without any endpoint is one record", () => {
  for (const text of ["", " \n ", "<html>\n</html>", '{\n"id": 1,\n']) {
    assert.deepEqual(found(text), [[1, text]]);
  }
});

test("a line that is not UTF-8 is reported with the column in bytes", () => {
  const bytes = (...parts) => Uint8Array.from(parts.flatMap((part) => (typeof part === "string" ? [...Buffer.from(part)] : [part])));
  for (const [file, expected] of [
    [bytes("{}\n", '{"ä": "', 0xff, '"}\n{}'), [[1, undefined], [2, 9], [3, undefined]]],
    [bytes(0xff, "\n{}"), [[1, 1], [2, undefined]]],
    [bytes(0xff, "\n", 0xff), [[1, 1]]],
    [bytes("{}\n", 0xc3), [[1, undefined], [2, 1]]],
    [bytes("{}\nä", 0xe2, 0x82, "x"), [[1, undefined], [2, 3]]],
    [bytes("{}\n", 0xed, 0xa0, 0x80), [[1, undefined], [2, 1]]],
  ]) {
    const { text, notUtf8 } = decode(file);
    assert.deepEqual(records(text, notUtf8).map((record) => [record.line, record.notUtf8]), expected);
  }
});

test("places and offsets are each other's inverse", () => {
  const text = '{\n "ä€😀": 1\n\n}';
  for (const [line, column, offset] of [[1, 1, 0], [2, 1, 2], [2, 3, 4], [2, 5, 5], [2, 8, 6], [2, 12, 8], [3, 1, 13], [4, 2, 15]]) {
    assert.equal(offsetOf(text, line, column), offset, `${line}:${column}`);
    const place = placeOf(text, offset);
    assert.deepEqual([place.line, place.column], [line, column]);
  }
  assert.equal(offsetOf(text, 1, 0), 0);
  assert.equal(offsetOf(text, 9, 9), text.length);
  assert.equal(placeOf("\n{}", 0).line, 1);
});

test("pointers escape, and read as dotted paths", () => {
  assert.equal(child("/a", "b/c~d"), "/a/b~1c~0d");
  assert.deepEqual(segments("/a/b~1c~0d"), ["a", "b/c~d"]);
  assert.equal(dotted("/device/groups/0/name"), "device.groups[0].name");
});

test("a value belongs to the row with its path, else to the nearest that holds it", () => {
  const rows = new Map(["time", "enrichments[0].name", "device.groups[].name", "unmapped.tags"].map((path) => [path, {}]));
  for (const [pointer, row] of [
    ["/time", "time"],
    ["/enrichments/0/name", "enrichments[0].name"],
    ["/device/groups/12/name", "device.groups[].name"],
    ["/unmapped/tags/0/a", "unmapped.tags"],
    ["/device/other", undefined],
    ["/a..b/", undefined],
  ]) {
    assert.equal(rowOf(rows, pointer), row, pointer);
  }
});

test("a value and its sources are found from both sides, also from within them", () => {
  const tags = { path: "/unmapped/tags", valueJson: "[[1]]", sources: [{ pointer: "/tags", valueJson: "[[1]]" }], rule: "" };
  const desc = { path: "/device/desc", valueJson: '"a"', sources: [{ pointer: "/tag", valueJson: '"a"' }], rule: "" };
  const found = links({ event: "", values: [tags], omitted: [desc], unused: [] });
  assert.equal(found.value("/unmapped/tags/0/0"), tags);
  assert.equal(found.value("/unmapped"), undefined);
  assert.deepEqual(found.madeOf("/tags/0/0"), [tags]);
  assert.deepEqual(found.madeOf("/tag"), [desc]);
  assert.deepEqual(found.madeOf("/other"), []);
  assert.ok(found.isOmitted(desc) && !found.isOmitted(tags));
});

test("a text is taken apart as it is written", () => {
  const { members } = parse(' { "a" : [1.50, {"b\\"": null}], "a": "}" } ');
  assert.deepEqual(members.map(({ key, node }) => [key, node.kind, node.raw]), [
    ["a", "array", '[1.50, {"b\\"": null}]'],
    ["a", "string", '"}"'],
  ]);
  assert.deepEqual(members[0].node.members.map(({ node }) => [node.pointer, node.raw]), [["/a/0", "1.50"], ["/a/1", '{"b\\"": null}']]);
  const deep = `${"[".repeat(100_000)}${"]".repeat(100_000)}`;
  assert.equal(parse(deep).raw, deep);
  assert.throws(() => parse("{"), SyntaxError);
});
