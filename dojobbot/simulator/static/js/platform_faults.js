// Faults: a form that orders misbehaviour of either side, and what is in force.

import { el } from "./dom.js";

const SIDES = { platform: "Deep Origin", slack: "Slack" };
const WORDS = {
  status: "answer an error status", slow: "answer slowly", hang: "never answer", cut: "cut the answer in half",
  html: "answer a page of HTML", lost_reply: "lose the reply, the work done", expired_token: "say the token has expired",
  drop: "drop the connection", deaf: "go deaf, staying open", duplicate: "send twice", late: "send late",
};
/** Which numbers matter for which kind. */
const NUMBERS = {
  status: ["status", "retry_after"], html: ["status", "retry_after"], slow: ["seconds"], late: ["seconds"],
};
const FIELDS = {
  status: { label: "HTTP status", value: "500", step: "1" },
  retry_after: { label: "Retry-After (s)", value: "", step: "any" },
  seconds: { label: "Seconds", value: "2", step: "any" },
  share: { label: "Share of calls (%)", value: "100", step: "1" },
  times: { label: "How often", value: "", step: "1", placeholder: "no end" },
};

export class FaultsTab {
  node = el("div", { id: "panel-faults", class: "panel" });
  #act;
  #side = el("select", { class: "field" });
  #kind = el("select", { class: "field" });
  #match = el("input", { class: "field", list: "operations", value: "*", required: true });
  #operations = el("datalist", { id: "operations" });
  #inputs = {};
  #offer = { kinds: [], sides: {} };
  #armed = el("div");

  /** @param {(action: string, body: object) => Promise<boolean>} act does something in the demo. */
  constructor(act) {
    this.#act = act;
    const numbers = Object.entries(FIELDS).map(([name, { label, ...more }]) => {
      this.#inputs[name] = el("input", { class: "field", type: "number", inputmode: "decimal", min: "0", ...more });
      return el("label", {}, label, this.#inputs[name]);
    });
    const form = el(
      "form",
      { class: "form", "aria-label": "Order a fault", autocomplete: "off" },
      el("label", { class: "wide" }, "Let", this.#side),
      el("label", { class: "wide" }, "do this", this.#kind),
      el("label", { class: "wide" }, "to calls whose name matches", this.#match),
      this.#operations,
      numbers,
      el("button", { type: "submit", class: "block-button danger" }, "Order the fault"),
    );
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#order();
    });
    this.#side.addEventListener("change", () => this.#drawOperations());
    this.#kind.addEventListener("change", () => this.#drawNumbers());
    const drop = el("button", { type: "button", class: "small-button", on: { click: () => act("drop_sockets", {}) } }, "Drop the bot’s connection to Slack");
    this.node.append(form, drop, this.#armed);
  }

  /** Take over what there is, and what the form offers. */
  load(faults, offer) {
    this.#offer = offer;
    this.#side.replaceChildren(...Object.keys(offer.sides).map((value) => el("option", { value }, SIDES[value] ?? value)));
    this.#kind.replaceChildren(...offer.kinds.map((value) => el("option", { value }, WORDS[value] ?? value)));
    this.#drawOperations();
    this.#drawNumbers();
    this.show(faults);
  }

  /** Show what is in force. */
  show(faults) {
    const parts = Object.entries(faults).flatMap(([side, { armed, struck }]) => {
      const name = SIDES[side] ?? side;
      const all = el(
        "button",
        { type: "button", class: "small-button", "aria-label": `Withdraw all of ${name}`, on: { click: () => this.#act("clear_faults", { side }) } },
        "Withdraw all",
      );
      const rows = armed.map((fault) => this.#row(side, fault));
      return [
        el("h3", {}, name, armed.length > 0 && all),
        el("p", { class: "quiet" }, armed.length > 0 ? `${struck} calls were struck so far.` : `Behaves. ${struck} calls were struck so far.`),
        rows.length > 0 && el("ul", { class: "faults", "aria-label": `Faults of ${name}` }, rows),
      ].filter(Boolean);
    });
    this.#armed.replaceChildren(...parts);
  }

  #row(side, fault) {
    const gone = () => this.#act("clear_faults", { side, number: fault.number });
    const label = `Withdraw ${fault.words} for ${fault.match}`;
    return el(
      "li",
      {},
      el("span", {}, el("code", {}, fault.match), ` ${fault.words} · struck ${fault.struck}`),
      el("button", { type: "button", class: "small-button", "aria-label": label, on: { click: gone } }, "Withdraw"),
    );
  }

  #drawOperations() {
    const known = this.#offer.sides[this.#side.value] ?? [];
    this.#operations.replaceChildren(...known.map((value) => el("option", { value })));
  }

  #drawNumbers() {
    const wanted = [...(NUMBERS[this.#kind.value] ?? []), "share", "times"];
    for (const [name, input] of Object.entries(this.#inputs)) input.parentElement.hidden = !wanted.includes(name);
  }

  #order() {
    const numbers = Object.entries(this.#inputs)
      .filter(([, input]) => !input.parentElement.hidden && input.value !== "")
      .map(([name, input]) => [name, name === "share" ? Number(input.value) / 100 : Number(input.value)]);
    this.#act("fault", {
      side: this.#side.value, kind: this.#kind.value, match: this.#match.value.trim(), ...Object.fromEntries(numbers),
    });
  }
}
