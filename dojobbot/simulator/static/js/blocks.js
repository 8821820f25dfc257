// Slack's blocks as DOM nodes. A block or element unknown here becomes a marked box, so that nothing is lost.

import { el } from "./dom.js";
import { icon, withEmoji } from "./emoji.js";
import { openMenu } from "./menu.js";
import { link, mrkdwn, unescape } from "./mrkdwn.js";

const DRAWERS = { section, context, header, divider, actions, image };
const ELEMENTS = { button, overflow, static_select: select, image: picture };

/**
 * What a block needs from around it.
 * @typedef {{names: object, press: (control: object, node: HTMLElement) => void}} Around
 *   `press` operates a control: `{element, blockId, option}`.
 */

/** Blocks as nodes. @param {object[]} blocks @param {Around} around */
export const drawBlocks = (blocks, around) =>
  blocks.map((block) => (Object.hasOwn(DRAWERS, block.type) ? DRAWERS[block.type](block, around) : unknown(block)));

/** A text object as a node. */
export function drawText(object, names) {
  if (object.type === "mrkdwn") return mrkdwn(object.text, names);
  const text = unescape(object.text);
  return object.emoji === false ? document.createTextNode(text) : withEmoji(text);
}

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
  const words = drawText(block.text, around.names);
  return el("div", { class: "block header", role: "heading", "aria-level": "3" }, words);
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

/** A picture of the page's own; one from elsewhere is only named, since the page loads nothing from outside. */
function picture(element) {
  const address = new URL(element.image_url, location.href);
  const isOurs = address.protocol === "data:" || address.origin === location.origin;
  if (isOurs) return el("img", { src: address.href, alt: element.alt_text });
  return el("span", { class: "picture" }, icon("picture"), " ", link(address.href, element.alt_text));
}

function drawElement(element, block, around) {
  const drawn = Object.hasOwn(ELEMENTS, element.type) ? ELEMENTS[element.type](element, block, around) : unknown(element);
  if (element.action_id) drawn.dataset.key = `${block.key} ${element.action_id}`;
  return drawn;
}

function button(element, block, around) {
  const press = (event) => around.press({ element, blockId: block.block_id }, event.currentTarget);
  return el(
    "button",
    {
      type: "button",
      class: `block-button ${element.style ?? ""}`,
      "aria-label": element.accessibility_label,
      on: { click: press },
    },
    drawText(element.text, around.names),
  );
}

function overflow(element, block, around) {
  const node = el("button", { type: "button", class: "block-button overflow", "aria-label": "More actions" }, "⋯");
  return withMenu(node, [{ label: "", options: element.options }], element, block, around);
}

function select(element, block, around) {
  const label = element.placeholder ? unescape(element.placeholder.text) : "Choose";
  const node = el("button", { type: "button", class: "block-button select", "aria-label": label }, label);
  const groups = element.option_groups?.map((group) => ({ label: group.label.text, options: group.options }));
  return withMenu(node, groups ?? [{ label: "", options: element.options }], element, block, around);
}

function withMenu(node, groups, element, block, around) {
  node.setAttribute("aria-haspopup", "menu");
  node.setAttribute("aria-expanded", "false");
  const choice = (option) => ({
    label: () => drawText(option.text, around.names),
    about: option.description && (() => drawText(option.description, around.names)),
    pick: () => around.press({ element, blockId: block.block_id, option }, node),
  });
  const drawn = groups.map((group) => ({ label: unescape(group.label), options: group.options.map(choice) }));
  node.addEventListener("click", () => openMenu(node, drawn));
  return node;
}

const unknown = (thing) =>
  el(
    "details",
    { class: "block unknown" },
    el("summary", {}, `This page does not draw “${thing.type}”`),
    el("pre", {}, JSON.stringify(thing, null, 2)),
  );
