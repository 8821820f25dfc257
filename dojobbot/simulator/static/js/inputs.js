// The inputs of modals: their labels, fields, hints and errors, and what was entered into them.

import { el } from "./dom.js";
import { choiceLabel, drawText, groupsOf, initialValues, unknown } from "./elements.js";

const MANY = new Set([
  "checkboxes", "multi_static_select", "multi_users_select", "multi_channels_select", "multi_conversations_select",
]);
const BOXES = new Set([...MANY, "radio_buttons"]);
const SELECTS = new Set(["static_select", "users_select", "channels_select", "conversations_select"]);
const TYPED = {
  plain_text_input: "text", email_text_input: "email", url_text_input: "url", number_input: "number",
  datepicker: "date", timepicker: "time",
};

/** An input block as a node. @param {object} block @param {object} around see blocks.js */
export function drawInput(block, around) {
  const { element } = block;
  const error = around.errors?.[block.block_id];
  const id = `input ${block.block_id}`.replaceAll(/\s/g, "-");
  const isKnown = BOXES.has(element.type) || SELECTS.has(element.type) || Object.hasOwn(TYPED, element.type);
  const describedBy = [block.hint && `${id}-hint`, error && `${id}-error`].filter(Boolean).join(" ") || null;
  const more = {
    "aria-describedby": describedBy, "aria-invalid": error ? "true" : null,
    "data-block": block.block_id, "data-action": element.action_id, "data-type": element.type, "data-key": id,
  };
  const label = [drawText(block.label, around.names), block.optional && el("small", {}, " (optional)")];
  const hint = block.hint && el("p", { id: `${id}-hint`, class: "hint" }, drawText(block.hint, around.names));
  const complaint = error && el("p", { id: `${id}-error`, class: "input-error", role: "alert" }, error);
  if (!isKnown) return el("div", { class: "block" }, el("div", { class: "input-label" }, label), unknown(element));
  if (BOXES.has(element.type)) {
    const boxes = el("fieldset", { class: "choices", ...more }, el("legend", { class: "input-label" }, label));
    boxes.append(...boxesOf(element, id, around.names));
    return el("div", { class: "block" }, boxes, hint, complaint);
  }
  const field = SELECTS.has(element.type) ? selectOf(element, around.names) : fieldOf(element);
  for (const [name, value] of Object.entries({ id, class: "field", required: !block.optional || null, ...more })) {
    if (value !== null) field.setAttribute(name, value === true ? "" : value);
  }
  return el("div", { class: "block" }, el("label", { class: "input-label", for: id }, label), field, hint, complaint);
}

function boxesOf(element, id, names) {
  const initial = initialValues(element);
  const type = MANY.has(element.type) ? "checkbox" : "radio";
  return groupsOf(element, names).flatMap((group) =>
    group.options.map((option) =>
      choiceLabel(el("input", { type, name: id, value: option.value, checked: initial.includes(option.value) }), option, names),
    ),
  );
}

function selectOf(element, names) {
  const [initial] = initialValues(element);
  const option = (each) => el("option", { value: each.value, selected: each.value === initial }, each.text.text);
  const groups = groupsOf(element, names).map(({ label, options }) =>
    label ? el("optgroup", { label }, options.map(option)) : options.map(option),
  );
  return el("select", {}, el("option", { value: "" }, element.placeholder?.text ?? "Choose"), groups.flat());
}

function fieldOf(element) {
  const value = element.initial_value ?? element.initial_date ?? element.initial_time ?? "";
  const shared = { placeholder: element.placeholder?.text, minlength: element.min_length, maxlength: element.max_length };
  if (element.multiline) return el("textarea", { rows: "4", ...shared }, value);
  return el("input", { type: TYPED[element.type], value, step: element.is_decimal_allowed ? "any" : null, ...shared });
}

/** What was entered into the inputs inside `root`: block id -> action id -> a text, a choice or a list of choices. */
export function enteredValues(root) {
  const values = {};
  for (const node of root.querySelectorAll("[data-block]")) {
    const value = valueOf(node);
    if (value !== null) values[node.dataset.block] = { [node.dataset.action]: value };
  }
  return values;
}

/** Put values back into inputs that were drawn anew. */
export function restoreValues(root, values) {
  for (const node of root.querySelectorAll("[data-block]")) {
    const value = values[node.dataset.block]?.[node.dataset.action];
    if (value === undefined) continue;
    if (BOXES.has(node.dataset.type)) {
      for (const box of node.querySelectorAll("input")) box.checked = [value].flat().includes(box.value);
    } else node.value = value;
  }
}

function valueOf(node) {
  const { type } = node.dataset;
  if (!BOXES.has(type)) return node.value === "" && type !== "plain_text_input" ? null : node.value;
  const chosen = [...node.querySelectorAll("input:checked")].map((box) => box.value);
  if (MANY.has(type)) return chosen;
  return chosen[0] ?? null;
}
