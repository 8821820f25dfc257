// A list of messages that follows what happens: of the open channel, or of an open thread.

import { dayOf } from "./dates.js";
import { el, keepingFocus } from "./dom.js";
import { drawMessage } from "./message.js";

const NEAR_THE_END = 120;
const READ_ALOUD = 1_000;

export class Conversation {
  #store;
  #list;
  #scroller;
  #deeds;
  #isThread;
  #atEnd = true;

  /**
   * @param {object} store what the page knows.
   * @param {HTMLElement} list the list of messages; what it is in scrolls it.
   * @param {object} deeds what its messages can have done, see drawMessage.
   * @param {boolean} isThread whether it shows a thread.
   */
  constructor(store, list, deeds, isThread) {
    this.#store = store;
    this.#list = list;
    this.#scroller = list.parentElement;
    this.#deeds = deeds;
    this.#isThread = isThread;
    this.#scroller.addEventListener("scroll", () => (this.#atEnd = this.#isAtEnd()));
    // A keyboard that comes up, or a turned phone, must not hide the newest message.
    new ResizeObserver(() => this.#atEnd && this.#toEnd()).observe(this.#scroller);
  }

  /** Draw messages anew, from their end. */
  show(messages) {
    const nodes = [];
    let day = "";
    let isNewSeen = false;
    for (const message of messages) {
      const itsDay = dayOf(message.ts);
      if (itsDay !== day) nodes.push(divider(itsDay, ""));
      day = itsDay;
      if (!isNewSeen && this.#isNew(message)) {
        isNewSeen = true;
        nodes.push(divider("New", "new"));
      }
      const node = this.#draw(message);
      hush(node);
      nodes.push(node);
    }
    keepingFocus(this.#list, () => this.#list.replaceChildren(...nodes));
    this.#toEnd();
  }

  /** Draw a message that is new, or was edited, or whose thread has grown. */
  put(message) {
    const atEnd = this.#isAtEnd();
    const node = this.#draw(message);
    const old = this.#find(message.ts);
    if (old) {
      keepingFocus(old, () => old.replaceChildren(...node.childNodes));
    } else {
      if (this.#list.children.length === 0) this.#list.append(divider(dayOf(message.ts), ""));
      const later = [...this.#list.children].find((each) => each.dataset.ts > message.ts);
      this.#list.insertBefore(node, later ?? null);
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

  #isNew(message) {
    return !this.#isThread && message.ts > this.#store.newSince && message.user !== this.#store.you;
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
    return drawMessage(message, this.#store, this.#deeds, this.#isThread);
  }
}

const divider = (words, look) => el("li", { class: `divider ${look}`, role: "separator", "aria-label": words }, words);

/** A new message is read aloud; what is there already, and every edit of a live card, would be too much. */
const hush = (node) => node.setAttribute("aria-live", "off");
