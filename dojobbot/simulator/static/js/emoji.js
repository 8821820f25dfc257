// Emoji by their short names. Those that the bot uses are drawn as icons of ours, so that they look the same with
// every font; the rest are characters.

import { el } from "./dom.js";

const SVG = "http://www.w3.org/2000/svg";
const DRAWN = new Set([
  "bell", "black_circle", "double_vertical_bar", "eyes", "grey_question", "heavy_check_mark",
  "hourglass_flowing_sand", "inbox_tray", "information_source", "large_blue_circle", "large_green_circle", "large_yellow_circle", "mag", "moneybag",
  "no_bell", "no_entry", "no_entry_sign", "red_circle", "speech_balloon", "warning", "white_check_mark", "white_circle", "x",
]);
const CHARACTERS = {
  "+1": "👍", arrows_counterclockwise: "🔄", blue_heart: "💙", bulb: "💡", calendar: "📅",
  chart_with_upwards_trend: "📈", clock3: "🕒", cry: "😢", dna: "🧬", exclamation: "❗", hammer_and_wrench: "🛠️",
  heart: "❤️", hourglass: "⌛", link: "🔗", octagonal_sign: "🛑",
  pause_button: "⏸️", pill: "💊", question: "❓", robot_face: "🤖", rocket: "🚀", smile: "😄", stopwatch: "⏱️",
  tada: "🎉", test_tube: "🧪", thumbsup: "👍", wave: "👋", zap: "⚡",
};

/** One of the icons in icons.svg; with a label it is read aloud, without one it is mere decoration. */
export function icon(name, label = "") {
  const node = document.createElementNS(SVG, "svg");
  const use = document.createElementNS(SVG, "use");
  use.setAttribute("href", `/static/icons.svg#${name}`);
  node.append(use);
  node.setAttribute("class", "icon");
  if (label) {
    node.setAttribute("role", "img");
    node.setAttribute("aria-label", label);
  } else {
    node.setAttribute("aria-hidden", "true");
  }
  return node;
}

/** The emoji of a short name as a node; null when it is not known here. */
export function emoji(name) {
  if (DRAWN.has(name)) return icon(name, name.replaceAll("_", " "));
  return Object.hasOwn(CHARACTERS, name) ? el("span", { title: `:${name}:` }, CHARACTERS[name]) : null;
}

/** Plain text as nodes, its `:short_names:` drawn. */
export function withEmoji(text) {
  const all = document.createDocumentFragment();
  const parts = text.split(/:([a-z0-9_+-]+):/);
  parts.forEach((part, index) => all.append(index % 2 === 1 ? (emoji(part) ?? `:${part}:`) : part));
  return all;
}
