// The demo's page: wires what the server tells, what the page knows, and what is drawn.

import { Composer } from "./composer.js";
import { follow } from "./connection.js";
import { press } from "./controls.js";
import { byId, showText } from "./dom.js";
import { drawHints } from "./hints.js";
import { closeMenu } from "./menu.js";
import { Conversation } from "./messages.js";
import { drawSidebar } from "./sidebar.js";
import { Store } from "./store.js";

const LOST = "The connection to the demo is lost. Trying again …";
const NO_BOT = "dojobbot is not connected yet; commands will fail until it is.";

const store = new Store();
const composer = new Composer(store);
const conversation = new Conversation(store, byId("messages"), byId("conversation"), (at, control, node) =>
  press(store, at, control, node, (text) => composer.notify(text)),
);
const deeds = { open, become };
let stopFollowing = () => {};

function become(userId) {
  stopFollowing();
  closeMenu();
  composer.notify("");
  stopFollowing = follow(userId, { news, lost: () => showText(byId("banner"), LOST) });
}

function news(message) {
  switch (message.type) {
    case "state":
      store.load(message);
      drawAll();
      break;
    case "message":
      store.put(message.channel, message.message);
      if (message.channel === store.here) conversation.put(message.message);
      drawAround();
      break;
    case "deleted":
      store.drop(message.channel, message.ts);
      if (message.channel === store.here) conversation.drop(message.ts);
      drawAround();
      break;
    case "connected":
      store.connected = message.connected;
      drawAround();
      break;
    default:
      throw new Error(`The server told of something unknown: ${message.type}`);
  }
}

function open(channelId) {
  store.open(channelId);
  composer.notify("");
  showSidebar(false);
  drawAll();
  byId("composer-text").focus();
}

function drawAll() {
  const { channel } = store;
  closeMenu();
  location.replace(`#${store.you}/${store.here}`);
  byId("channel-name").textContent = channel.kind === "im" ? channel.name : `# ${channel.name}`;
  composer.draw();
  conversation.show();
  drawAround();
}

/** All but the messages themselves. */
function drawAround() {
  const { channel } = store;
  drawSidebar(store, deeds);
  byId("channel-about").textContent = about(channel);
  showText(byId("banner"), store.connected ? "" : NO_BOT);
  const isEmpty = channel.messages.size === 0;
  if (isEmpty) byId("hints").replaceChildren(...drawHints(channel, (text) => composer.fill(text)));
  byId("hints").hidden = !isEmpty;
}

function about(channel) {
  if (channel.kind === "im") return "Direct messages";
  const parts = [channel.kind === "private" ? "Private channel" : "Channel", `${channel.members} members`];
  if (channel.is_shared) parts.push("shared with another organisation");
  if (!channel.has_bot) parts.push("dojobbot is not here");
  return parts.join(" · ");
}

function showSidebar(isShown) {
  document.body.classList.toggle("sidebar-open", isShown);
  byId("open-sidebar").setAttribute("aria-expanded", String(isShown));
  byId("shade").hidden = !isShown;
  if (isShown) byId("sidebar").querySelector("[aria-current]")?.focus();
}

byId("open-sidebar").addEventListener("click", () => showSidebar(!document.body.classList.contains("sidebar-open")));
byId("shade").addEventListener("click", () => showSidebar(false));
byId("sidebar").addEventListener("keydown", (event) => {
  if (event.key === "Escape") {
    showSidebar(false);
    byId("open-sidebar").focus();
  }
});

const [userId, channelId] = location.hash.slice(1).split("/");
store.here = channelId ?? null;
// Nobody, or somebody unknown here, becomes the first of the people.
become(userId);
