// The dialog that asks before a button or a menu acts.

import { el } from "./dom.js";

/**
 * Ask. Resolves to whether the person agreed.
 * @param {object} dialog Slack's confirm object.
 * @param {(textObject: object) => Node} draw draws a text object.
 */
export function ask(dialog, draw) {
  return new Promise((resolve) => {
    const style = dialog.style === "danger" ? "danger" : "primary";
    const title = el("h2", { id: "confirm-title" }, draw(dialog.title));
    const text = el("div", { id: "confirm-text" }, draw(dialog.text));
    const box = el("dialog", {
      class: "confirm", role: "dialog", "aria-labelledby": "confirm-title", "aria-describedby": "confirm-text",
    });
    const answer = (label, value, look) =>
      el("button", { type: "button", class: look, on: { click: () => box.close(value) } }, draw(label));
    const no = answer(dialog.deny, "no", "block-button");
    const yes = answer(dialog.confirm, "yes", `block-button ${style}`);
    box.append(title, text, el("div", { class: "dialog-buttons" }, no, yes));
    box.addEventListener("close", () => {
      box.remove();
      resolve(box.returnValue === "yes");
    });
    document.body.append(box);
    box.showModal();
    // What cannot be undone is not the answer to a hasty Enter.
    (style === "danger" ? no : yes).focus();
  });
}
