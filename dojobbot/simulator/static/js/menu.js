// The menu that opens below a button: for the "..." of a card and for a drop-down list.

import { el } from "./dom.js";

let close = () => {};

/** Close the menu that is open, if any. */
export const closeMenu = () => close();

/**
 * Open a menu below a button.
 * @param {HTMLButtonElement} button the button; it gets the focus back.
 * @param {{label: string, options: {label: () => Node, about?: () => Node, pick: () => void}[]}[]} groups
 *   the choices, their texts drawn when it opens; a group without a label is just a list.
 */
export function openMenu(button, groups) {
  close();
  const items = [];
  const menu = el("div", { class: "menu", role: "menu", "aria-label": button.getAttribute("aria-label") });
  for (const group of groups) {
    const parent = group.label ? el("div", { role: "group", "aria-label": group.label }) : menu;
    if (group.label) {
      parent.append(el("div", { class: "menu-label", "aria-hidden": "true" }, group.label));
      menu.append(parent);
    }
    for (const option of group.options) {
      const pick = () => {
        close();
        option.pick();
      };
      const about = option.about && el("small", {}, option.about());
      const item = el("button", { type: "button", role: "menuitem", on: { click: pick } }, option.label(), about);
      items.push(item);
      parent.append(item);
    }
  }
  const leave = (event) => {
    if (!menu.contains(event.target) && !button.contains(event.target)) close();
  };
  close = () => {
    close = () => {};
    const hadFocus = menu.contains(document.activeElement);
    menu.remove();
    button.setAttribute("aria-expanded", "false");
    document.removeEventListener("pointerdown", leave);
    window.removeEventListener("resize", closeMenu);
    if (hadFocus) button.focus();
  };
  menu.addEventListener("keydown", (event) => moveFocus(event, items));
  document.addEventListener("pointerdown", leave);
  window.addEventListener("resize", closeMenu);
  document.body.append(menu);
  button.setAttribute("aria-expanded", "true");
  place(menu, button);
  items[0]?.focus();
}

function moveFocus(event, items) {
  const at = items.indexOf(document.activeElement);
  const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: items.length - 1 }[event.key];
  if (to !== undefined) items[(to + items.length) % items.length].focus();
  else if (event.key === "Escape" || event.key === "Tab") close();
  else return;
  event.preventDefault();
}

/** Put the menu below its button, or above where there is more room; always inside the window. */
function place(menu, button) {
  const box = button.getBoundingClientRect();
  const below = window.innerHeight - box.bottom - 12;
  const isBelow = below >= Math.min(menu.offsetHeight, 320) || below >= box.top;
  menu.style.maxHeight = `${Math.max(isBelow ? below : box.top - 12, 80)}px`;
  const top = isBelow ? box.bottom + 4 : box.top - 4 - menu.offsetHeight;
  menu.style.top = `${Math.max(top, 8)}px`;
  menu.style.left = `${Math.max(8, Math.min(box.left, window.innerWidth - menu.offsetWidth - 8))}px`;
}
