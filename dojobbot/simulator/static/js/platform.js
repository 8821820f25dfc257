// The platform panel: Deep Origin's side of the demo. Time, jobs, the bot's requests, and faults.

import { act, follow } from "./connection.js";
import { byId, el, showText } from "./dom.js";
import { FaultsTab } from "./platform_faults.js";
import { JobsTab } from "./platform_jobs.js";
import { RequestsTab } from "./platform_requests.js";
import { buildTabs } from "./tabs.js";

const SPEED_WORDS = { 0: "Hold" };
const SPEED_LABELS = { 0: "Hold time" };

export class Platform {
  #user;
  #jobs;
  #requests = new RequestsTab();
  #faults;
  #about = el("p", {});
  #notice = el("p", { class: "notice", role: "alert", hidden: true });
  #speeds = el("div", { class: "speeds" });
  #story;

  /**
   * Build the panel, and follow the platform.
   * @param {() => string} user who acts.
   * @param {{close: () => void, open: (command: string) => void, story: (steps: object[]) => void}} deeds `open`
   *   puts a command into the composer, `story` is told which steps of the guided tour are done.
   */
  constructor(user, deeds) {
    this.#user = user;
    this.#story = deeds.story;
    const run = (action, body) => this.#act(action, body);
    this.#jobs = new JobsTab(run, deeds.open);
    this.#faults = new FaultsTab(run);
    const tabs = [
      { id: "jobs", label: "Jobs", panel: this.#jobs.node },
      { id: "requests", label: "Requests", panel: this.#requests.node },
      { id: "faults", label: "Faults", panel: this.#faults.node },
    ];
    const list = el("div", { class: "tabs", role: "tablist", "aria-label": "Deep Origin" });
    const show = buildTabs(list, tabs, (id) => show(id));
    show("jobs");
    const close = el("button", { type: "button", class: "icon-button", "aria-label": "Close the panel", on: { click: deeds.close } }, "×");
    byId("platform").append(
      el("header", { class: "pane-head" }, el("h2", {}, "Deep Origin"), this.#about, close),
      el("fieldset", { class: "clock" }, el("legend", {}, "Time"), this.#speeds),
      list,
      this.#notice,
      ...tabs.map((tab) => tab.panel),
    );
    // The page says in its own place when the demo is gone.
    follow("/platform", { news: (message) => this.#news(message), lost: () => {} });
  }

  #news(message) {
    switch (message.type) {
      case "platform":
        this.#jobs.load(message.jobs, message.kinds);
        this.#requests.load(message.requests);
        this.#faults.load(message.faults, message.fault_offer);
        this.#drawSpeeds(message.speeds, message.speed);
        this.#organisation = message.organisation;
        break;
      case "jobs":
        this.#jobs.put(message.jobs, message.gone);
        break;
      case "requests":
        this.#requests.put(message.requests);
        break;
      case "faults":
        this.#faults.show(message.faults);
        break;
      case "speed":
        this.#chooseSpeed(message.speed);
        break;
      case "story":
        this.#story(message.steps);
        break;
      default:
        throw new Error(`The server told of something unknown: ${message.type}`);
    }
    this.#about.textContent = `${this.#organisation} · ${this.#jobs.active} active`;
  }

  #organisation = "";

  #drawSpeeds(speeds, speed) {
    const choices = speeds.map((each) =>
      el(
        "label",
        {},
        el("input", {
          type: "radio", name: "speed", value: each, "aria-label": SPEED_LABELS[each],
          on: { change: () => this.#act("speed", { speed: each }) },
        }),
        SPEED_WORDS[each] ?? `${each}x`,
      ),
    );
    this.#speeds.replaceChildren(...choices);
    this.#chooseSpeed(speed);
  }

  #chooseSpeed(speed) {
    for (const input of this.#speeds.querySelectorAll("input")) input.checked = Number(input.value) === speed;
  }

  /** Do something on the platform; says whether it went well. */
  async #act(action, body) {
    showText(this.#notice, "");
    try {
      await act(action, { user: this.#user(), ...body });
      return true;
    } catch (error) {
      showText(this.#notice, error.message);
      return false;
    }
  }
}
