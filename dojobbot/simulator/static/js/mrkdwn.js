// Slack's mrkdwn as DOM nodes: *bold*, _italic_, ~struck~, `code`, ```blocks```, > quotes, <references>, :emoji:.

import { slackDate } from "./dates.js";
import { el } from "./dom.js";
import { emoji } from "./emoji.js";

const BLOCK = /```\n?([\s\S]*?)\n?```/;
const QUOTE = /^(?:>|&gt;) ?/;
// In order: code, reference, emoji, bold, italic, struck. The last three stand between blanks or punctuation.
const TOKEN = new RegExp(
  [
    "`([^`\\n]+)`",
    "<([^<>\\n]+)>",
    ":([a-z0-9_+-]+):",
    "(?<![\\w*])\\*(?=\\S)([^*\\n]*[^*\\s])\\*(?![\\w*])",
    "(?<!\\w)_(?=\\S)([^_\\n]*[^_\\s])_(?!\\w)",
    "(?<![\\w~])~(?=\\S)([^~\\n]*[^~\\s])~(?![\\w~])",
  ].join("|"),
  "g",
);

const ENTITIES = { "&lt;": "<", "&gt;": ">", "&amp;": "&" };

/** Text as people see it: with `&lt;`, `&gt;` and `&amp;` resolved. */
export const unescape = (text) => text.replace(/&(?:lt|gt|amp);/g, (entity) => ENTITIES[entity]);

/**
 * A text as nodes.
 * @param {string} text mrkdwn as Slack stores it.
 * @param {{user: (id: string) => string, channel: (id: string) => string, you: string}} names who is who.
 */
export function mrkdwn(text, names) {
  const nodes = text.split(BLOCK).flatMap((part, index, parts) => {
    if (index % 2 === 1) return [el("pre", {}, el("code", {}, unescape(part)))];
    // A line break beside a block is the block's own.
    const start = index > 0 ? part.replace(/^\n/, "") : part;
    return lines(index < parts.length - 1 ? start.replace(/\n$/, "") : start, names);
  });
  const all = document.createDocumentFragment();
  all.append(...nodes);
  return all;
}

function lines(text, names) {
  const nodes = [];
  let quote = null;
  text.split("\n").forEach((line, index) => {
    if (QUOTE.test(line)) {
      if (quote === null) nodes.push((quote = el("blockquote")));
      else quote.append(el("br"));
      quote.append(...inline(line.replace(QUOTE, ""), names));
      return;
    }
    if (index > 0 && quote === null) nodes.push(el("br"));
    quote = null;
    nodes.push(...inline(line, names));
  });
  return nodes;
}

function inline(text, names) {
  const nodes = [];
  let done = 0;
  for (const match of text.matchAll(TOKEN)) {
    const [whole, code, reference, shortName, bold, italic, struck] = match;
    nodes.push(unescape(text.slice(done, match.index)));
    done = match.index + whole.length;
    if (code !== undefined) nodes.push(el("code", {}, unescape(code)));
    else if (reference !== undefined) nodes.push(refer(reference, names));
    else if (shortName !== undefined) nodes.push(emoji(shortName) ?? whole);
    else if (bold !== undefined) nodes.push(el("strong", {}, inline(bold, names)));
    else if (italic !== undefined) nodes.push(el("em", {}, inline(italic, names)));
    else nodes.push(el("s", {}, inline(struck, names)));
  }
  nodes.push(unescape(text.slice(done)));
  return nodes.filter((node) => node !== "");
}

/** What stands between `<` and `>`. */
function refer(reference, names) {
  const [target, ...rest] = reference.split("|");
  const label = rest.length > 0 ? unescape(rest.join("|")) : "";
  const id = target.slice(1);
  if (target.startsWith("@")) {
    const name = `@${label || names.user(id)}`;
    return el("span", { class: id === names.you ? "mention mention-you" : "mention" }, name);
  }
  if (target.startsWith("#")) return el("span", { class: "mention" }, `#${label || names.channel(id)}`);
  if (target.startsWith("!date^")) return dated(target, label);
  if (target.startsWith("!subteam^")) return el("span", { class: "mention" }, label || "@group");
  if (target.startsWith("!")) return el("span", { class: "mention mention-you" }, label || `@${id}`);
  return link(unescape(target), label || unescape(target));
}

function dated(target, label) {
  const [, seconds, format, url] = target.split("^");
  const shown = slackDate(seconds, format ?? "") ?? label;
  return url ? link(unescape(url), shown) : el("time", { title: label }, shown);
}

/** A link to another site, or the bare text where the address is none that a browser may follow. */
export function link(url, label) {
  if (!/^(https?:|mailto:)/i.test(url)) return label;
  return el("a", { href: url, target: "_blank", rel: "noopener noreferrer" }, label);
}
