// What to try, shown where a conversation is still empty.

import { el } from "./dom.js";

/**
 * Draw the hints for an empty channel.
 * @param {object} channel the channel.
 * @param {(text: string) => void} fill puts a text into the composer.
 */
export function drawHints(channel, fill) {
  const command = (text) =>
    el("button", { type: "button", class: "command", on: { click: () => fill(text) } }, text);
  if (!channel.has_bot) {
    return [
      el("h2", {}, "dojobbot is not in this channel"),
      el("p", {}, "Commands work here, and their answers are for you alone. To let it post here, type ",
        command("/invite @dojobbot")),
    ];
  }
  const steps = [
    ["Type ", command("/jobs"), " to see the newest jobs, or ", command("/jobs running")],
    ["Open one from the menu below the list"],
    ["Press ", el("b", {}, "Notify me"), " to be told when it ends"],
    ["Press ", el("b", {}, "Watch"), ": the channel gets a live card"],
    ["Press ", el("b", {}, "Cancel job"), " on one of yours; then become Boris and try it on Ada’s"],
  ];
  return [
    el("h2", {}, "Try it"),
    el("ol", {}, steps.map((step) => el("li", {}, step))),
    el("p", { class: "quiet" }, "Jobs move by themselves here. Nothing leaves this computer."),
  ];
}
