// The open conversation: one list item a message, replies below what they answer, each replaced when it is edited.

import { drawBlocks } from "./blocks.js";
import { fullTime, isoTime, messageTime } from "./dates.js";
import { el, keepingFocus } from "./dom.js";
import { icon } from "./emoji.js";
import { mrkdwn } from "./mrkdwn.js";
import { isReply, placeOf } from "./store.js";

const NEAR_THE_END = 120;
const READ_ALOUD = 1_000;
const SLACKS_GREY = "dddddd";

export class Conversation {
  #store;
  #list;
  #scroller;
  #press;
  #atEnd = true;

  /**
   * @param {object} store what the page knows.
   * @param {HTMLElement} list the list of messages.
   * @param {HTMLElement} scroller what scrolls it.
   * @param {(at: object, control: object, node: HTMLElement) => void} press operates a control.
   */
  constructor(store, list, scroller, press) {
    this.#store = store;
    this.#list = list;
    this.#scroller = scroller;
    this.#press = press;
    scroller.addEventListener("scroll", () => (this.#atEnd = this.#isAtEnd()));
    // A keyboard that comes up, or a turned phone, must not hide the newest message.
    new ResizeObserver(() => this.#atEnd && this.#toEnd()).observe(scroller);
  }

  /** Draw the open channel anew, from its end. */
  show() {
    const messages = [...(this.#store.channel?.messages.values() ?? [])];
    const nodes = messages.map((message) => this.#draw(message));
    nodes.forEach(hush);
    keepingFocus(this.#list, () => this.#list.replaceChildren(...nodes.sort(byPlace)));
    this.#toEnd();
  }

  /** Draw a message of the open channel that is new or was edited. */
  put(message) {
    const atEnd = this.#isAtEnd();
    const node = this.#draw(message);
    const old = this.#find(message.ts);
    if (old) {
      keepingFocus(old, () => old.replaceChildren(...node.childNodes));
    } else {
      const place = node.dataset.place;
      this.#list.insertBefore(node, [...this.#list.children].find((each) => each.dataset.place > place) ?? null);
      setTimeout(() => hush(node), READ_ALOUD);
    }
    const isMine = !old && (message.is_ephemeral || message.user === this.#store.you);
    const isTall = !old && node.offsetHeight > this.#scroller.clientHeight;
    if (isTall && (isMine || atEnd)) node.scrollIntoView({ block: "start" });
    else if (isMine || atEnd) this.#toEnd();
  }

  /** Remove a message. */
  drop(ts) {
    this.#find(ts)?.remove();
  }

  #isAtEnd() {
    const { scrollTop, scrollHeight, clientHeight } = this.#scroller;
    return scrollHeight - scrollTop - clientHeight < NEAR_THE_END;
  }

  #toEnd() {
    this.#scroller.scrollTop = this.#scroller.scrollHeight;
  }

  #find(ts) {
    return [...this.#list.children].find((node) => node.dataset.ts === ts);
  }

  #draw(message) {
    const user = this.#store.users[message.user] ?? { name: message.user, is_bot: false };
    const classes = ["message", isReply(message) && "reply", message.is_ephemeral && "ephemeral"];
    const when = { datetime: isoTime(message.ts), title: fullTime(message.ts) };
    const head = el(
      "div",
      { class: "message-head" },
      el("strong", { class: "author" }, user.name),
      user.is_bot && el("span", { class: "app-badge" }, "APP"),
      el("time", when, messageTime(message.ts)),
      message.edited && el("span", { class: "edited" }, "(edited)"),
    );
    const body = el("div", { class: "message-body" }, head, this.#content(message));
    const only = message.is_ephemeral && el("div", { class: "only-you" }, icon("eye"), " Only visible to you");
    return el(
      "li",
      { class: classes.filter(Boolean).join(" "), "data-ts": message.ts, "data-place": placeOf(message) },
      only,
      avatar(message.user, user),
      body,
    );
  }

  #content(message) {
    const { names } = this.#store;
    const at = { channel: this.#store.here, ts: message.ts };
    const around = { names, press: (control, node) => this.#press(at, control, node) };
    const blocks = keyed(message.blocks ?? [], message.ts);
    const nodes = blocks.length > 0 ? drawBlocks(blocks, around) : [];
    if (blocks.length === 0 && message.text) nodes.push(el("div", { class: "text" }, mrkdwn(message.text, names)));
    (message.attachments ?? []).forEach((attachment, index) => {
      nodes.push(...drawAttachment(attachment, `${message.ts} ${index}`, around));
    });
    return nodes;
  }
}

/** A new message is read aloud; what is there already, and every edit of a live card, would be too much. */
const hush = (node) => node.setAttribute("aria-live", "off");

const byPlace = (one, other) => (one.dataset.place < other.dataset.place ? -1 : 1);

/** Blocks with a key that stays the same through edits, unlike the block ids that Slack makes. */
const keyed = (blocks, prefix) => blocks.map((block, index) => ({ ...block, key: `${prefix} ${index}` }));

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
