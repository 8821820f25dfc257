// Modals: the topmost one in front of the person, its inputs, its errors, its buttons.

import { drawBlocks } from "./blocks.js";
import { act } from "./connection.js";
import { sentence } from "./controls.js";
import { el, keepingFocus, showText } from "./dom.js";
import { drawText } from "./elements.js";
import { enteredValues, restoreValues } from "./inputs.js";
import { keyed } from "./message.js";

export class Modals {
  #store;
  #press;
  #box = null;
  #shown = null;

  /**
   * @param {object} store what the page knows.
   * @param {(at: object, control: object, node: HTMLElement) => void} press operates a control.
   */
  constructor(store, press) {
    this.#store = store;
    this.#press = press;
  }

  /** Show the topmost modal as it is now, or none. */
  draw() {
    const view = this.#store.modals.at(-1) ?? null;
    if (view?.id !== this.#shown?.id) this.#put();
    if (view === null || JSON.stringify(view) === JSON.stringify(this.#shown)) return;
    if (this.#box === null) this.#open();
    const isFirst = this.#shown === null;
    const values = isFirst ? {} : enteredValues(this.#box);
    this.#shown = view;
    keepingFocus(this.#box, () => this.#box.replaceChildren(this.#form(view)));
    restoreValues(this.#box, values);
    const wrong = this.#box.querySelector("[aria-invalid]");
    if (wrong) wrong.focus();
    else if (isFirst) this.#box.querySelector(".field")?.focus();
  }

  /** Take the modal away. */
  #put() {
    this.#box?.remove();
    this.#box = null;
    this.#shown = null;
  }

  #open() {
    this.#box = el("dialog", { class: "modal", role: "dialog", "aria-labelledby": "modal-title" });
    this.#box.addEventListener("cancel", (event) => {
      event.preventDefault();
      this.#do("close", this.#shown, { all: true });
    });
    document.body.append(this.#box);
    this.#box.showModal();
  }

  #form(view) {
    const { names } = this.#store;
    const around = { names, errors: view.errors, press: (control, node) => this.#press({ view: view.id }, control, node) };
    const close = (all) => () => this.#do("close", view, { all });
    const submit = view.submit && el("button", { type: "submit", class: "block-button primary" }, drawText(view.submit, names));
    const form = el(
      "form",
      { autocomplete: "off", novalidate: true },
      el(
        "header",
        { class: "modal-head" },
        el("h2", { id: "modal-title" }, drawText(view.title, names)),
        el("button", { type: "button", class: "icon-button", "aria-label": "Close", on: { click: close(true) } }, "×"),
      ),
      el("p", { class: "notice", role: "alert", hidden: true }),
      el("div", { class: "modal-body foreign" }, drawBlocks(keyed(view.blocks, view.id), around)),
      el(
        "div",
        { class: "dialog-buttons" },
        el("button", { type: "button", class: "block-button", on: { click: close(false) } }, view.close ? drawText(view.close, names) : "Cancel"),
        submit,
      ),
    );
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#submit(view, form);
    });
    return form;
  }

  async #submit(view, form) {
    const button = form.querySelector("[type=submit]");
    if (button.getAttribute("aria-busy") === "true") return;
    button.setAttribute("aria-busy", "true");
    await this.#do("submit", view, { values: enteredValues(form) });
    button.removeAttribute("aria-busy");
  }

  async #do(action, view, body) {
    this.notify("");
    try {
      const error = await act(action, { user: this.#store.you, view: view.id, ...body });
      if (error !== null) this.notify(sentence(error));
    } catch (error) {
      this.notify(error.message);
    }
  }

  /** Whether a modal is open. */
  get isOpen() {
    return this.#box !== null;
  }

  /** Say what went wrong in the modal. */
  notify(text) {
    const notice = this.#box?.querySelector(".notice");
    if (notice) showText(notice, text);
  }
}
