/**
 * JSON as formatted text whose values can be pointed at: with the mouse, by touch, or with the arrow keys.
 *
 * To assistive technology it is a tree of values, each named by its full path: brackets and indentation say
 * nothing to somebody who cannot see them. One value at a time is in the tab order (roving tabindex).
 */

import { element } from "./dom.js";
import { dotted } from "./pointers.js";
import { cut } from "./visible.js";

/** More members of one object or list are counted and not shown. */
const MOST_MEMBERS = 400;

/** Longer values, names and what a screen reader says of them, in characters, are cut. */
const LONGEST = 2_000;
const LONGEST_NAME = 200;
const LONGEST_SAID = 300;

/** An object or list of plain values with no more characters stays on one line where the page is wide. */
const SHORT = 48;

/**
 * Makes a tree in a container that scrolls.
 *
 * @param {HTMLElement} container
 * @param {object} options
 * @param {string} options.label the tree's name
 * @param {(pointer: string) => string} options.name the name of a pointer
 * @param {(pointer: string) => void} options.onPoint a value is hovered or has the focus
 * @param {(pointer: string) => void} options.onPin a value is clicked, or Enter or the space bar is pressed on it
 */
export function createTree(container, { label, name, onPoint, onPin }) {
  let places = new Map();
  let values = [];
  let roving;

  const pointed = (event) => event.target.closest?.("[role=treeitem]");
  const on = (type, act) =>
    container.addEventListener(type, (event) => {
      const value = pointed(event);
      if (value) act(value.dataset.pointer, value, event);
    });
  on("mouseover", (pointer) => onPoint(pointer));
  on("focusin", (pointer, value) => {
    rove(value);
    onPoint(pointer);
  });
  on("click", (pointer, value) => {
    value.focus({ preventScroll: true });
    onPin(pointer);
  });
  on("keydown", (pointer, value, event) => {
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    const next = neighbour(values.indexOf(value), event.key);
    if (next) next.focus();
    else if (event.key === "Enter" || event.key === " ") onPin(pointer);
    else return;
    event.preventDefault();
  });

  function neighbour(index, key) {
    switch (key) {
      case "ArrowDown":
      case "ArrowRight": return values[Math.min(index + 1, values.length - 1)];
      case "ArrowUp":
      case "ArrowLeft": return values[Math.max(index - 1, 0)];
      case "Home": return values[0];
      case "End": return values.at(-1);
      default: return undefined;
    }
  }

  function rove(value) {
    roving?.setAttribute("tabindex", "-1");
    roving = value;
    roving?.setAttribute("tabindex", "0");
  }

  function mark(className, pointers, each = () => {}) {
    for (const [pointer, elements] of places) {
      for (const place of elements) {
        place.classList.toggle(className, pointers.has(pointer));
        each(place, pointers.has(pointer));
      }
    }
  }

  return {
    /**
     * Shows a value; the focus stays where it was if that is still there.
     *
     * @param {import("./json-text.js").JsonNode} root
     * @param {Set<string>} unused pointers of what no rule reads, with all it holds
     */
    show(root, unused = new Set()) {
      const focused = container.contains(document.activeElement) && roving?.dataset.pointer;
      const kept = roving?.dataset.pointer;
      places = new Map();
      const tree = element("ul", { class: "json", role: "tree", "aria-label": label });
      tree.append(line({ node: root }, true, { name, unused, places }));
      values = [...tree.querySelectorAll("[role=treeitem]")];
      container.replaceChildren(tree);
      roving = undefined;
      rove(values.find((value) => value.dataset.pointer === kept) ?? values[0]);
      if (focused && roving?.dataset.pointer === focused) roving.focus({ preventScroll: true });
    },
    /** Shows nothing, or a sentence instead of a value. */
    clear(sentence = "") {
      places = new Map();
      values = [];
      roving = undefined;
      container.replaceChildren(...(sentence ? [element("p", { class: "hint" }, sentence)] : []));
    },
    /** @returns {boolean} whether there is a value at a pointer */
    has: (pointer) => places.has(pointer),
    /** Lights up what stands at the pointers, and nothing else; brings it into view, at least the first of it. */
    light(pointers) {
      mark("lit", pointers);
      const places = [...container.querySelectorAll(".lit")];
      if (places.length) bringIntoView(container, places);
    },
    /** Marks the value that the explanation is about; `pinned` where it stays. */
    activate(pointer, pinned) {
      const one = new Set(pointer === undefined ? [] : [pointer]);
      mark("active", one, (place, is) => {
        if (is) place.setAttribute("aria-describedby", "why-said");
        else place.removeAttribute("aria-describedby");
        if (place.role === "treeitem") place.setAttribute("aria-selected", String(is && pinned));
      });
      mark("pinned", pinned ? one : new Set());
    },
    /** Moves the focus to a value; to the first within where an object or a list is pointed to. */
    focus(pointer) {
      const [place] = places.get(pointer) ?? [];
      const value = place?.role === "treeitem" ? place : place?.querySelector("[role=treeitem]");
      value?.focus();
      return value !== undefined && value !== null;
    },
  };
}

/** One member with all it holds, as an entry of the list. */
function line({ key, node }, isLast, outer) {
  const context = { ...outer, isUnused: outer.isUnused || outer.unused.has(node.pointer) };
  const parts = [];
  if (key !== undefined) parts.push(element("span", { class: "key" }, cut(JSON.stringify(key), LONGEST_NAME)), ": ");
  const comma = isLast ? [] : [","];
  if (node.members.length === 0) {
    return element("li", { role: "none" }, leaf(parts, node, context), ...comma);
  }
  const [open, close] = node.kind === "object" ? "{}" : "[]";
  const isShort =
    node.members.every((member) => member.node.members.length === 0) &&
    node.members.reduce((sum, member) => sum + (member.key?.length ?? -4) + member.node.raw.length + 6, 0) <= SHORT;
  const shown = node.members.slice(0, MOST_MEMBERS);
  const hidden = node.members.length - shown.length;
  const list = element("ul", { role: "none", class: isShort ? (node.kind === "object" ? "inline spaced" : "inline") : undefined });
  shown.forEach((member, index) => list.append(line(member, index === node.members.length - 1, context)));
  if (hidden) list.append(element("li", { role: "none", class: "more" }, `… ${hidden} more, not shown`));
  const entry = element("li", { role: "none", "data-pointer": node.pointer }, ...parts, open, list, close, ...comma);
  place(context.places, node.pointer, entry);
  return entry;
}

function leaf(parts, node, { name, isUnused, places }) {
  const value = element(
    "span",
    {
      role: "treeitem",
      tabindex: "-1",
      class: isUnused ? "value unused-field" : "value",
      "data-pointer": node.pointer,
      "aria-selected": "false",
      "aria-label": `${name(node.pointer)}: ${cut(node.raw, LONGEST_SAID)}${isUnused ? ", unused" : ""}`,
    },
    ...parts,
    element("span", { class: node.kind }, cut(node.raw, LONGEST)),
    ...(node.raw.length > LONGEST
      ? [element("span", { class: "more" }, ` ${(node.raw.length - LONGEST).toLocaleString("en")} more characters`)]
      : []),
  );
  place(places, node.pointer, value);
  return value;
}

function place(places, pointer, made) {
  places.set(pointer, [...(places.get(pointer) ?? []), made]);
}

/** Scrolls only the container: the page itself must not jump under the mouse. */
function bringIntoView(container, places) {
  const frame = container.getBoundingClientRect();
  const { top } = places[0].getBoundingClientRect();
  const fitting = places.map((place) => place.getBoundingClientRect().bottom).filter((end) => end - top < frame.height);
  const bottom = Math.max(...fitting);
  if (top >= frame.top && bottom <= frame.bottom) return;
  const room = (frame.height - (bottom - top)) / 2;
  container.scrollTop += top - frame.top - Math.min(room, frame.height / 3);
}

/**
 * The name of a source field: its pointer.
 *
 * @param {string} pointer
 * @returns {string}
 */
export function sourceName(pointer) {
  return pointer === "" ? "the whole record" : cut(pointer, LONGEST_NAME);
}

/**
 * The name of a value of the event: its dotted path.
 *
 * @param {string} pointer
 * @returns {string}
 */
export function eventName(pointer) {
  return cut(dotted(pointer), LONGEST_NAME);
}
