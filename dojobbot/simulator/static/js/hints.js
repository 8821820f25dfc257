// What is said where a conversation is still empty.

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
  return [
    el("h2", {}, "Nothing was said here yet"),
    el("p", {}, "Type ", command("/jobs"), " to see the newest jobs of the lab, or ", command("/jobs mine"), " for yours."),
    ...(channel.kind === "im" ? [el("p", {}, "The tab Home, above, shows your own jobs and all that you follow.")] : []),
    el("p", { class: "quiet" }, "Jobs move by themselves in this demo. Nothing leaves this computer."),
  ];
}
