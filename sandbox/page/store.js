// The page's copy of the world, kept true by the stream of changes.

/** Whether one message stands before another: by time, then by id. */
export function before(one, other) {
  if (one.at !== other.at) return one.at < other.at;
  return one.id.length !== other.id.length ? one.id.length < other.id.length : one.id < other.id;
}

/** One platform's people, channels and messages, and who is busy where. */
export class Space {
  constructor(portrait) {
    this.people = new Map(portrait.people.map((person) => [person.id, person]));
    this.channels = new Map(portrait.channels.map((channel) => [channel.id, channel]));
    this.messages = new Map();
    this.busy = new Map();
    this.assistants = new Map();
    for (const message of portrait.messages) this.put(message);
  }

  get bot() {
    return [...this.people.values()].find((person) => person.bot);
  }

  /** Those who can be played. */
  get players() {
    return [...this.people.values()].filter((person) => !person.bot);
  }

  put(message) {
    if (!this.messages.has(message.channel)) this.messages.set(message.channel, new Map());
    this.messages.get(message.channel).set(message.id, message);
  }

  remove(message) {
    this.messages.get(message.channel)?.delete(message.id);
  }

  message(channel, id) {
    return this.messages.get(channel)?.get(id);
  }

  /** A channel's messages, oldest first. */
  in(channel) {
    return [...(this.messages.get(channel)?.values() ?? [])].sort((a, b) => (before(a, b) ? -1 : 1));
  }

  /** What Slack shows of an agent in a channel besides messages. */
  assistant(channel) {
    return this.assistants.get(channel) ?? { prompts: [], titles: {}, working: [] };
  }

  threads(channel) {
    return [...this.channels.values()].filter((one) => one.kind === "thread" && one.parent === channel);
  }

  /** What somebody is doing at a place ("is typing"); empty for nothing. */
  setBusy(place, words) {
    if (words) this.busy.set(place, words);
    else this.busy.delete(place);
  }
}
