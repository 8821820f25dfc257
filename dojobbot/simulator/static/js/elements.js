// The elements inside blocks: texts, pictures, buttons, menus and choices.

import { el } from "./dom.js";
import { icon, withEmoji } from "./emoji.js";
import { openMenu } from "./menu.js";
import { link, mrkdwn, unescape } from "./mrkdwn.js";

const ELEMENTS = {
  button, overflow, static_select: select, multi_static_select: choices, checkboxes: choices, radio_buttons: choices,
  image: picture, datepicker: field, timepicker: field,
  users_select: select, channels_select: select, conversations_select: select,
  multi_users_select: choices, multi_channels_select: choices, multi_conversations_select: choices,
};
/** Elements whose choices Slack itself provides. */
const PROVIDED = {
  users_select: "people", channels_select: "places", conversations_select: "places",
  multi_users_select: "people", multi_channels_select: "places", multi_conversations_select: "places",
};
const FIELD_TYPES = { datepicker: "date", timepicker: "time" };

/** A text object as a node. */
export function drawText(object, names) {
  if (object.type === "mrkdwn") return mrkdwn(object.text, names);
  const text = unescape(object.text);
  return object.emoji === false ? document.createTextNode(text) : withEmoji(text);
}

/** An element where it stands. */
export function drawElement(element, block, around) {
  const drawn = Object.hasOwn(ELEMENTS, element.type) ? ELEMENTS[element.type](element, block, around) : unknown(element);
  if (element.action_id) drawn.dataset.key = `${block.key} ${element.action_id}`;
  return drawn;
}

/** A marked box for what the page does not know. */
export const unknown = (thing) =>
  el(
    "details",
    { class: "block unknown" },
    el("summary", {}, `This page does not draw “${thing.type}”`),
    el("pre", {}, JSON.stringify(thing, null, 2)),
  );

/** A picture of the page's own; one from elsewhere is only named, since the page loads nothing from outside. */
export function picture(element) {
  if (!element.image_url) return el("span", { class: "picture" }, icon("picture"), " ", element.alt_text);
  const address = new URL(element.image_url, location.href);
  const isOurs = address.protocol === "data:" || address.origin === location.origin;
  if (isOurs) return el("img", { src: address.href, alt: element.alt_text });
  return el("span", { class: "picture" }, icon("picture"), " ", link(address.href, element.alt_text));
}

/** The choices that an element offers, by their groups; those without a group are in one without a label. */
export function groupsOf(element, names) {
  if (element.option_groups) {
    return element.option_groups.map((group) => ({ label: unescape(group.label.text), options: group.options }));
  }
  const provided = names[PROVIDED[element.type]]?.map(([value, text]) => ({ value, text: { type: "plain_text", text } }));
  return [{ label: "", options: provided ?? element.options ?? [] }];
}

/** The values that are chosen at first. */
export const initialValues = (element) =>
  [
    ...(element.initial_options ?? [element.initial_option]).map((option) => option?.value),
    ...(element.initial_users ?? element.initial_channels ?? element.initial_conversations ?? []),
    element.initial_user ?? element.initial_channel ?? element.initial_conversation,
  ].filter((value) => value !== undefined);

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
  return withMenu(node, element, block, around);
}

function select(element, block, around) {
  const name = element.placeholder ? unescape(element.placeholder.text) : "Choose";
  const [initial] = initialValues(element);
  const options = groupsOf(element, around.names).flatMap((group) => group.options);
  const chosen = initial && unescape(options.find((option) => option.value === initial)?.text.text ?? initial);
  const label = chosen ? `${name}: ${chosen}` : name;
  const node = el("button", { type: "button", class: "block-button select", "aria-label": label }, chosen ?? name);
  return withMenu(node, element, block, around);
}

function withMenu(node, element, block, around) {
  node.setAttribute("aria-haspopup", "menu");
  node.setAttribute("aria-expanded", "false");
  const choice = (option) => ({
    label: () => drawText(option.text, around.names),
    about: option.description && (() => drawText(option.description, around.names)),
    pick: () => around.press({ element, blockId: block.block_id, option }, node),
  });
  const drawn = groupsOf(element, around.names).map(({ label, options }) => ({ label, options: options.map(choice) }));
  node.addEventListener("click", () => openMenu(node, drawn));
  return node;
}

/** Boxes that act when they are chosen. */
function choices(element, block, around) {
  const isMany = element.type !== "radio_buttons";
  const initial = initialValues(element);
  const box = el("fieldset", { class: "choices", "aria-label": element.placeholder?.text ?? element.action_id });
  for (const option of groupsOf(element, around.names).flatMap((group) => group.options)) {
    const input = el("input", {
      type: isMany ? "checkbox" : "radio",
      name: `${block.key} ${element.action_id}`,
      value: option.value,
      checked: initial.includes(option.value),
      on: { change: () => around.press({ element, blockId: block.block_id, option }, box) },
    });
    box.append(choiceLabel(input, option, around.names));
  }
  return box;
}

/** A box with the words of its option. */
export const choiceLabel = (input, option, names) =>
  el("label", {}, input, el("span", {}, drawText(option.text, names), option.description && el("small", {}, drawText(option.description, names))));

function field(element, block, around) {
  const value = element.initial_date ?? element.initial_time ?? "";
  return el("input", {
    class: "field", type: FIELD_TYPES[element.type], value, "aria-label": element.placeholder?.text ?? element.action_id,
    on: { change: (event) => around.press({ element, blockId: block.block_id, option: { value: event.target.value } }, event.target) },
  });
}
