// How Discord looks and behaves: a thread is a channel of its own, often on a message.

import { act } from "./acts.js";
import { h, link } from "./dom.js";
import { markdown, source } from "./markdown.js";

const THREAD_CREATED = 18;
const THREAD_STARTER = 21;
const LOADING = 1 << 7;
const LINK = 5;
const STYLES = { 1: "primary", 3: "success", 4: "danger" };

export const discord = {
  name: "discord",
  title: "Discord",
  workspace: "Parley Sandbox",
  botTag: "APP",
  onlyYou: "Only you can see this",
  threadTitle: "Thread",
  replyLabel: "Reply",
  emoji: (name) => name.split(":")[0],
  source: (message, space) => source(message.text, space),

  listed: (space, channel) => space.in(channel),

  /** A thread's messages, with the one that it was opened on. */
  replies(space, channel, thread) {
    const starter = space.message(channel, thread);
    const inside = space.in(thread).filter((message) => message.payload.type !== THREAD_STARTER);
    return starter ? [starter, ...inside] : inside;
  },

  threadOf(message, space) {
    return space.channels.get(message.channel)?.kind === "thread" ? message.channel : "";
  },
  threadOn: (space, message) => (discord.child(space, message) ? message.id : ""),
  root: (space, channel, thread) => space.message(channel, thread) ?? space.message(thread, thread),
  child(space, message) {
    const channel = space.channels.get(message.id);
    return channel?.parent === message.channel ? channel : undefined;
  },

  hidden: (message) => message.payload.type === THREAD_STARTER,
  isQuiet: (message) => message.payload.type === THREAD_CREATED,
  isEdited: (message) => message.edited && !message.payload.webhook,

  body(message, space, press) {
    const { payload } = message;
    if (payload.type === THREAD_CREATED) return h("p", { class: "system" }, `started a thread: ${message.text}`);
    if ((payload.flags ?? 0) & LOADING) return h("p", { class: "loading" }, `${space.bot.name} is thinking…`);
    return [
      h("div", { class: "rich" }, markdown(message.text, space, { loud: payload.pings?.includes("everyone") })),
      (payload.attachments ?? []).map((file) => h("p", { class: "file" }, `📎 ${file.filename}`)),
      (payload.embeds ?? []).map((embed) => embedded(embed, space)),
      (payload.components ?? []).map((row) => component(row, press)),
    ];
  },

  thread(message, space) {
    const thread = discord.child(space, message);
    if (!thread) return null;
    const inside = space.in(thread.id).filter((one) => one.payload.type !== THREAD_STARTER && !one.onlyFor);
    const count = inside.length;
    return {
      title: thread.name,
      words: `${count} ${count === 1 ? "message" : "messages"}`,
      people: [...new Set(inside.map((one) => one.author))],
      last: inside.at(-1)?.at,
    };
  },

  say: (person, place, text, { reply = "", files }) => act("discord/say", { person, channel: place.thread || place.channel, text, reply, files }),
  edit: (person, message, text) => act("discord/edit", { person, channel: message.channel, message: message.id, text }),
  remove: (person, message) => act("discord/delete", { person, channel: message.channel, message: message.id }),
  press: (person, message, id) => act("discord/press", { person, channel: message.channel, message: message.id, id }),
  choose: (person, message, entry) => act("discord/choose", { person, channel: message.channel, message: message.id, entry }),
  command: (person, place, name, text) => act("discord/command", { person, channel: place.thread || place.channel, name, text }),
  post: (person, channel, title, text) => act("discord/post", { person, channel, title, text }),

  busy({ channel, person }, space) {
    return { place: channel, words: `${space.people.get(person)?.name ?? "Somebody"} is typing…`, seconds: 10 };
  },
  place: (place) => place.thread || place.channel,
};

function embedded(embed, space) {
  const box = h(
    "div",
    { class: "embed" },
    embed.author?.name ? h("div", { class: "embed-author" }, embed.author.name) : [],
    embed.title ? h("div", { class: "embed-title" }, markdown(embed.title, space)) : [],
    embed.description ? h("div", { class: "rich" }, markdown(embed.description, space)) : [],
    (embed.fields ?? []).map((field) => h("div", { class: "field" }, h("strong", {}, field.name), h("div", { class: "rich" }, markdown(field.value, space)))),
    embed.footer?.text ? h("div", { class: "embed-footer" }, embed.footer.text) : [],
  );
  if (Number.isInteger(embed.color)) box.style.setProperty("--bar", `#${embed.color.toString(16).padStart(6, "0")}`);
  return box;
}

function component(one, press) {
  switch (one.type) {
    case 1:
      return h("div", { class: "actions" }, one.components.map((inner) => component(inner, press)));
    case 2:
      return button(one, press);
    default:
      return h("span", { class: "unknown" }, `(a component of type ${one.type})`);
  }
}

function button(one, press) {
  const words = [one.emoji?.name, one.label].filter(Boolean).join(" ");
  if (one.style === LINK) return link(one.url, h("span", { class: "button" }, words));
  const style = STYLES[one.style] ?? "";
  return h("button", { type: "button", class: `button ${style}`, disabled: Boolean(one.disabled), onclick: () => press(one.custom_id) }, words);
}
