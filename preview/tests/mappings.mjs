/**
 * The three ways in which the mapping runs: in the preview, in the host, and natively, without any component.
 *
 * An outcome is the event as text, or `{message, line, column}` where the text was refused.
 */

import { execFileSync, spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";

/** The clock of all three, which is that of the golden files. */
export const NOW = "2026-11-25T00:00:00Z";

/** Events of 2,000 endpoints, and explanations of them, are a few megabytes. */
const maxBuffer = 1 << 28;

const path = (inRepository) => fileURLToPath(new URL(`../../${inRepository}`, import.meta.url));

/**
 * So many endpoints from the strategies of the property tests, the same ones at every run.
 *
 * @param {number} count
 * @returns {string[]}
 */
export function generate(count) {
  return linesOf(execFileSync(path("target/release/examples/generate"), [String(count)], { maxBuffer }));
}

/**
 * The native outcome of each text; with `--explain` the explanation in place of the event.
 *
 * @param {string[]} texts
 * @param {string} dialect
 * @param {...string} flags
 */
export function native(texts, dialect, ...flags) {
  const input = texts.map((text) => `${JSON.stringify(text)}\n`).join("");
  const written = execFileSync(path("target/release/examples/map"), [dialect, NOW, ...flags], { input, maxBuffer });
  return linesOf(written).map((line) => {
    const { error, ...explanation } = JSON.parse(line);
    if (error) return error;
    return flags.includes("--explain") ? explanation : line;
  });
}

/**
 * What the host makes of files: the events in their order, and the place and reason of the first refused records. It counts
 * the others.
 *
 * @param {string[]} files
 * @param {string|undefined} dialect without one the host calls `map`, else `explain`
 * @returns {{events: string[], refused: {file: string, line: number, message: string}[], more: number}}
 */
export function host(files, dialect) {
  const flags = ["--now", NOW, ...(dialect ? ["--dialect", dialect] : [])];
  const { status, stdout, stderr, error } = spawnSync(path("dist/asset-host"), ["map", ...flags, ...files], { maxBuffer });
  if (error || status > 1) throw error ?? new Error(`asset-host map: ${stderr}`);
  const lines = linesOf(stderr);
  const more = Number(/^(\d+) more records? cannot be mapped$/.exec(lines.at(-1) ?? "")?.[1] ?? 0);
  if (more) lines.pop();
  const refused = lines.map((line) => {
    const file = files.find((file) => line.startsWith(`${file}:`));
    // Without the number and the id of the record.
    const place = /^:(\d+): (.*?)( \((record \d+(, )?)?(id ".*")?\))?$/.exec(line.slice(file?.length));
    if (!place) throw new Error(`asset-host map: ${stderr}`);
    return { file, line: Number(place[1]), message: place[2] };
  });
  return { events: linesOf(stdout), refused, more };
}

/**
 * The mapper of a page that is open in a browser.
 *
 * @param {import("playwright-core").Page} page
 */
export function preview(page) {
  const run = (texts, dialect, form) =>
    page.evaluate(
      async ({ texts, dialect, form }) => {
        const { load, MapError } = await import(new URL("mapper.js", location).href);
        const mapper = await load();
        const forms = {
          map: (text) => mapper.map(text),
          event: (text) => mapper.explain(text, dialect).event,
          explanation: (text) => mapper.explain(text, dialect),
        };
        return texts.map((text) => {
          try {
            return forms[form](text);
          } catch (error) {
            if (!(error instanceof MapError)) throw error;
            return { message: error.message, line: error.line, column: error.column };
          }
        });
      },
      { texts, dialect, form },
    );
  return {
    /** The outcome of each text by the export `map`, which has no choice of dialect. */
    map: (texts) => run(texts, undefined, "map"),
    /** The outcome of each text by the export `explain`. */
    events: (texts, dialect) => run(texts, dialect, "event"),
    /** As `events`, with the whole explanation in place of the event. */
    explanations: (texts, dialect) => run(texts, dialect, "explanation"),
  };
}

function linesOf(bytes) {
  return bytes.toString("utf8").split("\n").slice(0, -1);
}
