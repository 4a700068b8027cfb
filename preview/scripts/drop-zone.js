/** Files: dropped anywhere on the page, or chosen with the button. */

import { byId } from "./dom.js";

/**
 * Takes files, by both ways.
 *
 * @param {(files: File[]) => void} onFiles
 */
export function takeFiles(onFiles) {
  const chooser = byId("file");
  byId("file-open").addEventListener("click", () => chooser.click());
  chooser.addEventListener("change", () => {
    if (chooser.files.length) onFiles([...chooser.files]);
    chooser.value = "";
  });

  const hasFiles = (event) => event.dataTransfer?.types.includes("Files");
  const mark = (isOver) => document.body.classList.toggle("dropping", isOver);
  addEventListener("dragover", (event) => {
    if (!hasFiles(event)) return;
    event.preventDefault();
    event.dataTransfer.dropEffect = "copy";
    mark(true);
  });
  addEventListener("dragleave", (event) => {
    if (event.relatedTarget === null) mark(false);
  });
  addEventListener("drop", (event) => {
    mark(false);
    if (!hasFiles(event)) return;
    event.preventDefault();
    onFiles([...event.dataTransfer.files]);
  });
}
