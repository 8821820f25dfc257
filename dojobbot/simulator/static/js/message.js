// One message as a list item: who, when, its text or blocks, attachments, files, and its thread.

import { drawBlocks } from "./blocks.js";
import { fullTime, isoTime, messageTime } from "./dates.js";
import { el } from "./dom.js";
import { icon } from "./emoji.js";
import { mrkdwn } from "./mrkdwn.js";
import { isReply } from "./store.js";

const SLACKS_GREY = "dddddd";
const MOST_FACES = 3;
const UNITS = ["bytes", "KB", "MB", "GB"];

/**
 * Draw a message.
 * @param {object} message as the server tells it.
 * @param {object} store what the page knows.
 * @param {{press: (at: object, control: object, node: HTMLElement) => void, openThread: (ts: string) => void}} deeds
 * @param {boolean} isInThread whether it is drawn inside its thread.
 */
export function drawMessage(message, store, deeds, isInThread) {
  const user = store.users[message.user] ?? { name: message.user, is_bot: false };
  const when = { datetime: isoTime(message.ts), title: fullTime(message.ts) };
  const head = el(
    "div",
    { class: "message-head" },
    el("strong", { class: "author" }, user.name),
    user.is_bot && el("span", { class: "app-badge" }, "APP"),
    el("time", when, messageTime(message.ts)),
    message.edited && el("span", { class: "edited" }, "(edited)"),
  );
  const body = el("div", { class: "message-body foreign" }, head, content(message, store, deeds.press));
  const canReply = !isInThread && !message.is_ephemeral && !isReply(message);
  if (canReply) body.append(...threadOf(message, store, deeds.openThread));
  return el(
    "li",
    { class: message.is_ephemeral ? "message ephemeral" : "message", "data-ts": message.ts },
    message.is_ephemeral && el("div", { class: "only-you" }, icon("eye"), " Only visible to you"),
    !isInThread && isReply(message) && broadcast(message, store, deeds.openThread),
    avatar(message.user, user),
    body,
    canReply && replyButton(message, deeds.openThread),
  );
}

function content(message, store, press) {
  const { names } = store;
  const target = { channel: message.channel ?? store.here, ts: message.ts };
  const around = { names, press: (control, node) => press(target, control, node) };
  const blocks = keyed(message.blocks ?? [], message.ts);
  const nodes = blocks.length > 0 ? drawBlocks(blocks, around) : [];
  if (blocks.length === 0 && message.text) nodes.push(el("div", { class: "text" }, mrkdwn(message.text, names)));
  (message.attachments ?? []).forEach((attachment, index) => {
    nodes.push(...drawAttachment(attachment, `${message.ts} ${index}`, around));
  });
  if (message.files?.length) nodes.push(el("ul", { class: "files", "aria-label": "Files" }, message.files.map(drawFile)));
  return nodes;
}

/** Blocks with a key that stays the same through edits, unlike the block ids that Slack makes. */
export const keyed = (blocks, prefix) => blocks.map((block, index) => ({ ...block, key: `${prefix} ${index}` }));

function drawAttachment(attachment, key, around) {
  const { names } = around;
  const line = (name, text) => text && el("div", { class: name }, mrkdwn(text, names));
  const body = el(
    "div",
    { class: "attachment-body" },
    drawBlocks(keyed(attachment.blocks ?? [], key), around),
    line("attachment-title", attachment.title),
    line("text", attachment.text),
    (attachment.fields ?? []).map((field) => el("div", {}, line("attachment-title", field.title), line("text", field.value))),
    line("context", attachment.footer),
  );
  if (!body.hasChildNodes()) body.append(attachment.fallback ?? "");
  const bar = el("div", { class: "bar" });
  const colour = /^[0-9a-f]{3,8}$/i.test(attachment.color ?? "") ? attachment.color : SLACKS_GREY;
  bar.style.backgroundColor = `#${colour}`;
  return [line("text", attachment.pretext), el("div", { class: "attachment" }, bar, body)].filter(Boolean);
}

function drawFile(file) {
  const name = file.title || file.name || "A file";
  const about = [file.pretty_type || file.filetype || file.mimetype, size(file.size)].filter(Boolean).join(" · ");
  const inside = [icon("file"), el("span", {}, el("b", {}, name), el("small", {}, about))];
  const address = `/files/${encodeURIComponent(file.id)}`;
  return el("li", {}, el("a", { class: "file", href: address, download: file.name ?? name, "aria-label": `Download ${name}` }, inside));
}

function size(bytes) {
  if (!Number.isFinite(bytes)) return "";
  const step = Math.min(Math.floor(Math.log(Math.max(bytes, 1)) / Math.log(1000)), UNITS.length - 1);
  return `${new Intl.NumberFormat(undefined, { maximumFractionDigits: 1 }).format(bytes / 1000 ** step)} ${UNITS[step]}`;
}

/** Below a message: how many replies there are, which opens them. */
function threadOf(message, store, openThread) {
  const replies = store.replies(message.ts);
  if (replies.length === 0) return [];
  const faces = [...new Set(replies.map((reply) => reply.user))].slice(0, MOST_FACES);
  const fresh = store.newReplies(message.ts);
  const button = el(
    "button",
    { type: "button", class: "replies", "data-key": `replies ${message.ts}`, on: { click: () => openThread(message.ts) } },
    faces.map((id) => avatar(id, store.users[id] ?? { name: id, is_bot: false })),
    el("b", {}, replies.length === 1 ? "1 reply" : `${replies.length} replies`),
    fresh > 0 && el("span", { class: "fresh" }, `${fresh} new`),
    el("span", {}, `Last reply ${messageTime(replies.at(-1).ts)}`),
  );
  return [button];
}

const replyButton = (message, openThread) =>
  el(
    "button",
    { type: "button", class: "reply-button", "data-key": `reply ${message.ts}`, on: { click: () => openThread(message.ts) } },
    icon("speech"),
    "Reply in thread",
  );

/** Above a reply that was also sent to the channel: what it answers. */
function broadcast(message, store, openThread) {
  const parent = store.channel.messages.get(message.thread_ts);
  const open = { type: "button", on: { click: () => openThread(message.thread_ts) } };
  const words = parent?.text || "a message";
  return el("div", { class: "broadcast" }, "replied to a thread: ", el("button", open, mrkdwn(words.split("\n")[0], store.names)));
}

/** A square with somebody's initials, in a colour of their own. */
export function avatar(userId, user) {
  const initials = user.name.split(/\s+/).map((word) => word[0]).join("").slice(0, 2);
  const hue = [...userId].reduce((sum, letter) => (sum * 31 + letter.codePointAt(0)) % 360, 7);
  const node = el("span", { class: user.is_bot ? "avatar bot" : "avatar", "aria-hidden": "true" });
  if (user.is_bot) node.append(el("img", { src: "/static/icon.svg", alt: "" }));
  else {
    node.append(initials);
    node.style.backgroundColor = `hsl(${hue} 45% 38%)`;
  }
  return node;
}
