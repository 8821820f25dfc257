// The place at the right: a thread, or the platform panel; a thread gives the place back when it is closed.

import { byId } from "./dom.js";

/** Wide enough for the side bar, the conversation and a pane beside each other. */
const ROOM_FOR_THREE = matchMedia("(min-width: 1081px)");

export class Panes {
  #isPlatformWanted = ROOM_FOR_THREE.matches;

  /** @param {() => void} closeThread what closing a thread does; it ends in `close("thread")`. */
  constructor(closeThread) {
    byId("toggle-platform").addEventListener("click", () => {
      if (this.#isPlatformShown) this.close("platform");
      else {
        closeThread();
        this.open("platform");
      }
    });
    byId("close-thread").addEventListener("click", closeThread);
    byId("thread").addEventListener("keydown", (event) => event.key === "Escape" && closeThread());
    byId("platform").addEventListener("keydown", (event) => event.key === "Escape" && this.close("platform"));
    ROOM_FOR_THREE.addEventListener("change", () => this.makeRoom());
    this.#draw(false);
  }

  /** Show a pane: "thread" or "platform". */
  open(name) {
    if (name === "platform") this.#isPlatformWanted = true;
    this.#draw(name === "thread");
  }

  /** Hide a pane. */
  close(name) {
    const hadFocus = byId(name).contains(document.activeElement);
    if (name === "platform") this.#isPlatformWanted = false;
    this.#draw(name === "platform" && !byId("thread").hidden);
    if (hadFocus) byId(name === "platform" ? "toggle-platform" : "composer-text").focus();
  }

  /** Where a pane covers the conversation, take it away. */
  makeRoom() {
    if (!ROOM_FOR_THREE.matches) this.close("platform");
  }

  get #isPlatformShown() {
    return !byId("platform").hidden;
  }

  #draw(isThreadShown) {
    byId("thread").hidden = !isThreadShown;
    byId("platform").hidden = isThreadShown || !this.#isPlatformWanted;
    byId("toggle-platform").setAttribute("aria-expanded", String(this.#isPlatformShown));
  }
}
