// The side bar: channels, direct messages, and who one is.

import { byId, el, keepingFocus } from "./dom.js";
import { icon } from "./emoji.js";
import { avatar } from "./message.js";

/**
 * Draw the side bar.
 * @param {object} store what the page knows.
 * @param {{open: (channelId: string) => void, become: (userId: string) => void}} deeds what a choice does.
 */
export function drawSidebar(store, deeds) {
  byId("workspace-name").textContent = store.workspace;
  const channels = [...store.channels.values()];
  const row = (channel) => channelRow(store, channel, deeds.open);
  const list = (title, kinds) =>
    el(
      "section",
      { "aria-label": title },
      el("h2", {}, title),
      el("ul", {}, channels.filter((channel) => kinds.includes(channel.kind)).map(row)),
    );
  const lists = byId("channel-lists");
  keepingFocus(lists, () =>
    lists.replaceChildren(list("Channels", ["public", "private"]), list("Direct messages", ["im", "mpim"])),
  );
  const people = byId("people");
  keepingFocus(people, () =>
    people.replaceChildren(people.firstElementChild, ...store.people.map((each) => personRow(store, each, deeds.become))),
  );
}

function channelRow(store, channel, open) {
  const unread = store.unread(channel);
  const isHere = channel.id === store.here;
  const mark = { public: "#", private: icon("lock"), im: store.connected ? "●" : "○", mpim: "◎" }[channel.kind];
  const button = el(
    "button",
    {
      type: "button",
      class: unread > 0 ? "channel has-unread" : "channel",
      "aria-label": unread > 0 ? `${channel.name}, ${unread} unread` : channel.name,
      "aria-current": isHere ? "page" : null,
      "data-key": `channel ${channel.id}`,
      on: { click: () => open(channel.id) },
    },
    el("span", { class: `mark mark-${channel.kind}`, "aria-hidden": "true" }, mark),
    el("span", { class: "channel-label" }, channel.name),
    unread > 0 && el("span", { class: "unread" }, unread),
  );
  return el("li", {}, button);
}

function personRow(store, person, become) {
  const input = el("input", {
    type: "radio",
    name: "person",
    value: person.id,
    checked: person.id === store.you,
    "data-key": `person ${person.id}`,
    on: { change: () => become(person.id) },
  });
  const names = el("span", { class: "person-names" }, person.name, el("small", {}, person.role));
  return el("label", { class: "person" }, input, avatar(person.id, { name: person.name, is_bot: false }), names);
}
