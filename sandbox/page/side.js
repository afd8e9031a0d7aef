// One platform on the page: its channels, the open one, and the open thread.

import { commands, entries } from "./acts.js";
import { sure } from "./ask.js";
import { Composer } from "./composer.js";
import { avatar, h, redrawn, timeOf } from "./dom.js";
import { choose } from "./menu.js";
import { keep, kept } from "./keep.js";
import { Timeline } from "./timeline.js";

const FRESH = 3 * 60 * 1000;
const TRIES = ["what can you do?", "show me some code", "my name is Ada", "remember 42"];
const TYPES = window.matchMedia("(hover: hover)");

export class Side {
  constructor(skin) {
    this.skin = skin;
    this.unread = new Set();
    this.opened = new Set();
    this.sent = new Set();
    this.answered = new Set();
    this.thread = "";
    this.rail = h("nav", { class: "rail", "aria-label": `Channels in ${skin.title}`, id: `rail-${skin.name}` });
    this.main = this.pane("main", "Message", (text, title, files) => this.send(text, { channel: this.channel, thread: "" }, files, title));
    this.side = this.pane("aside", "Reply in the thread", (text, _, files) => this.send(text, { channel: this.channel, thread: this.thread }, files));
    this.frame = h("div", { class: "frame" }, this.rail, this.main.element, this.side.element);
    this.element = h("section", { class: `side ${skin.name}`, "aria-label": skin.title }, this.frame);
  }

  pane(kind, label, send) {
    const { skin } = this;
    const timeline = new Timeline(skin, {
      thread: (message) => this.openThread(skin.threadOn(this.space, message) || message.id),
      reply: (message) => this.reply(message, kind),
      edit: (message) => this.edit(message, kind),
      remove: (message) => this.remove(message, kind),
      menu: (message) => this.menu(message, kind),
      press: (message, id, value) => this.attempt(kind, () => skin.press(this.person.id, message, id, value)),
    });
    const composer = new Composer({
      label: `${label} (${skin.title})`,
      send,
      people: () => this.mentionable,
      commands: () => commands(skin.name, this.person.id),
    });
    const header = h("header", { class: "pane-header" });
    const busy = h("p", { class: "busy", "aria-live": "polite" });
    const prompts = h("div", { class: "prompts", role: "group", "aria-label": "Suggested", hidden: true });
    const element = h("div", { class: `pane ${kind}` }, header, timeline.element, prompts, busy, composer.element);
    return { element, header, timeline, composer, busy, prompts };
  }

  /** Begin with a world, or go on with a new picture of it. */
  show(space) {
    const before = this.space ? { channel: this.channel, thread: this.thread, person: this.person.id } : kept(this.skin.name);
    this.space = space;
    this.person = space.people.get(before.person) ?? space.players[0];
    this.channel = before.channel;
    this.thread = before.thread ?? "";
    if (!space.channels.has(this.channel)) this.channel = [...space.channels.keys()][0];
    if (this.thread && !this.skin.replies(space, this.channel, this.thread).length) this.thread = "";
    for (const { timeline, composer } of [this.main, this.side]) {
      timeline.clear();
      composer.complain("");
    }
    this.render();
  }

  /** Something has changed: keep count of what is unread, follow an answer to its thread. */
  follow(news, isNew) {
    if (news.kind === "message" && isNew) this.arrived(news.message);
    const thread = this.threadOf(news);
    if (thread) this.answered.add(thread);
    if (thread && this.asked(thread)) this.followTo(thread);
    else this.renderSoon();
  }

  /** Remember what was sent from this tab, not another; its thread may have come before this. */
  remember(id) {
    this.sent.add(id);
    if (this.answered.has(id) && this.asked(id)) this.followTo(id);
  }

  arrived(message) {
    this.count(message);
    if (message.author !== this.person.id) return;
    const thread = this.skin.threadOf(message, this.space);
    if (thread ? thread === this.thread : message.channel === this.channel) (thread ? this.side : this.main).timeline.pin();
  }

  /** Open the thread of one's own question; whoever has stopped writing goes on there. */
  followTo(thread) {
    const { input } = this.main.composer;
    const goesOn = document.activeElement === input && !input.value;
    this.openThread(thread);
    if (goesOn) this.side.composer.input.focus();
  }

  /** Be ready to write; not where that would bring up a keyboard over the page. */
  focus() {
    if (TYPES.matches) (this.thread ? this.side : this.main).composer.input.focus();
  }

  /** Escape closes what is open: the channels' names over the page, then the thread. */
  key(event) {
    if (event.key !== "Escape" || event.defaultPrevented || document.querySelector(":popover-open, dialog[open]")) return;
    if (this.frame.classList.contains("rail-open")) this.showRail(false);
    else if (this.thread) {
      this.closeThread();
      this.focus();
    }
  }

  showRail(open) {
    this.frame.classList.toggle("rail-open", open);
    (open ? this.rail.querySelector(".entry") : this.main.header.querySelector(".menu"))?.focus();
  }

  threadOf(news) {
    if (news.kind === "message") return this.skin.threadOf(news.message, this.space);
    if (news.kind === "status") return news.text ? news.thread : "";
    return news.kind === "channel" && news.channel.kind === "thread" ? news.channel.id : "";
  }

  /** Whether the player has just asked here what this thread is about, in the open channel. */
  asked(thread) {
    if (this.opened.has(thread) || !this.sent.has(thread)) return false;
    if (this.space.channels.get(this.channel).kind === "direct") return false;
    const root = this.skin.root(this.space, this.channel, thread);
    return root?.author === this.person.id && Date.now() - root.at < FRESH;
  }

  count(message) {
    const thread = this.skin.threadOf(message, this.space);
    const place = this.space.channels.get(thread) ? thread : message.channel;
    const visible = place === this.channel || (thread && thread === this.thread);
    if (!visible && message.author !== this.person.id && this.sees(message)) this.unread.add(place);
  }

  sees(message) {
    const channel = this.space.channels.get(message.channel);
    return (!message.onlyFor || message.onlyFor === this.person.id) && (channel.kind !== "direct" || channel.members.includes(this.person.id));
  }

  get mentionable() {
    const { members } = this.space.channels.get(this.channel);
    const people = [...this.space.people.values()].filter((person) => person.id !== this.person.id);
    return people.sort((one, other) => other.bot - one.bot || members.includes(other.id) - members.includes(one.id));
  }

  openChannel(id) {
    const channel = this.space.channels.get(id);
    const isThread = channel.kind === "thread";
    this.channel = isThread ? channel.parent : id;
    this.unread.delete(id);
    this.main.timeline.clear();
    this.main.composer.complain("");
    this.frame.classList.remove("rail-open");
    if (isThread) this.openThread(id);
    else this.closeThread();
    this.enter(channel);
    this.focus();
  }

  /** Slack tells an agent that somebody has opened its messages. */
  enter(channel) {
    if (channel.kind === "direct" && this.skin.open) this.skin.open(this.person.id).catch(() => {});
  }

  openThread(id) {
    this.thread = id;
    this.opened.add(id);
    this.unread.delete(id);
    this.side.timeline.clear();
    this.side.composer.complain("");
    this.render();
  }

  closeThread() {
    this.thread = "";
    this.render();
  }

  play(id) {
    this.person = this.space.people.get(id);
    const channel = this.space.channels.get(this.channel);
    const own = [...this.space.channels.values()].find((one) => one.kind === "direct" && one.members.includes(id));
    if (channel.kind === "direct") this.openChannel(own?.id ?? [...this.space.channels.keys()][0]);
    else this.render();
  }

  async send(text, place, files, title) {
    const channel = this.space.channels.get(place.channel);
    const isSaid = !/^\/\w/.test(text) && (channel.kind !== "forum" || Boolean(place.thread));
    if (files.length && !isSaid) throw new Error("Files go with messages, not with posts and commands.");
    if (channel.kind === "forum" && !place.thread) {
      if (!title) throw new Error("A post needs a title.");
      this.remember(await this.skin.post(this.person.id, place.channel, title, text));
    } else if (/^\/\w/.test(text)) {
      const [, name, rest] = /^(\/\S+)\s*([\s\S]*)$/.exec(text);
      await this.skin.command(this.person.id, place, name, rest);
    } else this.remember(await this.skin.say(this.person.id, place, text, { files }));
    if (this.isUnheard(channel, text)) this.offerToInvite(channel, place);
  }

  /** Whether somebody mentioned the bot where it is not, and could let it in. */
  isUnheard(channel, text) {
    const { bot } = this.space;
    return Boolean(this.skin.invite) && channel.kind !== "direct" && !channel.members.includes(bot.id) && text.toLowerCase().includes(`@${bot.name.toLowerCase()}`);
  }

  offerToInvite(channel, place) {
    const kind = place.thread ? "aside" : "main";
    const { name } = this.space.bot;
    const { composer } = place.thread ? this.side : this.main;
    const invite = () => this.attempt(kind, () => this.skin.invite(this.person.id, channel.id));
    composer.offer(`You mentioned @${name}, but ${name} is not in #${channel.name}. Invite it, then mention it again.`, `Invite ${name}`, invite);
  }

  async remove(message, kind) {
    const words = this.skin.source(message, this.space);
    if (await sure("Delete this message for everybody?", words, "Delete")) await this.attempt(kind, () => this.skin.remove(this.person.id, message));
  }

  reply(message, kind) {
    if (this.skin.name === "slack") {
      this.openThread(message.thread || message.id);
      this.side.composer.input.focus();
      return;
    }
    const { composer } = kind === "main" ? this.main : this.side;
    const place = { channel: message.channel, thread: "" };
    const name = this.space.people.get(message.author)?.name;
    composer.begin(`Replying to ${name}`, "", async (text, _, files) => this.remember(await this.skin.say(this.person.id, place, text, { reply: message.id, files })));
  }

  async menu(message, kind) {
    const entry = await choose("With this message", await entries(this.skin.name, this.person.id));
    if (entry) await this.attempt(kind, () => this.skin.choose(this.person.id, message, entry));
  }

  edit(message, kind) {
    const { composer } = kind === "main" ? this.main : this.side;
    composer.begin("Editing your message", this.skin.source(message, this.space), async (text) => {
      await this.skin.edit(this.person.id, message, text);
      this.remember(message.id);
    });
  }

  async attempt(kind, doing) {
    const { composer } = kind === "main" ? this.main : this.side;
    composer.complain("");
    try {
      await doing();
    } catch (error) {
      composer.complain(error.message);
    }
  }

  /** Put a question into the box that its asker would use next. */
  suggest(words) {
    const open = this.thread ? this.side : this.main;
    const { kind } = this.space.channels.get(this.channel);
    const plain = this.thread || kind === "direct";
    open.composer.fill(plain ? words : `@${this.space.bot.name} ${words}`);
  }

  renderSoon() {
    this.waiting ??= requestAnimationFrame(() => this.render());
  }

  render() {
    if (this.waiting) cancelAnimationFrame(this.waiting);
    this.waiting = null;
    this.frame.classList.toggle("has-thread", Boolean(this.thread));
    keep(this.skin.name, { channel: this.channel, thread: this.thread, person: this.person.id });
    this.drawRail();
    this.drawMain();
    this.drawThread();
  }

  drawRail() {
    const channels = [...this.space.channels.values()];
    const rooms = channels.filter((one) => one.kind !== "direct" && one.kind !== "thread");
    const direct = channels.filter((one) => one.kind === "direct" && one.members.includes(this.person.id));
    const players = h("select", { "aria-label": `Write in ${this.skin.title} as`, onchange: (event) => this.play(event.target.value) }, this.space.players.map((one) => h("option", { value: one.id }, one.name)));
    players.value = this.person.id;
    const state = JSON.stringify([channels, this.channel, this.thread, this.person.id, [...this.unread]]);
    if (state === this.railState) return;
    this.railState = state;
    this.rail.replaceChildren(
      h("p", { class: "workspace", "data-initial": this.skin.workspace[0] }, this.skin.workspace),
      h("div", { class: "places" },
        h("p", { class: "group" }, "Channels"),
        rooms.map((one) => [this.entry(one), this.space.threads(one.id).slice(-6).map((thread) => this.entry(thread))]),
        h("p", { class: "group" }, "Direct messages"),
        direct.map((one) => this.entry(one)),
      ),
      h("label", { class: "me" }, avatar(this.person), h("span", {}, h("small", {}, "You write as"), players)),
    );
  }

  entry(channel) {
    const current = channel.kind === "thread" ? channel.id === this.thread : channel.id === this.channel && !(this.thread && this.space.channels.has(this.thread));
    const classes = ["entry", channel.kind, this.unread.has(channel.id) && "unread", channel.id === this.channel && "holds"];
    return h(
      "button",
      { type: "button", class: classes.filter(Boolean).join(" "), "aria-current": current ? "true" : undefined, title: this.nameOf(channel), onclick: () => this.openChannel(channel.id) },
      channel.kind === "direct" ? avatar(this.space.bot) : h("span", { class: "sign", "data-initial": channel.name[0] }, SIGNS[channel.kind]),
      h("span", { class: "entry-name" }, channel.kind === "direct" ? this.space.bot.name : channel.name),
    );
  }

  nameOf(channel) {
    if (channel.kind === "direct") return `Direct messages with ${this.space.bot.name}`;
    return channel.kind === "thread" || channel.kind === "forum" ? channel.name : `#${channel.name}`;
  }

  drawMain() {
    const channel = this.space.channels.get(this.channel);
    const isForum = channel.kind === "forum";
    const menu = h("button", { type: "button", class: "menu", "aria-label": "Channels", "aria-controls": this.rail.id, onclick: () => this.showRail(!this.frame.classList.contains("rail-open")) }, "☰");
    redrawn(this.main.header, JSON.stringify([channel, this.topic(channel)]), menu, channel.kind === "direct" ? avatar(this.space.bot) : h("span", { class: "sign" }, SIGNS[channel.kind]), h("h2", {}, channel.kind === "direct" ? this.space.bot.name : channel.name), h("span", { class: "topic" }, this.topic(channel)), h("span", { class: "platform" }, this.skin.title));
    this.main.timeline.empty.replaceChildren(...this.welcome(channel));
    this.main.timeline.render(this.space, this.person, isForum ? [] : this.skin.listed(this.space, this.channel));
    this.main.composer.prepare(isForum ? `Ask @${this.space.bot.name} in a new post` : `Message ${channel.kind === "direct" ? this.space.bot.name : this.nameOf(channel)}`, { isPost: isForum });
    const inThread = this.thread && this.skin.place({ channel: this.channel, thread: this.thread });
    const elsewhere = [...this.space.busy].filter(([place]) => place !== inThread && place.split("/")[0] === this.channel);
    const working = channel.kind === "direct" ? this.space.assistant(this.channel).working : [];
    drawBusy(this.main.busy, elsewhere.map(([, words]) => words), this.stops(working.filter((thread) => thread !== this.thread)));
    this.drawPrompts(channel);
  }

  /** Slack's own button that stops an agent; none where it is not at work. */
  stops(threads) {
    const stop = () => threads.forEach((thread) => this.attempt("main", () => this.skin.stop(this.person.id, this.channel, thread)));
    return threads.length ? [h("button", { type: "button", class: "stop", onclick: stop }, "◼ Stop")] : [];
  }

  /** What the agent suggests to ask, until somebody writes. */
  drawPrompts(channel) {
    const { prompts } = this.space.assistant(this.channel);
    const place = { channel: this.channel, thread: "" };
    const ask = (message) => this.attempt("main", () => this.send(message, place, []));
    const shown = channel.kind === "direct" ? prompts : [];
    this.main.prompts.hidden = shown.length === 0;
    redrawn(this.main.prompts, JSON.stringify([shown, this.channel]), ...shown.map(({ title, message }) => h("button", { type: "button", class: "try", title: message, onclick: () => ask(message) }, title)));
  }

  topic(channel) {
    const title = Object.values(this.space.assistant(channel.id).titles).at(-1);
    if (channel.kind === "direct") return title ? `“${title}”` : "No mention is needed here";
    if (!channel.members.includes(this.space.bot.id)) return `${this.space.bot.name} is not in this channel`;
    return channel.kind === "forum" ? "A forum: every post is a thread" : "";
  }

  welcome(channel) {
    const bot = this.space.bot.name;
    if (channel.kind === "forum") return this.posts(channel);
    const tries = h("div", { class: "tries" }, TRIES.map((words) => h("button", { type: "button", class: "try", onclick: () => this.suggest(words) }, words)));
    if (channel.kind === "direct") return [h("div", { class: "empty-sign" }, avatar(this.space.bot)), h("h3", {}, `You and ${bot}`), h("p", {}, "Just write: nobody else reads this, and no mention is needed."), tries];
    const title = h("h3", {}, `This is #${channel.name}`);
    const sign = h("div", { class: "empty-sign" }, SIGNS[channel.kind]);
    if (!channel.members.includes(this.space.bot.id)) return [sign, title, h("p", {}, `${bot} is not in this channel and hears nothing of it. Only `, h("code", {}, "/ask"), " reaches it from here.")];
    return [sign, title, h("p", {}, "Mention ", h("span", { class: "mention" }, `@${bot}`), " to start: it answers in a thread. Type ", h("code", {}, "/"), " for its commands."), tries];
  }

  posts(channel) {
    const posts = this.space.threads(channel.id).reverse();
    const cards = posts.map((thread) => {
      const messages = this.space.in(thread.id);
      const root = messages.find((message) => message.id === thread.id);
      const author = this.space.people.get(root?.author)?.name ?? "Somebody";
      return h("button", { type: "button", class: "post", onclick: () => this.openChannel(thread.id) },
        h("strong", {}, thread.name),
        h("span", { class: "post-text" }, `${author}: ${root ? this.skin.source(root, this.space) : ""}`),
        h("small", {}, `${Math.max(messages.length - 1, 0)} answers${messages.length ? ` · ${timeOf(messages.at(-1).at)}` : ""}`));
    });
    if (cards.length) return [h("div", { class: "posts" }, cards)];
    return [h("div", { class: "empty-sign" }, SIGNS.forum), h("h3", {}, "No posts yet"), h("p", {}, "Write one below and mention ", h("span", { class: "mention" }, `@${this.space.bot.name}`), " in it: it answers in the post.")];
  }

  drawThread() {
    if (!this.thread) return;
    const thread = this.space.channels.get(this.thread);
    const channel = this.space.channels.get(this.channel);
    const close = h("button", { type: "button", class: "close", "aria-label": "Close the thread", onclick: () => this.closeThread() }, "✕");
    const back = h("button", { type: "button", class: "back", "aria-label": "Back to the channel", onclick: () => this.closeThread() }, "←");
    const title = this.space.assistant(this.channel).titles[this.thread];
    redrawn(this.side.header, JSON.stringify([this.thread, thread, channel, title]), back, h("h2", {}, thread?.name ?? title ?? this.skin.threadTitle), h("span", { class: "topic" }, channel.kind === "direct" ? this.space.bot.name : `#${channel.name}`), close);
    this.side.timeline.empty.replaceChildren(h("p", {}, "Nothing here yet."));
    this.side.timeline.render(this.space, this.person, this.skin.replies(this.space, this.channel, this.thread), { inThread: true });
    this.side.composer.prepare("Reply …");
    const words = this.space.busy.get(this.skin.place({ channel: this.channel, thread: this.thread }));
    const working = this.space.assistant(this.channel).working.filter((thread) => thread === this.thread);
    drawBusy(this.side.busy, words ? [words] : [], this.stops(working));
  }
}

const SIGNS = { public: "#", private: "🔒", forum: "▤", thread: "↳", direct: "@" };

function drawBusy(element, words, buttons = []) {
  const text = [...new Set(words)].join(" · ");
  const state = `${buttons.length} ${text}`;
  if (element.dataset.words === state) return;
  element.dataset.words = state;
  element.replaceChildren(...(text ? [h("span", { class: "dots", "aria-hidden": "true" }, h("i"), h("i"), h("i")), text] : []), ...buttons);
}
