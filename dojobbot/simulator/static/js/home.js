// The App Home, a tab of the direct messages with the bot.

import { drawBlocks } from "./blocks.js";
import { byId, el, keepingFocus } from "./dom.js";
import { keyed } from "./message.js";

/**
 * Draw what the bot has published for the person.
 * @param {object} store what the page knows.
 * @param {(at: object, control: object, node: HTMLElement) => void} press operates a control.
 */
export function drawHome(store, press) {
  const { home, names } = store;
  const place = byId("home");
  const around = { names, press: (control, node) => press({ view: home.id }, control, node) };
  const nodes =
    home === null
      ? [el("p", { class: "home-empty" }, "dojobbot has not published a Home for you. Its messages are in the other tab.")]
      : [el("div", { class: "foreign" }, drawBlocks(keyed(home.blocks, home.id), around))];
  keepingFocus(place, () => place.replaceChildren(...nodes));
}
