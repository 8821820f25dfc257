// The requests that the bot makes, as they happen, the newest first.

import { el } from "./dom.js";

const MOST = 200;
const SIDES = { platform: "DO", slack: "Slack" };
const FILTERS = { all: "all", platform: "Deep Origin", slack: "Slack" };

export class RequestsTab {
  node = el("div", { id: "panel-requests", class: "panel", tabindex: "0" });
  #rows = el("tbody");
  #all = [];
  #filter = "all";

  constructor() {
    const choice = ([value, label]) =>
      el(
        "label",
        {},
        el("input", { type: "radio", name: "side", value, checked: value === this.#filter, on: { change: () => this.#show(value) } }),
        ` ${label}`,
      );
    const heads = ["To", "Request", "Status", "ms"].map((words) => el("th", { scope: "col" }, words));
    this.node.append(
      el("fieldset", { class: "filter" }, el("legend", {}, "Show"), Object.entries(FILTERS).map(choice)),
      el(
        "table",
        { class: "requests" },
        el("caption", {}, "What dojobbot asks, the newest first"),
        el("thead", {}, el("tr", {}, heads)),
        this.#rows,
      ),
    );
  }

  /** Take over all requests. */
  load(requests) {
    this.#all = [];
    this.#rows.replaceChildren();
    this.put(requests);
  }

  /** Add requests, the newest last. */
  put(requests) {
    this.#all = [...this.#all, ...requests].slice(-MOST);
    this.#rows.prepend(...requests.filter((each) => this.#fits(each)).reverse().map(drawRequest));
    while (this.#rows.children.length > MOST) this.#rows.lastElementChild.remove();
  }

  #show(filter) {
    this.#filter = filter;
    this.#rows.replaceChildren(...this.#all.filter((each) => this.#fits(each)).reverse().map(drawRequest));
  }

  #fits(request) {
    return this.#filter === "all" || request.side === this.#filter;
  }
}

function drawRequest(request) {
  const { side, method, path, status, error } = request;
  const isBad = status === 0 || status >= 400 || error !== null;
  const shown = side === "slack" ? path : `${method} ${path}`;
  const details = Object.entries(request.query).map(([name, value]) => `${name}: ${value}`).join("\n");
  const outcome = status === 0 ? "no answer" : [status, error].filter(Boolean).join(" ");
  return el(
    "tr",
    {},
    el("td", {}, el("span", { class: `side-badge side-${side}` }, SIDES[side])),
    el("td", { class: "path", title: details }, shown),
    el("td", { class: isBad ? "bad" : null }, outcome),
    el("td", { class: "ms" }, request.ms < 10 ? request.ms.toFixed(1) : Math.round(request.ms)),
  );
}
