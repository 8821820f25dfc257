// The composer: writes messages, runs commands, and says which commands there are.

import { act } from "./connection.js";
import { sentence } from "./controls.js";
import { byId, el, showText } from "./dom.js";

const MOST_LINES = 8;

export class Composer {
  #store;
  #text = byId("composer-text");
  #state = byId("composer-state");

  /** @param {object} store what the page knows. */
  constructor(store) {
    this.#store = store;
    byId("composer").addEventListener("submit", (event) => {
      event.preventDefault();
      this.#send();
    });
    this.#text.addEventListener("input", () => this.#typed());
    this.#text.addEventListener("keydown", (event) => this.#key(event));
  }

  /** Show which channel it writes to. */
  draw() {
    const { channel } = this.#store;
    const place = channel.kind === "im" ? channel.name : `#${channel.name}`;
    byId("composer-label").textContent = `Message ${place}`;
  }

  /** Put something in, for the person to send or change. */
  fill(text) {
    this.#text.value = text;
    this.#typed();
    this.#text.focus();
  }

  /** Say what went wrong; an empty text takes it back. */
  notify(text) {
    showText(byId("notice"), text);
  }

  #key(event) {
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
      event.preventDefault();
      this.#send();
    } else if (event.key === "Tab" && !event.shiftKey && this.#offered().length > 0) {
      event.preventDefault();
      this.fill(`${this.#offered()[0].name} `);
    } else if (event.key === "Escape") {
      byId("suggestions").hidden = true;
    }
  }

  /** The commands that what has been typed may become. */
  #offered() {
    const typed = this.#text.value;
    if (!typed.startsWith("/") || typed.includes(" ")) return [];
    return this.#store.commands.filter((command) => command.name.startsWith(typed));
  }

  #typed() {
    this.notify("");
    this.#text.rows = Math.min(this.#text.value.split("\n").length, MOST_LINES);
    const offered = this.#offered();
    const rows = offered.map((command) =>
      el(
        "button",
        { type: "button", tabindex: "-1", on: { click: () => this.fill(`${command.name} `) } },
        el("strong", {}, command.name),
        el("span", {}, command.usage),
      ),
    );
    const box = byId("suggestions");
    box.replaceChildren(...rows);
    box.hidden = rows.length === 0;
  }

  async #send() {
    const text = this.#text.value.trim();
    if (text === "" || byId("send").disabled) return;
    const { you, here } = this.#store;
    byId("send").disabled = true;
    this.#text.value = "";
    this.#typed();
    showText(this.#state, text.startsWith("/") ? `Sending ${text.split(" ")[0]} …` : "Sending …");
    try {
      const error = await act("say", { user: you, channel: here, text });
      if (error !== null) this.notify(sentence(error));
    } catch (error) {
      if (this.#text.value === "") this.fill(text);
      this.notify(error.message);
    } finally {
      byId("send").disabled = false;
      showText(this.#state, "");
    }
  }
}
