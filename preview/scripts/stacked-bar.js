/**
 * A small stacked bar with its legend. The legend replaces the bar for users who cannot see colours: the same order, each
 * word with its count, and each a button that filters; the bar's segments only repeat it for the mouse.
 */

import { element } from "./dom.js";

/** Words whose colour has a meaning; any other gets one by its rank. */
const TONES = {
  good: "good", trusted: "good",
  suspicious: "warn",
  bad: "bad", "not trusted": "bad", refused: "bad",
  mapped: "rank3",
  unknown: "none", Unknown: "none",
};

/**
 * Makes a bar.
 *
 * @param {object} bar
 * @param {string} bar.title
 * @param {[string, number][]} bar.counts in the order to show
 * @param {string|undefined} bar.chosen the word that the list is filtered by
 * @param {(word: string) => void} bar.onChoose
 * @returns {HTMLElement}
 */
export function stackedBar({ title, counts, chosen, onChoose }) {
  const segments = element("div", { class: "segments", "aria-hidden": "true" });
  const legend = element("ul", { class: "legend" });
  let rank = 0;
  for (const [word, count] of counts) {
    const tone = TONES[word] ?? `rank${Math.min((rank += 1), 5)}`;
    const choose = () => onChoose(word);
    const isOut = chosen !== undefined && chosen !== word;
    const segment = element("span", { class: `segment ${tone}${isOut ? " out" : ""}`, title: `${word}: ${count}` });
    segment.style.flexGrow = count;
    segment.hidden = count === 0;
    segment.addEventListener("click", choose);
    segments.append(segment);
    const button = element("button", { type: "button", "aria-pressed": String(chosen === word), "data-word": word },
      element("span", { class: `swatch ${tone}`, "aria-hidden": "true" }),
      element("span", {}, word), " ",
      element("b", {}, count.toLocaleString("en")));
    button.addEventListener("click", choose);
    legend.append(element("li", {}, button));
  }
  return element("section", { class: "bar", "aria-label": title },
    element("h3", {}, title), segments, legend);
}
