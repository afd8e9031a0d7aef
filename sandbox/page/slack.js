// How Slack looks and behaves: threads are replies to a message, in a pane of their own.

import { act } from "./acts.js";
import { blocks } from "./blocks.js";
import { h } from "./dom.js";
import { emoji } from "./emoji.js";
import { mrkdwn, source } from "./mrkdwn.js";

export const slack = {
  name: "slack",
  title: "Slack",
  workspace: "Sandbox",
  botTag: "APP",
  onlyYou: "Only visible to you",
  threadTitle: "Thread",
  replyLabel: "Reply in thread",
  emoji,
  source: (message, space) => source(message.text, space),

  /** The messages of a channel, without those of its threads. */
  listed: (space, channel) => space.in(channel).filter((message) => !message.thread),

  /** A thread's root and its replies. */
  replies(space, channel, thread) {
    return space.in(channel).filter((message) => message.thread === thread || message.id === thread);
  },

  threadOf: (message) => message.thread,
  threadOn: (space, message) => (slack.answers(space, message).length ? message.id : ""),

  /** Whose thread it is: the message that a thread hangs on. */
  root: (space, channel, thread) => space.message(channel, thread),

  answers: (space, message) => space.in(message.channel).filter((one) => one.thread === message.id && !one.onlyFor),

  hidden: () => false,
  isQuiet: (message) => message.payload.subtype === "channel_join",
  isEdited: (message) => message.edited && !message.payload.quiet && message.payload.subtype !== "tombstone",

  body(message, space, press) {
    if (message.payload.subtype === "tombstone") return h("p", { class: "gone" }, "This message was deleted.");
    if (slack.isQuiet(message)) return h("p", { class: "system" }, "joined the channel.");
    // What people type is kept with their marks in its text; blocks are the app's.
    const list = space.people.get(message.author)?.bot ? (message.payload.blocks ?? []) : [];
    const shown = list.length ? blocks(list, space, press) : h("div", { class: "rich" }, h("div", { class: "paragraph" }, mrkdwn(message.text, space)));
    return [shown, files(message.payload.files)];
  },

  thread(message, space) {
    const answers = slack.answers(space, message);
    return answers.length ? { words: `${answers.length} ${answers.length === 1 ? "reply" : "replies"}`, people: [...new Set(answers.map((one) => one.author))], last: answers.at(-1).at } : null;
  },

  say: (person, place, text, { files }) => act("slack/say", { person, channel: place.channel, thread: place.thread, text, files }),
  edit: (person, message, text) => act("slack/edit", { person, channel: message.channel, message: message.id, text }),
  remove: (person, message) => act("slack/delete", { person, channel: message.channel, message: message.id }),
  press: (person, message, id, value) => act("slack/press", { person, channel: message.channel, message: message.id, id, value }),
  choose: (person, message, entry) => act("slack/choose", { person, channel: message.channel, message: message.id, entry }),
  open: (person) => act("slack/open", { person }),
  stop: (person, channel, thread) => act("slack/stop", { person, channel, thread }),
  invite: (person, channel) => act("slack/invite", { person, channel }),
  command: (person, place, name, text) => act("slack/command", { person, channel: place.channel, name, text }),

  /** Where the app is at work, from its status. */
  busy({ channel, thread, text }, space) {
    return { place: `${channel}/${thread}`, words: text ? `${space.bot.name} ${text}` : "" };
  },
  place: (place) => `${place.channel}/${place.thread}`,
};

function files(list = []) {
  return list.map((file) => h("p", { class: "file" }, file.mode === "tombstone" ? "This file was deleted." : `📎 ${file.name ?? file.title}`));
}
