// The demo's page: wires what the server tells, what the page knows, and what is drawn.

import { Composer } from "./composer.js";
import { act, follow } from "./connection.js";
import { press } from "./controls.js";
import { Conversation } from "./conversation.js";
import { byId, showText } from "./dom.js";
import { Guide } from "./guide.js";
import { drawHints } from "./hints.js";
import { drawHome } from "./home.js";
import { closeMenu } from "./menu.js";
import { Modals } from "./modal.js";
import { Panes } from "./panes.js";
import { Platform } from "./platform.js";
import { drawSidebar } from "./sidebar.js";
import { Store, isInChannel, isReply } from "./store.js";
import { buildTabs } from "./tabs.js";

const LOST = "The connection to the demo is lost. Trying again …";
const NO_BOT = "dojobbot is not connected yet; commands will fail until it is.";

const store = new Store();
const panes = new Panes(closeThread);
const composer = new Composer(byId("composer"), "composer", () => ({
  you: store.you, channel: store.here, commands: store.commands,
}));
const threadComposer = new Composer(byId("thread-composer"), "thread", () => ({
  you: store.you, channel: store.here, thread: store.thread, commands: [],
}));
const operate = (at, control, node) => press(store, at, control, node, notify);
const deeds = { press: operate, openThread };
const conversation = new Conversation(store, byId("messages"), deeds, false);
const thread = new Conversation(store, byId("thread-messages"), deeds, true);
const modals = new Modals(store, operate);
const guide = new Guide(compose);
new Platform(() => store.you, {
  close: () => panes.close("platform"),
  open: (command) => {
    panes.makeRoom();
    compose(command);
  },
  story: (steps) => guide.draw(steps),
});
const showTab = buildTabs(
  byId("tabs"),
  [
    { id: "home", label: "Home", panel: byId("home") },
    { id: "messages", label: "Messages", panel: byId("conversation") },
  ],
  chooseTab,
);
let tab = "messages";
let stopFollowing = () => {};

function become(userId) {
  stopFollowing();
  closeMenu();
  notify("");
  stopFollowing = follow(`/live?user=${encodeURIComponent(userId)}`, { news, lost: () => showText(byId("banner"), LOST) });
}

function news(message) {
  switch (message.type) {
    case "state":
      store.load(message);
      drawAll();
      modals.draw();
      break;
    case "message":
      store.put(message.channel, message.message);
      if (message.channel === store.here) putMessage(message.message);
      drawAround();
      break;
    case "deleted":
      store.drop(message.channel, message.ts);
      if (message.channel === store.here) dropMessage(message.ts);
      drawAround();
      break;
    case "views":
      store.modals = message.modals;
      store.home = message.home;
      modals.draw();
      drawHome(store, operate);
      break;
    case "connected":
      store.connected = message.connected;
      drawAround();
      break;
    default:
      throw new Error(`The server told of something unknown: ${message.type}`);
  }
}

/** Show a message of the open channel that is new or was edited, where it belongs. */
function putMessage(message) {
  const parent = store.channel.messages.get(message.thread_ts);
  if (isInChannel(message)) conversation.put(message);
  if (isReply(message) && parent) conversation.put(parent);
  if (store.thread !== null && (message.ts === store.thread || message.thread_ts === store.thread)) thread.put(message);
}

function dropMessage(ts) {
  conversation.drop(ts);
  thread.drop(ts);
  if (ts === store.thread) closeThread();
}

function open(channelId) {
  store.open(channelId);
  tab = "messages";
  notify("");
  showSidebar(false);
  drawAll();
  composer.focus();
}

function openThread(ts) {
  store.openThread(ts);
  drawThread();
  conversation.put(store.channel.messages.get(ts));
  threadComposer.focus();
}

function closeThread() {
  store.openThread(null);
  panes.close("thread");
}

function drawThread() {
  const parent = store.channel.messages.get(store.thread);
  if (parent === undefined) {
    panes.close("thread");
    return;
  }
  const place = placeName();
  byId("thread-place").textContent = place;
  threadComposer.draw("Reply", `Reply in ${place}`);
  thread.show([parent, ...store.replies(store.thread)]);
  panes.open("thread");
}

/** Say what went wrong, where the person is looking; an empty text takes it back. */
function notify(text) {
  if (modals.isOpen) modals.notify(text);
  else (store.thread === null ? composer : threadComposer).notify(text);
}

/** Put a text into the channel's composer, for the person to send. */
function compose(text) {
  if (tab === "home") chooseTab("messages");
  composer.fill(text);
}

function chooseTab(id) {
  tab = id;
  if (id === "home") {
    act("open_home", { user: store.you }).catch((error) => composer.notify(error.message));
  }
  drawTabs();
}

/** Home and Messages, for the direct messages with the bot. */
function drawTabs() {
  const hasTabs = store.here === store.direct?.id;
  if (!hasTabs) tab = "messages";
  byId("tabs").hidden = !hasTabs;
  showTab(tab);
  byId("composer").hidden = tab === "home";
  if (hasTabs) return;
  // Elsewhere the messages are no tab's panel.
  byId("conversation").setAttribute("role", "log");
  byId("conversation").removeAttribute("aria-labelledby");
}

const isDirect = (channel) => ["im", "mpim"].includes(channel.kind);
const placeName = () => (isDirect(store.channel) ? store.channel.name : `#${store.channel.name}`);

function drawAll() {
  closeMenu();
  location.replace(`#${store.you}/${store.here}`);
  byId("channel-name").textContent = isDirect(store.channel) ? store.channel.name : `# ${store.channel.name}`;
  composer.draw(`Message ${placeName()}`, "A message, or / for commands");
  conversation.show(store.shown);
  drawThread();
  drawTabs();
  drawHome(store, operate);
  drawAround();
}

/** All but the messages themselves. */
function drawAround() {
  const { channel } = store;
  drawSidebar(store, { open, become });
  byId("channel-about").textContent = about(channel);
  showText(byId("banner"), store.connected ? "" : NO_BOT);
  const isEmpty = channel.messages.size === 0;
  if (isEmpty) byId("hints").replaceChildren(...drawHints(channel, compose));
  byId("hints").hidden = !isEmpty;
}

function about(channel) {
  if (isDirect(channel)) return "Direct messages";
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
