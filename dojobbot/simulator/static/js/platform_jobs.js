// The jobs of the simulated organisation: a form that starts one, and a row each, kept in place while they move.

import { el, keepingFocus } from "./dom.js";
import { openMenu } from "./menu.js";
import { askForReason } from "./reason.js";

const SHORT_ID = 8;
const MOST_ENDED = 40;
/** What is under way comes first, then what waits for somebody, then what waits for its turn. */
const RANKS = ["Running", "Quoted", "Queued", "Created"];

export class JobsTab {
  node = el("div", { id: "panel-jobs", class: "panel" });
  #act;
  #open;
  #list = el("ul", { class: "jobs", "aria-label": "Jobs" });
  #kind = el("select", { id: "start-kind", class: "field" });
  #jobs = new Map();
  #rows = new Map();

  /**
   * @param {(action: string, body: object) => Promise<boolean>} act does something on the platform.
   * @param {(command: string) => void} open puts a command into the composer.
   */
  constructor(act, open) {
    this.#act = act;
    this.#open = open;
    const name = el("input", { id: "start-name", class: "field", maxlength: "60", placeholder: "made up if empty" });
    const quote = el("input", { type: "checkbox" });
    const form = el(
      "form",
      { class: "form", "aria-label": "Start a job", autocomplete: "off" },
      el("label", {}, "Start", this.#kind),
      el("label", {}, "Name", name),
      el("label", { class: "check" }, quote, "quote first"),
      el("button", { type: "submit", class: "block-button primary" }, "Start"),
    );
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      const isStarted = await this.#act("start", { kind: this.#kind.value, name: name.value.trim(), quote: quote.checked });
      if (isStarted) name.value = "";
    });
    this.node.append(form, this.#list);
  }

  /** Take over all jobs, and the kinds that can be started. */
  load(jobs, kinds) {
    this.#kind.replaceChildren(...Object.entries(kinds).map(([value, label]) => el("option", { value }, label)));
    this.#jobs.clear();
    this.#rows.clear();
    this.put(jobs, []);
  }

  /** Take over jobs that are new or have changed, and forget those that are gone. */
  put(jobs, gone) {
    for (const id of gone) this.#jobs.delete(id);
    for (const job of jobs) this.#jobs.set(job.id, job);
    const shown = this.#inOrder();
    for (const job of shown) {
      if (!this.#rows.has(job.id)) this.#rows.set(job.id, this.#row(job.id));
      fillRow(this.#rows.get(job.id), job);
    }
    const nodes = shown.map((job) => this.#rows.get(job.id));
    const isSame = nodes.length === this.#list.children.length && nodes.every((node, at) => node === this.#list.children[at]);
    if (!isSame) keepingFocus(this.#list, () => this.#list.replaceChildren(...nodes));
  }

  /** How many jobs have not ended. */
  get active() {
    return [...this.#jobs.values()].filter((job) => !job.ended).length;
  }

  /** Those that have not ended, by status and the newest first; then those that ended last. */
  #inOrder() {
    const every = [...this.#jobs.values()];
    const latest = (name) => (one, other) => (one[name] < other[name] ? 1 : one[name] > other[name] ? -1 : 0);
    const rank = (job) => (RANKS.includes(job.status) ? RANKS.indexOf(job.status) : RANKS.length);
    const active = every
      .filter((job) => !job.ended)
      .sort(latest("created"))
      .sort((one, other) => rank(one) - rank(other));
    return [...active, ...every.filter((job) => job.ended).sort(latest("updated")).slice(0, MOST_ENDED)];
  }

  #row(id) {
    const more = el("button", { type: "button", class: "icon-button", "data-key": `job ${id}`, "aria-haspopup": "menu", "aria-expanded": "false" }, "⋯");
    more.addEventListener("click", () => openMenu(more, [{ label: "", options: this.#choices(id) }]));
    return el(
      "li",
      { class: "job" },
      el("span", { class: "job-bar" }),
      el("span", { class: "job-name" }),
      more,
      el("span", { class: "job-about" }, el("span", { class: "job-status" }), el("span", {})),
      el("progress", { max: "1", hidden: true }),
    );
  }

  #choices(id) {
    const job = this.#jobs.get(id);
    const choice = (words, pick) => ({ label: () => document.createTextNode(words), pick });
    const show = choice("Show it in the chat", () => this.#open(`/job ${id.slice(0, SHORT_ID)}`));
    if (job === undefined || job.ended) return [show];
    return [
      show,
      choice("Let it end well now", () => this.#act("finish", { job: id })),
      choice("Let it fail …", async () => {
        const reason = await askForReason(job.name);
        if (reason !== null) await this.#act("fail", { job: id, reason });
      }),
    ];
  }
}

function fillRow(row, job) {
  const [, name, more, about, progress] = row.children;
  row.dataset.status = job.status;
  put(name, job.name);
  name.title = job.name;
  more.setAttribute("aria-label", `What to do with ${job.name}`);
  put(about.children[0], job.status);
  const reason = job.status === "Failed" && job.reason ? ` · ${job.reason}` : "";
  put(about.children[1], ` · ${job.tool} · ${job.owner} · ${job.id.slice(0, SHORT_ID)}${reason}`);
  progress.hidden = job.progress === null;
  if (job.progress !== null) {
    progress.value = job.progress;
    progress.setAttribute("aria-label", `Progress of ${job.name}`);
  }
}

/** Set a text where it differs, so that nothing flickers or is read aloud in vain. */
function put(node, text) {
  if (node.textContent !== text) node.textContent = text;
}
