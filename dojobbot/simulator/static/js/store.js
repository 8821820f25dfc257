// What the page knows: the workspace as one person sees it, what is open, and what was read.

/** Whether a message answers another. */
export const isReply = (message) => message.thread_ts !== undefined && message.thread_ts !== message.ts;

/** Whether a message is shown in its channel: all but the replies that stay in their thread. */
export const isInChannel = (message) => !isReply(message) || message.subtype === "thread_broadcast";

export class Store {
  workspace = "";
  you = "";
  bot = "";
  connected = true;
  people = [];
  users = {};
  commands = [];
  channels = new Map();
  /** The modals in front of the person, the topmost last, and the App Home (null: none is published). */
  modals = [];
  home = null;
  /** The open channel, and the ts of the message whose thread is open in it. */
  here = null;
  thread = null;
  /** What came into the open channel later than this is new to the person. */
  newSince = "";
  /** What was there when the page was opened counts as read, for everybody. */
  #readFrom = null;
  #read = new Map();

  /** Take over all that a person sees; what is open stays open where that person may see it. */
  load(state) {
    for (const name of ["workspace", "you", "bot", "connected", "people", "users", "commands", "modals", "home"]) {
      this[name] = state[name];
    }
    this.channels = new Map(
      state.channels.map((channel) => [
        channel.id,
        { ...channel, messages: new Map(channel.messages.map((message) => [message.ts, message])) },
      ]),
    );
    this.#readFrom ??= newest(state.channels.flatMap((channel) => channel.messages));
    if (!this.channels.has(this.here)) this.here = this.channels.keys().next().value ?? null;
    if (!this.channel?.messages.has(this.thread)) this.thread = null;
    this.newSince = this.#seen(this.here);
    this.markRead();
  }

  /** The open channel. */
  get channel() {
    return this.channels.get(this.here);
  }

  /** The direct messages with the bot. */
  get direct() {
    return [...this.channels.values()].find((channel) => channel.kind === "im" && channel.has_bot);
  }

  /** Open a channel. */
  open(channelId) {
    if (channelId !== this.here) this.thread = null;
    this.here = channelId;
    this.newSince = this.#seen(channelId);
    this.markRead();
  }

  /** Open the thread of a message of the open channel, or close it with null. */
  openThread(ts) {
    this.thread = ts;
    this.#markThreadRead();
  }

  /** Add a message, or replace the one with its ts. */
  put(channelId, message) {
    this.channels.get(channelId)?.messages.set(message.ts, message);
    if (channelId === this.here) this.markRead();
    if (message.thread_ts === this.thread) this.#markThreadRead();
  }

  /** Forget a message. */
  drop(channelId, ts) {
    this.channels.get(channelId)?.messages.delete(ts);
  }

  /** The messages that a channel shows, oldest first. */
  get shown() {
    return [...(this.channel?.messages.values() ?? [])].filter(isInChannel);
  }

  /** The replies to a message of the open channel, oldest first. */
  replies(ts) {
    return [...(this.channel?.messages.values() ?? [])].filter((each) => isReply(each) && each.thread_ts === ts);
  }

  /** How many replies of others the person has not seen. */
  newReplies(ts) {
    const seen = this.#read.get(`${this.you} ${ts}`) ?? this.#readFrom;
    return this.replies(ts).filter((each) => each.ts > seen && each.user !== this.you).length;
  }

  /** Everything in the open channel has been seen. */
  markRead() {
    if (this.channel) this.#read.set(`${this.you} ${this.here}`, newest([...this.channel.messages.values()]));
  }

  /** How many messages of others have come into a channel since it was open. */
  unread(channel) {
    const seen = this.#seen(channel.id);
    return [...channel.messages.values()].filter((each) => each.ts > seen && each.user !== this.you).length;
  }

  /** Who and what the ids in a text stand for. */
  get names() {
    return {
      you: this.you,
      user: (id) => this.users[id]?.name ?? id,
      channel: (id) => this.channels.get(id)?.name ?? "private channel",
      people: Object.entries(this.users).map(([id, user]) => [id, user.name]),
      places: [...this.channels.values()].filter(({ kind }) => kind !== "im").map(({ id, name }) => [id, `#${name}`]),
    };
  }

  #seen(channelId) {
    return this.#read.get(`${this.you} ${channelId}`) ?? this.#readFrom;
  }

  #markThreadRead() {
    const replies = this.thread === null ? [] : this.replies(this.thread);
    if (replies.length > 0) this.#read.set(`${this.you} ${this.thread}`, newest(replies));
  }
}

const newest = (messages) => messages.reduce((latest, message) => (message.ts > latest ? message.ts : latest), "");
