// Building DOM nodes. Foreign text only ever becomes a text node: nothing here parses HTML.

/**
 * An element. `properties` are attributes, except `on` (event -> listener); those that are null, undefined or
 * false are left out, and true stands for an empty value. Children are nodes or texts; null, false and "" are skipped.
 */
export function el(tag, properties = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name === "on") {
      for (const [event, listener] of Object.entries(value)) node.addEventListener(event, listener);
    } else if (value !== null && value !== undefined && value !== false) {
      node.setAttribute(name, value === true ? "" : String(value));
    }
  }
  node.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false && child !== ""));
  return node;
}

/** The element of the page with this id. */
export const byId = (id) => document.getElementById(id);

/** Show a text in an element, or hide the element when there is none. */
export function showText(node, text) {
  if (node.textContent !== text) node.textContent = text;
  node.hidden = text === "";
}

/** Redraw something inside `root`, and put the focus back on what has the same data-key afterwards. */
export function keepingFocus(root, redraw) {
  const focused = root.contains(document.activeElement) ? document.activeElement.dataset.key : undefined;
  redraw();
  if (focused === undefined || root.contains(document.activeElement)) return;
  for (const node of root.querySelectorAll("[data-key]")) {
    if (node.dataset.key === focused) return node.focus({ preventScroll: true });
  }
}
