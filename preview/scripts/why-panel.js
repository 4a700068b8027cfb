/** The "Why" panel: the explanation of one value of the event, or of one source field. */

import { byId, counted, element } from "./dom.js";
import { eventName, sourceName } from "./json-tree.js";
import { cut, visible } from "./visible.js";

/** Longer values, in characters, are cut. */
const LONGEST = 300;

/**
 * Makes the panel.
 *
 * @param {object} options
 * @param {(pointer: string) => void} options.goToSource a source's name was clicked
 * @param {(pointer: string) => void} options.goToEvent a value's path was clicked
 * @param {(row: string) => void} options.goToRow shows the row of the table of rules
 */
export function createWhyPanel({ goToSource, goToEvent, goToRow }) {
  const panel = byId("why");
  const said = byId("why-said");

  function show(sentence, ...children) {
    said.textContent = sentence;
    panel.replaceChildren(...children);
  }

  const reference = (text, go) => {
    const button = element("button", { type: "button", class: "reference" }, text);
    button.addEventListener("click", go);
    return button;
  };

  return {
    /** Tells why there is no event. */
    refused(message) {
      show("", element("p", {}, "There is no event: ", element("span", { class: "fault" }, visible(message))));
    },

    /** Shows a summary until the user points at a value. */
    overview(explanation) {
      if (explanation.values.length === 0) {
        show("", element("p", { class: "hint" }, "The mapper does not explain this event: the endpoint is too large, or has a duplicate name in one object."));
        return;
      }
      const constants = explanation.values.filter(({ sources }) => sources.length === 0).length;
      const figures = [
        [explanation.values.length - constants, "values come from source fields"],
        [constants, "come from no source field"],
        [explanation.omitted.length, "are omitted"],
        [explanation.unused.length, "source fields are unused"],
      ].filter(([count]) => count > 0);
      show(
        "",
        element("p", { class: "hint" }, "Point at a value of the event to see the rule and the source fields that made it; at a source field to see what it became. Click or Enter pins, Esc lets go."),
        element("dl", { class: "overview" }, ...figures.flatMap(([count, what]) => [
          element("dt", {}, String(count)),
          element("dd", {}, what),
        ])),
      );
    },

    /** Tells where a value of the event came from. */
    value(mapped, row) {
      const { path, valueJson, rule, sources } = mapped;
      const from = sources.length
        ? `from ${sources.map(({ pointer, valueJson: json }) => `${sourceName(pointer)}, ${cut(json, LONGEST)}`).join("; ")}`
        : "from no source field";
      show(
        `${eventName(path)} is ${cut(valueJson, LONGEST)}, ${from}. Rule: ${rule}`,
        head("Event value", eventName(path), valueJson),
        part("Rule", element("p", { class: "rule" }, rule),
          ...(row ? [reference("Show in the table", () => goToRow(row))] : [])),
        part(
          sources.length === 1 ? "Source" : "Sources",
          sources.length
            ? element("ul", { class: "facts" }, ...sources.map(({ pointer, valueJson: json }) =>
                element("li", {}, reference(sourceName(pointer), () => goToSource(pointer)),
                  element("code", {}, cut(json, LONGEST)))))
            : element("p", {}, "None: a constant, the clock, or made of the event itself."),
        ),
      );
    },

    /** Tells what a source field became. */
    source({ pointer, valueJson, made, isOmitted, isUnused }) {
      const names = made.map(({ path }) => eventName(path));
      const nothing = isUnused ? "Unused: it is in no value of the event." : "Nothing in this event comes from it.";
      show(
        `${sourceName(pointer)} is ${cut(valueJson, LONGEST)}. ${names.length ? `It makes ${names.join(", ")}.` : nothing}`,
        head("Source field", sourceName(pointer), valueJson),
        made.length
          ? part(
              `Makes ${counted(made.length, "value")}`,
              element("ul", { class: "facts" }, ...made.map((value) =>
                element("li", {},
                  isOmitted(value)
                    ? element("span", { class: "path" }, `${eventName(value.path)} (omitted)`)
                    : reference(eventName(value.path), () => goToEvent(value.path)),
                  element("code", {}, cut(value.valueJson, LONGEST)),
                  element("p", { class: "rule" }, value.rule)))),
            )
          : part("Makes nothing", element("p", {}, nothing)),
      );
    },
  };
}

function head(what, name, valueJson) {
  return element("div", { class: "about" },
    element("p", { class: "what" }, what),
    element("p", { class: "path" }, name),
    element("p", { class: "is" }, element("code", {}, cut(valueJson, LONGEST))));
}

function part(title, ...children) {
  return element("section", {}, element("h3", {}, title), ...children);
}
