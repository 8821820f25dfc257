// The guided tour: the steps of the story, ticked off as they happen.

import { byId, el, keepingFocus } from "./dom.js";

const KEY = "guide";
const TOKEN = /`([^`]+)`|\*([^*]+)\*/;

export class Guide {
  #fill;
  #steps = [];

  /** @param {(text: string) => void} fill puts a text into the composer. */
  constructor(fill) {
    this.#fill = fill;
    byId("toggle-guide").addEventListener("click", () => this.#show(!this.#isShown));
  }

  /** Show which steps are done. @param {{id: string, title: string, todo: string, done: boolean}[]} steps */
  draw(steps) {
    this.#steps = steps;
    byId("toggle-guide").hidden = false;
    const next = steps.find((step) => !step.done);
    const rows = steps.map((step, index) =>
      el(
        "li",
        { class: step.done ? "done" : null, "aria-current": step === next ? "step" : null },
        el("span", { class: "tick", "aria-hidden": "true" }, step.done ? "✓" : index + 1),
        el("span", {}, step.title, step.done && el("span", { class: "unseen" }, " (done)")),
      ),
    );
    const close = el(
      "button",
      { type: "button", class: "icon-button", "aria-label": "Close the guided tour", "data-key": "close guide", on: { click: () => this.#show(false) } },
      "×",
    );
    const todo = next ? this.#words(next.todo) : ["That is the whole story. Look at the Home of dojobbot, below Direct messages; be somebody else, order a fault, or start jobs of your own."];
    const guide = byId("guide");
    keepingFocus(guide, () =>
      guide.replaceChildren(el("ol", {}, rows), el("p", { class: "guide-todo", role: "status" }, todo), close),
    );
    this.#reflect();
  }

  /** A step's words: `commands` become buttons that fill the composer, *names* are bold. */
  #words(todo) {
    return todo.split(TOKEN).map((part, index) => {
      if (part === undefined || index % 3 === 0) return part;
      if (index % 3 === 2) return el("b", {}, part);
      return el("button", { type: "button", class: "command", "data-key": `guide ${part}`, on: { click: () => this.#fill(part) } }, part);
    });
  }

  get #isShown() {
    return localStorage.getItem(KEY) !== "closed" && this.#steps.length > 0;
  }

  #show(isShown) {
    if (isShown) localStorage.removeItem(KEY);
    else localStorage.setItem(KEY, "closed");
    this.#reflect();
    if (!isShown) byId("toggle-guide").focus();
  }

  #reflect() {
    byId("guide").hidden = !this.#isShown;
    byId("toggle-guide").setAttribute("aria-expanded", String(this.#isShown));
  }
}
