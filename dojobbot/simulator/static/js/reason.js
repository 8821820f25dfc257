// The dialog that asks why a job is to fail.

import { el } from "./dom.js";

const REASONS = [
  "OOMKilled: worker 3 exceeded 32Gi",
  "Ligand 12 could not be parametrised",
  "Node lost: the spot instance was taken back",
  "License server did not answer",
];

/** Ask for the reason of a failure; null when the person thinks better of it. @param {string} jobName */
export function askForReason(jobName) {
  return new Promise((resolve) => {
    const input = el("input", { class: "field", list: "reasons", value: REASONS[0], maxlength: "300", required: true });
    const cancel = el("button", { type: "button", class: "block-button" }, "Keep it running");
    const form = el(
      "form",
      { method: "dialog" },
      el("h2", { id: "reason-title" }, "Let this job fail?"),
      el("p", {}, jobName),
      el("label", {}, el("span", { class: "input-label" }, "Reason"), input),
      el("datalist", { id: "reasons" }, REASONS.map((value) => el("option", { value }))),
      el("div", { class: "dialog-buttons" }, cancel, el("button", { type: "submit", value: "fail", class: "block-button danger" }, "Let it fail")),
    );
    const box = el("dialog", { class: "confirm", role: "dialog", "aria-labelledby": "reason-title" }, form);
    cancel.addEventListener("click", () => box.close(""));
    box.addEventListener("close", () => {
      box.remove();
      resolve(box.returnValue === "fail" ? input.value.trim() : null);
    });
    document.body.append(box);
    box.showModal();
    input.select();
  });
}
