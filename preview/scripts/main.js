/** The page: splits the input into records, maps and shows them; nothing of it leaves the page. */

import { load } from "../mapper.js";
import { byId, counted, element, say } from "./dom.js";
import { takeFiles } from "./drop-zone.js";
import { createEventView } from "./event-view.js";
import { createExplainView } from "./explain-view.js";
import { mapAll, summary } from "./fleet.js";
import { createFleetView } from "./fleet-view.js";
import { asInField, decode, records, unified } from "./records.js";
import { hideReject, showReject } from "./reject.js";
import { createRulesTable } from "./rules-table.js";
import { createSamples } from "./samples.js";
import { createSettings } from "./settings.js";
import { visible } from "./visible.js";

/**
 * An input. `unreadable` says why it has no text; `isEmpty` marks the placeholder of an input without records.
 *
 * @typedef {{name: string, text: string, notUtf8?: Map<number, number>, unreadable?: string}} Origin
 * @typedef {import("./records.js").TextRecord & {origin: Origin, isEmpty?: boolean}} OriginRecord
 */

/** A longer text, in characters, is not put into the field: laying it out would stop the browser for long. */
const LONGEST_IN_FIELD = 2_000_000;

/** The longest record, in characters, that is mapped: `asset-host map` has the same bound. */
const LONGEST_RECORD = 32 * 1024 * 1024;

const field = /** @type {HTMLTextAreaElement} */ (byId("text"));
const rulesTable = createRulesTable((row) => view.goToValue(row));
const view = createExplainView(rulesTable);
const eventView = createEventView();
const settings = createSettings(remap);
const fleetView = createFleetView({ onSelect: select, onClose: closeFleet });
const samples = createSamples(showSample);
takeFiles(readFiles);
addEventListener("paste", pasted);
const { placeholder } = field;
let isAwaited = false;
field.addEventListener("input", () => {
  // A browser may report a pasted text line by line; a part of it is useless.
  if (isAwaited) return;
  isAwaited = true;
  requestAnimationFrame(takeEdit);
});

/** Takes the text that the field has and that is not shown yet: what is shown next would put the old one back. */
function takeEdit() {
  if (isAwaited) edited();
}

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
    // After the first paint, which they would delay.
    requestAnimationFrame(() => setTimeout(samples.load));
  } catch (error) {
    byId("event").replaceChildren(element("p", { class: "notice" },
      `The mapper cannot be loaded: ${error.message}. All of the page's files must be on the web server that it comes from.`));
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
 * Pasting replaces the shown sample, or everything if everything is selected: also outside of a field, and with
 * large texts, of which a browser would lay out every line. In a list, pasting into the field edits the selected
 * endpoint.
 */
function pasted(event) {
  const { target } = event;
  const isElsewhere = !target.closest?.("input, textarea");
  const isAll = target === field && field.selectionStart === 0 && field.selectionEnd === field.value.length;
  const isSample = target === field && field.value === sampleText;
  const text = event.clipboardData?.getData("text/plain");
  if (!text || !(isElsewhere || isAll || isSample)) return;
  event.preventDefault();
  if (isElsewhere) typed({ name: "pasted text", text });
  else edited(unified(text));
}

/** The field has changed: in a list that is the selected endpoint, unless it holds several itself. */
function edited(text = field.value) {
  isAwaited = false;
  if (!mapper) return;
  const origin = { name: "pasted text", text };
  const found = records(text);
  if (current.length > 1 && found.length === 1) {
    current[selected] = { ...found[0], origin: { name: "edited text", text } };
    // Before its turn there is no summary to replace, and it will be mapped as it is now.
    if (selected < summaries.length) {
      summaries[selected] = summary(current[selected], mapRecord);
      fleetView.redraw();
    }
    show();
  } else {
    take([origin]);
  }
}

let reading;
async function readFiles(files) {
  reading = files;
  const origins = await Promise.all(files.map(read));
  // A later drop may overtake large files.
  if (reading !== files) return;
  take(origins);
  field.scrollTop = 0;
}

/** A folder, or a file that is gone or too large for the browser, is reported like a bad record. */
async function read(file) {
  try {
    return { name: file.name, ...decode(new Uint8Array(await file.arrayBuffer())) };
  } catch (error) {
    return { name: file.name, text: "", unreadable: `${file.name} cannot be read: ${error.message}` };
  }
}

/**
 * Takes texts for all that there is.
 *
 * @param {Origin[]} origins
 */
function take(origins) {
  isAwaited = false;
  if (!mapper) return;
  current = origins.flatMap((origin) =>
    records(origin.text, origin.notUtf8).map((record) => ({ ...record, origin })));
  selected = 0;
  if (current.length === 0) {
    current = [{ text: "", start: 0, line: 1, origin: origins[0], isEmpty: true }];
  }
  if (current.length === 1) {
    mapping.abort();
    fleetView.hide();
  } else {
    fleetView.clearFilter();
    mapFleet();
  }
  showRules();
  show();
}

/**
 * The dialect or the omitted paths have changed; the list has the events without omissions.
 *
 * @returns {boolean} whether the mapper accepts the omitted paths
 */
function remap() {
  takeEdit();
  if (!mapper) return false;
  if (showRules() && current.length > 1) mapFleet();
  return show();
}

let shownRules;
/** @returns {boolean} whether the table showed another dialect's before */
function showRules() {
  if (shownRules === settings.dialect()) return false;
  shownRules = settings.dialect();
  rulesTable.show(rules[shownRules] ?? [], shownRules);
  return true;
}

async function mapFleet() {
  mapping.abort();
  mapping = new AbortController();
  const { signal } = mapping;
  summaries = [];
  fleetView.begin(summaries, current.map(({ line, origin }) => (faulty) => `${visible(origin.name)}, line ${line + faulty - 1}`));
  fleetView.select(selected);
  const done = await mapAll({ records: current, map: mapRecord, into: summaries, onSlice: fleetView.grow, signal });
  if (!done) return;
  fleetView.finish();
  const refused = summaries.filter(({ fault }) => fault).length;
  say(`${counted(summaries.length, "endpoint")}: ${refused} refused.`);
}

/** The event of a record for the list, where what is omitted does not count. */
function mapRecord(record) {
  refuseUnmappable(record);
  const dialect = settings.dialect();
  return dialect === "sekoia" ? mapper.map(record.text) : mapper.explain(record.text, dialect).event;
}

/** Throws the fault of a record that the mapper has no use for. */
function refuseUnmappable({ text, notUtf8, isEmpty, origin }) {
  const refuse = (message, column = 1) => { throw { message, line: 1, column }; };
  if (origin.unreadable) refuse(origin.unreadable);
  if (isEmpty) refuse("there is no endpoint in this text: its list is empty");
  if (notUtf8 !== undefined) refuse("not UTF-8; endpoints as JSON were expected: save the file as UTF-8", notUtf8);
  if (text.length > LONGEST_RECORD) refuse(`the record is larger than ${LONGEST_RECORD >> 20} MiB`);
}

function select(index) {
  takeEdit();
  // The edit may have put a shorter list in its place.
  if (index >= current.length) return;
  selected = index;
  fleetView.select(index);
  show();
  const workspace = document.querySelector(".workspace");
  if (workspace.getBoundingClientRect().top > innerHeight * 0.75) workspace.scrollIntoView();
}

function closeFleet() {
  takeEdit();
  mapping.abort();
  const { text, notUtf8, origin } = current[selected];
  take([{ ...origin, text, notUtf8: new Map(notUtf8 === undefined ? [] : [[1, notUtf8]]) }]);
  field.scrollTop = 0;
  field.focus();
}

/**
 * Shows the selected record.
 *
 * @returns {boolean} whether there is an event, without all that is to be omitted
 */
function show() {
  const record = current[selected];
  const isOneOfMany = current.length > 1;
  const text = fill(record, isOneOfMany);
  const name = visible(record.origin.name);
  byId("origin").textContent = isOneOfMany
    ? `${(selected + 1).toLocaleString("en")} of ${current.length.toLocaleString("en")} · ${name}, line ${record.line}`
    : name;

  try {
    refuseUnmappable(record);
    const { explanation, omitFault } = explain(record.text);
    hideReject();
    byId("event").hidden = false;
    eventView.show(explanation, omitFault);
    fleetView.omits(settings.omit().length > 0 && !omitFault);
    view.show(record.text, explanation);
    const { length } = explanation.values;
    tell(omitFault ? `Nothing is omitted: ${omitFault}` : `Mapped: ${length ? counted(length, "value") : "an event without reasons"}.`);
    return !omitFault;
  } catch (fault) {
    if (fault.line === undefined) throw fault;
    eventView.show();
    fleetView.omits(settings.omit().length > 0);
    view.refuse(record.text, fault.message);
    byId("event").hidden = true;
    showReject(fault, {
      field,
      text,
      start: text === record.text ? 0 : record.start,
      record: record.text,
      where: isOneOfMany ? `line ${record.line + fault.line - 1} of ${name}` : undefined,
    });
    tell(`Refused: ${fault.message}`);
    return false;
  }
}

let lastOutcome = "";
/** Announces the outcome; while the user types, only if it changes, not the new error at every character. */
function tell(outcome) {
  const isTyping = document.activeElement === field || document.activeElement === byId("omit");
  if (!isTyping || outcome.split(":")[0] !== lastOutcome.split(":")[0]) say(outcome);
  lastOutcome = outcome;
}

/**
 * Puts a record into the field: alone where it is one of many, unless the field holds them all since they were
 * typed there.
 *
 * @returns {string} the text that the field is to show; it stays empty where that is too long
 */
function fill(record, isOneOfMany) {
  const holds = (text) => field.value === asInField(text);
  const whole = record.origin.text;
  const text = !isOneOfMany || holds(whole) ? whole : record.text;
  const isTooLong = text.length > LONGEST_IN_FIELD;
  const shown = isTooLong ? "" : text;
  if (!holds(shown)) field.value = shown;
  field.readOnly = isTooLong;
  field.placeholder = isTooLong
    ? `These ${text.length.toLocaleString("en")} characters are too many to be shown here.`
    : placeholder;
  return text;
}

/** The explanation of a record; invalid paths to omit are reported and ignored. */
function explain(text) {
  const dialect = settings.dialect();
  const omit = settings.omit();
  const plain = () => mapper.explain(text, dialect);
  if (omit.length === 0) return { explanation: plain() };
  try {
    return { explanation: mapper.explain(text, JSON.stringify({ dialect, omit })) };
  } catch (error) {
    return { explanation: plain(), omitFault: error.message };
  }
}
