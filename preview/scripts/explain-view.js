/**
 * One endpoint and its event side by side: a value under the pointer lights up its counterpart on the other side, in
 * the "Why" panel and in the table of rules.
 */

import { byId, element, say } from "./dom.js";
import { createTree, eventName, sourceName } from "./json-tree.js";
import { parse } from "./json-text.js";
import { links, rowOf } from "./links.js";
import { isWithin } from "./pointers.js";
import { createWhyPanel } from "./why-panel.js";

/**
 * Makes the view.
 *
 * @param {ReturnType<import("./rules-table.js").createRulesTable>} rules
 */
export function createExplainView(rules) {
  /** @type {{explanation: object, links: ReturnType<links>, raw: Map<string, string>}|undefined} */
  let current;
  let active;
  let pinned = false;
  /** Why there is no event. */
  let refusal = "";

  const tree = (side, id, label, name) =>
    createTree(byId(id), {
      label,
      name,
      onPoint: (pointer) => point({ side, pointer }),
      onPin: (pointer) => pin({ side, pointer }),
    });
  const trees = {
    source: tree("source", "source", "Source fields", sourceName),
    event: tree("event", "event", "Event", eventName),
  };
  const why = createWhyPanel({
    goToSource: (pointer) => trees.source.focus(pointer),
    goToEvent: (pointer) => trees.event.focus(pointer),
    goToRow: (row) => rules.reveal(row),
  });
  byId("unpin").addEventListener("click", () => unpin());
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && !event.defaultPrevented && !document.querySelector("dialog[open]")) unpin();
  });

  function point(target) {
    if (pinned) return;
    draw(target);
  }

  function pin(target) {
    const isSame = pinned && active.side === target.side && active.pointer === target.pointer;
    pinned = !isSame;
    draw(target);
    say(pinned ? `Pinned. ${byId("why-said").textContent}` : "Unpinned.");
  }

  function unpin() {
    if (!active) return;
    if (pinned) say("Unpinned.");
    pinned = false;
    draw(undefined);
  }

  function draw(target) {
    active = target;
    const isEvent = target?.side === "event";
    const lit = { source: new Set(), event: new Set(), rows: new Set() };
    const value = isEvent ? current?.links.value(target.pointer) : undefined;
    const row = (path) => rowOf(rules.rows(), path);
    if (value) {
      for (const { pointer } of value.sources) lit.source.add(pointer);
      lit.rows.add(row(value.path));
      why.value(value, row(value.path));
    } else if (target && !isEvent && current?.explanation.values.length) {
      const made = current.links.madeOf(target.pointer);
      for (const { path } of made) {
        lit.event.add(path);
        lit.rows.add(row(path));
      }
      why.source({
        pointer: target.pointer,
        valueJson: current.raw.get(target.pointer) ?? "",
        made,
        isOmitted: current.links.isOmitted,
        isUnused: current.explanation.unused.some((unused) => isWithin(target.pointer, unused)),
      });
    } else if (current) {
      why.overview(current.explanation);
    } else {
      why.refused(refusal);
    }
    trees.source.light(lit.source);
    trees.event.light(lit.event);
    trees.source.activate(isEvent ? undefined : target?.pointer, pinned);
    trees.event.activate(isEvent ? target.pointer : undefined, pinned);
    rules.light(lit.rows);
    byId("unpin").hidden = !pinned;
  }

  function showUnused(unused) {
    byId("unused").hidden = unused.length === 0;
    byId("unused").querySelector("summary").textContent = `Unused fields: ${unused.length}`;
    byId("unused-list").replaceChildren(...unused.map((pointer) => {
      const button = element("button", { type: "button", class: "reference" }, sourceName(pointer));
      button.addEventListener("click", () => trees.source.focus(pointer));
      return element("li", {}, button);
    }));
  }

  return {
    /**
     * Shows an endpoint with its event. A pinned value stays pinned if it is still there.
     *
     * @param {string} text of the endpoint
     * @param {import("./links.js").Explanation} explanation
     */
    show(text, explanation) {
      const source = parse(text);
      current = { explanation, links: links(explanation), raw: raws(source) };
      trees.source.show(source, new Set(explanation.unused));
      trees.event.show(parse(explanation.event));
      showUnused(explanation.unused);
      const isThere = active && trees[active.side].has(active.pointer);
      pinned &&= isThere;
      rules.offer(new Set(explanation.values.map(({ path }) => rowOf(rules.rows(), path))));
      draw(isThere ? active : undefined);
    },

    /**
     * Shows a record that has no event: its fields where it is JSON at all.
     *
     * @param {string} text
     * @param {string} message why
     */
    refuse(text, message) {
      current = undefined;
      refusal = message;
      active = undefined;
      pinned = false;
      try {
        trees.source.show(parse(text));
      } catch {
        trees.source.clear("Not JSON: there are no fields to show.");
      }
      trees.event.clear();
      rules.offer(new Set());
      showUnused([]);
      draw(undefined);
    },

    /**
     * Goes to the first value of the event that a rule made.
     *
     * @param {string} row the rule's path
     */
    goToValue(row) {
      const made = current?.explanation.values.find(({ path }) => rowOf(rules.rows(), path) === row);
      unpin();
      if (made) trees.event.focus(made.path);
    },
  };
}

function raws(node, found = new Map()) {
  found.set(node.pointer, node.raw);
  for (const member of node.members) raws(member.node, found);
  return found;
}
