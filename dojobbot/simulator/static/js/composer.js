// A composer: writes messages, runs commands, says which commands there are, and remembers what was sent.

import { act } from "./connection.js";
import { sentence } from "./controls.js";
import { el, showText } from "./dom.js";

const MOST_LINES = 8;
const MOST_REMEMBERED = 50;
/** What was sent from this page, the newest last; both composers share it. */
const history = [];

export class Composer {
  #where;
  #text;
  #label;
  #notice;
  #list;
  #button = el("button", { type: "submit", class: "send" }, "Send");
  #state = el("p", { class: "composer-state", role: "status" });
  #offers = [];
  #chosen = -1;
  #recalled = null;

  /**
   * @param {HTMLFormElement} form where it is built.
   * @param {string} name makes its ids.
   * @param {() => {you: string, channel: string, thread?: string, commands: object[]}} where who writes to where,
   *   and the commands that can be typed there.
   */
  constructor(form, name, where) {
    this.#where = where;
    this.#list = el("ul", { id: `${name}-list`, class: "suggestions", role: "listbox", "aria-label": "Suggestions", hidden: true });
    this.#notice = el("p", { class: "notice", role: "alert", hidden: true });
    this.#label = el("label", { for: `${name}-text` }, "Message");
    this.#text = el("textarea", {
      id: `${name}-text`, rows: "1", "aria-autocomplete": "list", "aria-controls": `${name}-list`,
      on: { input: () => this.#typed(), keydown: (event) => this.#key(event), blur: () => this.#offer([]) },
    });
    form.append(this.#notice, this.#list, this.#label, el("div", { class: "composer-row" }, this.#text, this.#button), this.#state);
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#send();
    });
  }

  /** Show where it writes to. */
  draw(label, placeholder) {
    this.#label.textContent = label;
    this.#text.placeholder = placeholder;
  }

  /** Put something in, for the person to send or change. */
  fill(text) {
    this.#text.value = text;
    this.#text.focus();
    this.#typed();
  }

  /** Take the keyboard. */
  focus() {
    this.#text.focus();
  }

  /** Say what went wrong; an empty text takes it back. */
  notify(text) {
    showText(this.#notice, text);
  }

  #key(event) {
    if (event.isComposing) return;
    const arrow = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (arrow !== undefined && this.#offers.length > 0 && this.#recalled === null) this.#choose(this.#chosen + arrow);
    else if (arrow !== undefined && this.#canRecall()) this.#recall(arrow);
    else if (event.key === "Tab" && !event.shiftKey && this.#offers.length > 0) this.#take(Math.max(this.#chosen, 0));
    else if (event.key === "Enter" && !event.shiftKey && this.#chosen >= 0) this.#take(this.#chosen);
    else if (event.key === "Enter" && !event.shiftKey) this.#send();
    else if (event.key === "Escape" && this.#offers.length > 0) this.#offer([]);
    else return;
    event.preventDefault();
  }

  /** Arrow up and down walk through what was sent, from an empty composer on. */
  #canRecall() {
    return history.length > 0 && (this.#text.value === "" || this.#text.value === history[this.#recalled]);
  }

  #recall(step) {
    const at = (this.#recalled ?? history.length) + step;
    if (at < 0) return;
    this.#recalled = at < history.length ? at : null;
    this.#text.value = history[at] ?? "";
    this.#grow();
    this.#offer([]);
  }

  #typed() {
    this.#recalled = null;
    this.notify("");
    this.#grow();
    this.#offer(offers(this.#text.value, this.#where().commands));
  }

  #grow() {
    this.#text.rows = Math.min(this.#text.value.split("\n").length, MOST_LINES);
  }

  #offer(found) {
    this.#offers = found;
    const rows = found.map((each, index) =>
      el(
        "li",
        // The press must come before the composer loses the keyboard, which closes the list.
        { role: "option", id: `${this.#list.id}-${index}`, on: { pointerdown: (event) => this.#point(event, index) } },
        el("strong", {}, each.text),
        el("span", {}, each.usage),
      ),
    );
    this.#list.replaceChildren(...rows);
    this.#list.hidden = rows.length === 0;
    this.#choose(-1);
  }

  #point(event, index) {
    event.preventDefault();
    this.#take(index);
  }

  #choose(index) {
    const count = this.#offers.length;
    this.#chosen = count === 0 || index < -1 ? count - 1 : index >= count ? -1 : index;
    [...this.#list.children].forEach((row, at) => row.setAttribute("aria-selected", String(at === this.#chosen)));
    if (this.#chosen < 0) this.#text.removeAttribute("aria-activedescendant");
    else this.#text.setAttribute("aria-activedescendant", this.#list.children[this.#chosen].id);
  }

  #take(index) {
    const { text, isWhole } = this.#offers[index];
    this.fill(isWhole ? text : `${text} `);
  }

  async #send() {
    const text = this.#text.value.trim();
    if (text === "" || this.#button.disabled) return;
    const { you, channel, thread } = this.#where();
    this.#button.disabled = true;
    this.#text.value = "";
    this.#typed();
    showText(this.#state, text.startsWith("/") ? `Sending ${text.split(" ")[0]} …` : "Sending …");
    try {
      const error = await act("say", { user: you, channel, thread, text });
      if (error !== null) this.notify(sentence(error));
      if (history.at(-1) !== text) history.push(text);
      history.splice(0, history.length - MOST_REMEMBERED);
    } catch (error) {
      if (this.#text.value === "") this.fill(text);
      this.notify(error.message);
    } finally {
      this.#button.disabled = false;
      showText(this.#state, "");
    }
  }
}

/** What the typed text may become: commands, and after a command's name its examples. */
function offers(typed, commands) {
  if (!typed.startsWith("/")) return [];
  if (!typed.includes(" ")) {
    const fitting = commands.filter((command) => command.name.startsWith(typed));
    return fitting.map((command) => ({ text: command.name, usage: command.usage, isWhole: false }));
  }
  const command = commands.find((each) => typed.startsWith(`${each.name} `));
  return (command?.examples ?? [])
    .map(([words, usage]) => ({ text: `${command.name} ${words}`, usage, isWhole: true }))
    .filter((each) => each.text.startsWith(typed) && each.text !== typed);
}
