// Slack's blocks as DOM nodes. A block or element unknown here becomes a marked box, so that nothing is lost.

import { chart } from "./chart.js";
import { el } from "./dom.js";
import { icon } from "./emoji.js";
import { drawElement, drawText, picture, unknown } from "./elements.js";
import { drawInput } from "./inputs.js";
import { markdown } from "./markdown.js";
import { richText } from "./richtext.js";
import { table } from "./table.js";

const DRAWERS = {
  section, context, header, divider, actions, image, alert, file, table,
  data_visualization: chart,
  input: drawInput,
  rich_text: (block, around) => el("div", { class: "block rich" }, richText(block, around.names)),
  markdown: (block) => el("div", { class: "block rich" }, markdown(block.text)),
};

/**
 * What a block needs from around it.
 * @typedef {{names: object, press: (control: object, node: HTMLElement) => void, errors?: object}} Around
 *   `press` operates a control: `{element, blockId, option}`; `errors` are those of a modal's inputs, by block id.
 */

/** Blocks as nodes. @param {object[]} blocks @param {Around} around */
export const drawBlocks = (blocks, around) =>
  blocks.map((block) => (Object.hasOwn(DRAWERS, block.type) ? DRAWERS[block.type](block, around) : unknown(block)));

function section(block, around) {
  const words = el("div", { class: "section-words" });
  if (block.text) words.append(el("div", { class: "section-text" }, drawText(block.text, around.names)));
  if (block.fields) {
    const fields = block.fields.map((field) => el("div", {}, drawText(field, around.names)));
    words.append(el("div", { class: "fields" }, fields));
  }
  const accessory = block.accessory && el("div", { class: "accessory" }, drawElement(block.accessory, block, around));
  return el("div", { class: "block section" }, words, accessory);
}

function context(block, around) {
  const parts = block.elements.map((part) =>
    part.type === "image" ? picture(part) : el("span", {}, drawText(part, around.names)),
  );
  return el("div", { class: "block context" }, parts);
}

function header(block, around) {
  const level = String((block.level ?? 1) + 2);
  return el("div", { class: "block header", role: "heading", "aria-level": level }, drawText(block.text, around.names));
}

function divider() {
  return el("hr", { class: "block" });
}

function actions(block, around) {
  const drawn = block.elements.map((element) => drawElement(element, block, around));
  return el("div", { class: "block actions" }, drawn);
}

function image(block, around) {
  const title = block.title && el("figcaption", {}, drawText(block.title, around.names));
  return el("figure", { class: "block" }, title, picture(block));
}

function alert(block, around) {
  return el("div", { class: `block alert alert-${block.level ?? "default"}`, role: "note" }, drawText(block.text, around.names));
}

function file(block) {
  return el("div", { class: "block context" }, icon("file"), ` A file of another service (${block.external_id})`);
}
