/** What goes with the event itself: copy, download, the omitted values. */

import { byId, counted, element, say } from "./dom.js";
import { eventName, sourceName } from "./json-tree.js";
import { cut } from "./visible.js";

/** Longer values and messages, in characters, are cut. */
const LONGEST = 300;

/** Makes the view; without an event its buttons are off. */
export function createEventView() {
  let event;
  const copy = byId("copy");
  const download = byId("download");

  copy.addEventListener("click", async () => {
    const done = await copied(event);
    say(done ? "The event is copied, as one line." : "The browser refused to copy.");
    copy.textContent = done ? "Copied" : "Refused";
    copy.addEventListener("blur", reset, { once: true });
    copy.addEventListener("mouseleave", reset, { once: true });
  });
  download.addEventListener("click", () => {
    const address = URL.createObjectURL(new Blob([event, "\n"], { type: "application/json" }));
    element("a", { href: address, download: "event.json" }).click();
    URL.revokeObjectURL(address);
  });
  const reset = () => { copy.textContent = "Copy"; };

  return {
    /**
     * Shows the event to copy and lists the attributes left out of it. If the paths to omit are not valid, it says so
     * and shows no event, which would contain them.
     *
     * @param {import("./links.js").Explanation} [explanation] none: there is no event
     * @param {string} [omitFault] what is wrong with the paths to omit
     */
    show(explanation, omitFault) {
      event = omitFault === undefined ? explanation?.event : undefined;
      copy.disabled = event === undefined;
      download.disabled = event === undefined;
      reset();
      const omitted = explanation?.omitted ?? [];
      const view = byId("omitted");
      view.hidden = omitted.length === 0;
      view.querySelector("summary").textContent = counted(omitted.length, "omitted value");
      byId("omitted-list").replaceChildren(...omitted.map(({ path, rule, valueJson, sources }) =>
        element("li", { "data-pointer": path },
          element("span", { class: "path" }, eventName(path)), " ",
          element("code", {}, cut(valueJson, LONGEST)),
          element("p", { class: "rule" }, rule,
            sources.length ? ` (${sources.map(({ pointer }) => sourceName(pointer)).join(", ")})` : ""))));
      const fault = byId("omit-fault");
      fault.hidden = omitFault === undefined;
      fault.textContent = omitFault === undefined
        ? ""
        : `${cut(omitFault, LONGEST)}. Nothing is omitted below, so it cannot be copied or downloaded.`;
      byId("omit").setAttribute("aria-invalid", String(omitFault !== undefined));
    },
  };
}

/** Copies a text, also where the page has no clipboard since it was not served over HTTPS. */
async function copied(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const field = element("textarea", { class: "hidden" });
    field.value = text;
    const focused = document.activeElement;
    document.body.append(field);
    field.select();
    const done = document.execCommand("copy");
    field.remove();
    focused?.focus();
    return done;
  }
}
