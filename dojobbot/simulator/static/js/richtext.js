// Slack's rich text as DOM nodes: sections, lists, quotes and preformatted text, with styled pieces in them.

import { slackDate } from "./dates.js";
import { el } from "./dom.js";
import { unknown } from "./elements.js";
import { emoji } from "./emoji.js";
import { link } from "./mrkdwn.js";

const STYLES = { code: "code", strike: "s", italic: "em", bold: "strong" };

/** A rich_text block's parts as nodes. */
export const richText = (block, names) => block.elements.map((part) => drawPart(part, names));

function drawPart(part, names) {
  const pieces = () => part.elements.map((piece) => drawPiece(piece, names));
  switch (part.type) {
    case "rich_text_section":
      return el("p", {}, pieces().flatMap(withBreaks));
    case "rich_text_quote":
      return el("blockquote", {}, pieces().flatMap(withBreaks));
    case "rich_text_preformatted":
      return el("pre", {}, el("code", {}, pieces()));
    case "rich_text_list":
      return list(part, names);
    default:
      return unknown(part);
  }
}

function list(part, names) {
  const items = part.elements.map((item) =>
    el("li", {}, item.type === "rich_text_section" ? item.elements.map((piece) => drawPiece(piece, names)).flatMap(withBreaks) : drawPart(item, names)),
  );
  const isOrdered = part.style === "ordered";
  const node = el(isOrdered ? "ol" : "ul", { start: isOrdered && part.offset ? part.offset + 1 : null }, items);
  node.style.marginLeft = `${24 * (part.indent ?? 0)}px`;
  return node;
}

function drawPiece(piece, names) {
  return Object.keys(STYLES).reduce((node, style) => (piece.style?.[style] ? el(STYLES[style], {}, node) : node), plain(piece, names));
}

/** A piece without its styles: a text or a node. */
function plain(piece, names) {
  const mention = (words, isYou = false) => el("span", { class: isYou ? "mention mention-you" : "mention" }, words);
  switch (piece.type) {
    case "text":
      return piece.text;
    case "link":
      return link(piece.url, piece.text || piece.url);
    case "emoji":
      return emoji(piece.name) ?? `:${piece.name}:`;
    case "user":
      return mention(`@${names.user(piece.user_id)}`, piece.user_id === names.you);
    case "usergroup":
      return mention("@group");
    case "channel":
      return mention(`#${names.channel(piece.channel_id)}`);
    case "broadcast":
      return mention(`@${piece.range}`, true);
    case "date":
      return el("time", { title: piece.fallback ?? "" }, slackDate(String(piece.timestamp), piece.format) ?? piece.fallback ?? "");
    case "color":
      return el("span", {}, swatch(piece.value), piece.value);
    default:
      return unknown(piece);
  }
}

function swatch(value) {
  const node = el("span", { class: "swatch", "aria-hidden": "true" });
  if (/^#[0-9a-f]{3,8}$/i.test(value)) node.style.backgroundColor = value;
  return node;
}

/** A text with its line breaks; a node as it is. */
const withBreaks = (piece) =>
  typeof piece === "string" ? piece.split("\n").flatMap((line, index) => (index > 0 ? [el("br"), line] : [line])) : [piece];
