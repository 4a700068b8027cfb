/** The dialect and what is omitted: kept in the address's hash, so that a link repeats them, and nowhere else. */

import { byId } from "./dom.js";

/** Personal data and identifiers that each dialect lets one leave out. */
const OMIT_EXAMPLES = {
  sekoia: "device.desc, device.network_interfaces[].mac",
  ocsf: "device.owner, device.hw_info",
};

/**
 * Connects the controls with the hash.
 *
 * @param {() => boolean} onChange the dialect or the omitted paths have changed; returns whether the mapper accepts
 *   the paths: others may be part of an endpoint, pasted into the wrong field, and stay out of the address
 */
export function createSettings(onChange) {
  const radios = [...document.querySelectorAll("input[name=dialect]")];
  const omit = byId("omit");

  const settings = {
    /** @returns {"sekoia"|"ocsf"} */
    dialect: () => radios.find((radio) => radio.checked).value,
    /** @returns {string[]} the dotted paths to leave out */
    omit: () => omit.value.split(",").map((path) => path.trim()).filter(Boolean),
  };

  let isTaken = false;
  function tell() {
    showExample();
    isTaken = onChange();
  }

  function showExample() {
    omit.placeholder = OMIT_EXAMPLES[settings.dialect()];
  }

  function write() {
    const hash = new URLSearchParams();
    if (settings.dialect() !== radios[0].value) hash.set("dialect", settings.dialect());
    if (isTaken && settings.omit().length) hash.set("omit", settings.omit().join(","));
    const text = hash.toString().replaceAll("%2C", ",");
    history.replaceState(null, "", text ? `#${text}` : location.pathname + location.search);
  }

  function read() {
    const hash = new URLSearchParams(location.hash.slice(1));
    const chosen = radios.find((radio) => radio.value === hash.get("dialect")) ?? radios[0];
    chosen.checked = true;
    omit.value = (hash.get("omit") ?? "").split(",").filter(Boolean).join(", ");
  }

  read();
  showExample();
  for (const radio of radios) {
    radio.addEventListener("change", () => {
      tell();
      write();
    });
  }
  // The address follows when the field is left: browsers limit the changes of it. Nothing is
  // redrawn then, or a button pressed to leave the field would be gone before it is clicked.
  omit.addEventListener("input", tell);
  omit.addEventListener("change", write);
  addEventListener("hashchange", () => {
    read();
    tell();
  });
  return settings;
}
