// The markdown block as DOM nodes: headings, lists, quotes, code, and inline marks. Standard Markdown's usual part.

import { el } from "./dom.js";
import { link } from "./mrkdwn.js";
import { withEmoji } from "./emoji.js";

const INLINE = /`([^`\n]+)`|\[([^\]\n]+)\]\(([^)\s]+)\)|\*\*([^*\n]+)\*\*|~~([^~\n]+)~~|\*([^*\n]+)\*|(?<!\w)_([^_\n]+)_(?!\w)/g;
const HEADING = /^(#{1,6}) +(.*)$/;
const BULLET = /^\s*[-*+] +(.*)$/;
const NUMBER = /^\s*\d+[.)] +(.*)$/;
const QUOTE = /^> ?(.*)$/;
const FENCE = /^```/;

/** Markdown as nodes. @param {string} text */
export function markdown(text) {
  const nodes = [];
  const lines = text.split("\n");
  while (lines.length > 0) {
    const [line] = lines;
    if (line.trim() === "") lines.shift();
    else if (FENCE.test(line)) nodes.push(fence(lines));
    else if (HEADING.test(line)) nodes.push(heading(lines.shift()));
    else if (BULLET.test(line)) nodes.push(el("ul", {}, taken(lines, BULLET).map((item) => el("li", {}, inline(item)))));
    else if (NUMBER.test(line)) nodes.push(el("ol", {}, taken(lines, NUMBER).map((item) => el("li", {}, inline(item)))));
    else if (QUOTE.test(line)) nodes.push(el("blockquote", {}, broken(taken(lines, QUOTE))));
    else nodes.push(el("p", {}, broken(paragraph(lines))));
  }
  return nodes;
}

/** The first lines as long as they fit, without their marks. */
function taken(lines, pattern) {
  const found = [];
  while (lines.length > 0 && pattern.test(lines[0])) found.push(lines.shift().match(pattern)[1]);
  return found;
}

function paragraph(lines) {
  const found = [lines.shift()];
  const ends = (line) => line.trim() === "" || [FENCE, HEADING, BULLET, NUMBER, QUOTE].some((each) => each.test(line));
  while (lines.length > 0 && !ends(lines[0])) found.push(lines.shift());
  return found;
}

function fence(lines) {
  lines.shift();
  const inside = [];
  while (lines.length > 0 && !FENCE.test(lines[0])) inside.push(lines.shift());
  lines.shift();
  return el("pre", {}, el("code", {}, inside.join("\n")));
}

function heading(line) {
  const [, marks, words] = line.match(HEADING);
  return el(`h${Math.min(marks.length + 2, 5)}`, {}, inline(words));
}

const broken = (lines) => lines.flatMap((line, index) => (index > 0 ? [el("br"), ...inline(line)] : inline(line)));

function inline(text) {
  const nodes = [];
  let done = 0;
  for (const match of text.matchAll(INLINE)) {
    const [whole, code, label, url, bold, struck, italic, slanted] = match;
    nodes.push(withEmoji(text.slice(done, match.index)));
    done = match.index + whole.length;
    if (code !== undefined) nodes.push(el("code", {}, code));
    else if (label !== undefined) nodes.push(link(url, label));
    else if (bold !== undefined) nodes.push(el("strong", {}, inline(bold)));
    else if (struck !== undefined) nodes.push(el("s", {}, inline(struck)));
    else nodes.push(el("em", {}, inline(italic ?? slanted)));
  }
  nodes.push(withEmoji(text.slice(done)));
  return nodes;
}
