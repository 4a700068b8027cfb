/** The page: what is put in is split into records, mapped, and shown; nothing of it leaves the page. */

import { load } from "../mapper.js";
import { byId, counted, element, say } from "./dom.js";
import { takeFiles } from "./drop-zone.js";
import { createEventView } from "./event-view.js";
import { createExplainView } from "./explain-view.js";
import { mapAll, summary } from "./fleet.js";
import { createFleetView } from "./fleet-view.js";
import { decode, records, unified } from "./records.js";
import { hideReject, showReject } from "./reject.js";
import { createRulesTable } from "./rules-table.js";
import { createSamples } from "./samples.js";
import { createSettings } from "./settings.js";

/**
 * A text that was put in.
 *
 * @typedef {{name: string, text: string, notUtf8?: Map<number, number>}} Origin
 * @typedef {import("./records.js").TextRecord & {origin: Origin}} OriginRecord
 */

const field = /** @type {HTMLTextAreaElement} */ (byId("text"));
const rulesTable = createRulesTable();
const view = createExplainView(rulesTable);
const eventView = createEventView();
const settings = createSettings(remap);
const fleetView = createFleetView({ onSelect: select, onClose: closeFleet });
createSamples(showSample);
takeFiles(readFiles);
addEventListener("paste", pasted);
let isAwaited = false;
field.addEventListener("input", () => {
  // A browser may tell of a pasted text line by line; half of it means nothing.
  if (isAwaited) return;
  isAwaited = true;
  requestAnimationFrame(() => {
    isAwaited = false;
    edited();
  });
});

/** @type {{map: (text: string) => string, explain: (text: string, dialect: string) => object}} */
let mapper;
let rules = {};
/** @type {OriginRecord[]} */
let current = [];
let selected = 0;
/** @type {import("./fleet.js").Summary[]} */
let summaries = [];
let mapping = new AbortController();

start();

async function start() {
  const json = async (name) => (await fetch(new URL(`../${name}`, import.meta.url))).json();
  try {
    const [loaded, sample, table] = await Promise.all([load(), json("sample.json"), json("rules.json")]);
    mapper = loaded;
    rules = table;
    if (field.value) edited();
    else showSample(sample);
  } catch (error) {
    byId("event").replaceChildren(element("p", { class: "notice" },
      `The mapper cannot be loaded: ${error.message}. The page must come from a web server, with .wasm as application/wasm.`));
  }
}

/** The sample as it was shown, which is nobody's work and may be replaced. */
let sampleText;
function showSample({ name, text }) {
  typed({ name, text });
  sampleText = field.value;
}

/** Puts a text into the field as if it had been typed. */
function typed({ name, text }) {
  take([{ name, text: unified(text) }]);
  field.scrollTop = 0;
}

/**
 * What is pasted replaces the shown sample, or all where all is selected: also anywhere outside of a field, and
 * much at once, where a browser would lay out every line of it.
 */
function pasted(event) {
  const { target } = event;
  const isElsewhere = !target.closest?.("input, textarea");
  const isAll = target === field && field.selectionStart === 0 && field.selectionEnd === field.value.length;
  const isSample = target === field && field.value === sampleText;
  const text = event.clipboardData?.getData("text/plain");
  if (!text || !(isElsewhere || isAll || isSample)) return;
  event.preventDefault();
  typed({ name: "pasted text", text });
}

/** The field has changed: in a list that is the selected endpoint, unless it holds several itself. */
function edited() {
  if (!mapper) return;
  const origin = { name: "pasted text", text: field.value };
  const found = records(origin.text);
  if (current.length > 1 && found.length === 1) {
    current[selected] = { ...found[0], origin: { name: "edited text", text: origin.text } };
    summaries[selected] = summary(current[selected], mapRecord);
    fleetView.finish();
    show();
  } else {
    take([origin]);
  }
}

async function readFiles(files) {
  const origins = await Promise.all(files.map(async (file) => ({
    name: file.name,
    ...decode(new Uint8Array(await file.arrayBuffer())),
  })));
  const found = take(origins);
  if (found === 1) field.scrollTop = 0;
}

/**
 * Takes texts for all that there is.
 *
 * @param {Origin[]} origins
 * @returns {number} how many records they hold
 */
function take(origins) {
  if (!mapper) return 0;
  current = origins.flatMap((origin) =>
    records(origin.text, origin.notUtf8).map((record) => ({ ...record, origin })));
  selected = 0;
  if (current.length === 0) {
    current = [{ text: "", start: 0, line: 1, origin: origins[0], isEmpty: true }];
  }
  if (current.length === 1) {
    if (field.value !== current[0].origin.text) field.value = current[0].origin.text;
    mapping.abort();
    fleetView.hide();
  } else {
    mapFleet();
  }
  remapOne();
  return current.length;
}

/** The dialect or what is omitted has changed. */
function remap() {
  if (!mapper) return;
  if (current.length > 1) mapFleet();
  remapOne();
}

let shownRules;
function remapOne() {
  if (shownRules !== settings.dialect()) {
    shownRules = settings.dialect();
    rulesTable.show(rules[shownRules] ?? []);
  }
  show();
}

async function mapFleet() {
  mapping.abort();
  mapping = new AbortController();
  const { signal } = mapping;
  summaries = [];
  fleetView.begin(summaries, current.map(({ line, origin }) => (faulty) => `${origin.name}, line ${line + faulty - 1}`));
  fleetView.select(selected);
  const done = await mapAll({ records: current, map: mapRecord, into: summaries, onSlice: fleetView.grow, signal });
  if (!done) return;
  fleetView.finish();
  const refused = summaries.filter(({ fault }) => fault).length;
  say(`${counted(summaries.length, "endpoint")}: ${refused} refused.`);
}

/** The event of a record for the list, where what is omitted does not count. */
function mapRecord(record) {
  refuseNotUtf8(record);
  const dialect = settings.dialect();
  return dialect === "sekoia" ? mapper.map(record.text) : mapper.explain(record.text, dialect).event;
}

function refuseNotUtf8({ notUtf8 }) {
  if (notUtf8 !== undefined) {
    throw { message: "not UTF-8; endpoints as JSON were expected", line: 1, column: notUtf8 };
  }
}

function select(index) {
  selected = index;
  fleetView.select(index);
  show();
}

function closeFleet() {
  mapping.abort();
  const [record] = current.splice(selected, 1);
  typed({ name: record.origin.name, text: record.text });
  field.focus();
}

/** Shows the selected record. */
function show() {
  const record = current[selected];
  const isOneOfMany = current.length > 1;
  if (isOneOfMany && field.value !== record.text && record.origin.text !== field.value) field.value = record.text;
  byId("origin").textContent = isOneOfMany
    ? `${(selected + 1).toLocaleString("en")} of ${current.length.toLocaleString("en")} · ${record.origin.name}, line ${record.line}`
    : record.origin.name;

  try {
    if (record.isEmpty) throw { message: "There is no endpoint in this text: its list is empty.", line: 1, column: 1 };
    refuseNotUtf8(record);
    const explanation = explain(record.text);
    hideReject();
    byId("event").hidden = false;
    eventView.show(explanation);
    view.show(record.text, explanation);
  } catch (fault) {
    if (fault.line === undefined) throw fault;
    eventView.show(undefined);
    eventView.omitFault();
    view.refuse(record.text);
    byId("event").hidden = true;
    showReject(fault, {
      field,
      start: field.value === record.text ? 0 : record.start,
      record: record.text,
      where: isOneOfMany ? `line ${record.line + fault.line - 1} of ${record.origin.name}` : undefined,
    });
    say(`Refused: ${fault.message}`);
  }
}

/** The explanation of a record; paths to omit that are wrong are told at their field and count as none. */
function explain(text) {
  const dialect = settings.dialect();
  const omit = settings.omit();
  const plain = () => mapper.explain(text, dialect);
  let explanation;
  let fault;
  if (omit.length) {
    try {
      explanation = mapper.explain(text, JSON.stringify({ dialect, omit }));
    } catch (error) {
      explanation = plain();
      fault = error.message;
    }
  }
  explanation ??= plain();
  eventView.omitFault(fault);
  return explanation;
}
