// What the page knows: the workspace as one person sees it, which channel is open, and what was read.

/** A message's place in its channel: replies come right after the message that they answer. */
export const placeOf = (message) => (isReply(message) ? `${message.thread_ts} ${message.ts}` : message.ts);

/** Whether a message answers another. */
export const isReply = (message) => message.thread_ts !== undefined && message.thread_ts !== message.ts;

export class Store {
  workspace = "";
  you = "";
  bot = "";
  connected = true;
  people = [];
  users = {};
  commands = [];
  channels = new Map();
  here = null;
  /** What was there when the page was opened counts as read, for everybody. */
  #readFrom = null;
  #read = new Map();

  /** Take over all that a person sees; the open channel stays open where that person is in it. */
  load(state) {
    for (const name of ["workspace", "you", "bot", "connected", "people", "users", "commands"]) this[name] = state[name];
    this.channels = new Map(
      state.channels.map((channel) => [
        channel.id,
        { ...channel, messages: new Map(channel.messages.map((message) => [message.ts, message])) },
      ]),
    );
    this.#readFrom ??= newest(state.channels.flatMap((channel) => channel.messages));
    if (!this.channels.has(this.here)) this.here = this.channels.keys().next().value ?? null;
    this.markRead();
  }

  /** The open channel. */
  get channel() {
    return this.channels.get(this.here);
  }

  /** Open a channel. */
  open(channelId) {
    this.here = channelId;
    this.markRead();
  }

  /** Add a message, or replace the one with its ts. */
  put(channelId, message) {
    this.channels.get(channelId)?.messages.set(message.ts, message);
    if (channelId === this.here) this.markRead();
  }

  /** Forget a message. */
  drop(channelId, ts) {
    this.channels.get(channelId)?.messages.delete(ts);
  }

  /** Everything in the open channel has been seen. */
  markRead() {
    if (this.channel) this.#read.set(`${this.you} ${this.here}`, newest([...this.channel.messages.values()]));
  }

  /** How many messages of others have come into a channel since it was open. */
  unread(channel) {
    const seen = this.#read.get(`${this.you} ${channel.id}`) ?? this.#readFrom;
    return [...channel.messages.values()].filter((each) => each.ts > seen && each.user !== this.you).length;
  }

  /** Who and what the ids in a text stand for. */
  get names() {
    return {
      you: this.you,
      user: (id) => this.users[id]?.name ?? id,
      channel: (id) => this.channels.get(id)?.name ?? "private channel",
    };
  }
}

const newest = (messages) => messages.reduce((latest, message) => (message.ts > latest ? message.ts : latest), "");
