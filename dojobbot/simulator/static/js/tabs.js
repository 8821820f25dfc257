// A row of tabs: one is chosen, arrow keys move between them.

import { el } from "./dom.js";

/**
 * Build tabs in an element with the role tablist.
 * @param {HTMLElement} list the element.
 * @param {{id: string, label: string, panel: HTMLElement}[]} tabs what there is; each panel becomes a tabpanel.
 * @param {(id: string) => void} chosen called when a person chooses one.
 * @returns {(id: string) => void} shows one.
 */
export function buildTabs(list, tabs, chosen) {
  const buttons = tabs.map(({ id, label, panel }) => {
    const button = el(
      "button",
      { type: "button", role: "tab", id: `tab-${id}`, "aria-controls": panel.id, on: { click: () => chosen(id) } },
      label,
    );
    return button;
  });
  list.replaceChildren(...buttons);
  list.addEventListener("keydown", (event) => {
    const at = buttons.indexOf(document.activeElement);
    const to = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: buttons.length - 1 }[event.key];
    if (at < 0 || to === undefined) return;
    event.preventDefault();
    const next = buttons[(to + buttons.length) % buttons.length];
    next.focus();
    next.click();
  });
  return (id) => {
    tabs.forEach((tab, index) => {
      const isShown = tab.id === id;
      tab.panel.hidden = !isShown;
      tab.panel.setAttribute("role", "tabpanel");
      tab.panel.setAttribute("aria-labelledby", buttons[index].id);
      buttons[index].setAttribute("aria-selected", String(isShown));
      buttons[index].tabIndex = isShown ? 0 : -1;
    });
  };
}
