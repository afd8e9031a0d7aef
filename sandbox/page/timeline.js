// A list of messages that follows the world: only what has changed is drawn again.

import { avatar, h, timeOf } from "./dom.js";

const TOGETHER = 5 * 60 * 1000;
const NEAR_END = 80;
const ENDS = [".paragraph:last-child", ":is(ul, ol):last-child > li:last-child", ".list:last-child > .item:last-child > :last-child"];
const STEPS = { ArrowDown: 1, ArrowUp: -1 };

/** Shows messages; `on` has what a reader can do: `thread`, `reply`, `edit`, `remove`, `menu`, `press`. */
export class Timeline {
  constructor(skin, on) {
    this.skin = skin;
    this.on = on;
    this.shown = new Map();
    this.list = h("ol", { class: "messages" });
    this.empty = h("div", { class: "empty" });
    this.element = h("div", { class: "timeline", tabindex: "0", onscroll: () => this.scrolled(), onkeydown: (event) => this.key(event) }, this.empty, this.list);
    this.pin();
    const sizes = new ResizeObserver(() => this.settle());
    for (const element of [this.element, this.list]) sizes.observe(element);
  }

  /** Forget what was drawn; the next `render` begins at the end of another conversation. */
  clear() {
    this.shown.clear();
    this.list.replaceChildren();
    this.pin();
  }

  /** Stay at the end, whatever changes its size, until the reader scrolls up. */
  pin() {
    this.pinned = true;
    this.top = 0;
    this.settle();
  }

  settle() {
    this.element.classList.toggle("pinned", this.pinned);
    if (this.pinned) this.element.scrollTop = this.element.scrollHeight;
  }

  /** Up is the reader's wish, unless the end itself came up; down is back to the end. */
  scrolled() {
    const { scrollHeight, scrollTop, clientHeight } = this.element;
    const left = scrollHeight - scrollTop - clientHeight;
    if (scrollTop < this.top) this.pinned = left < 2;
    else if (left < NEAR_END) this.pinned = true;
    this.top = scrollTop;
    this.element.classList.toggle("pinned", this.pinned);
  }

  /** The arrows go from message to message; Tab then goes to what can be done with it. */
  key(event) {
    const messages = [...this.list.children];
    const at = messages.indexOf(document.activeElement);
    if (!(event.key in STEPS) || (at < 0 && document.activeElement !== this.element)) return;
    event.preventDefault();
    const next = at < 0 ? messages.length - 1 : at + STEPS[event.key];
    messages[Math.max(0, Math.min(next, messages.length - 1))]?.focus();
  }

  render(space, person, messages, { inThread = false } = {}) {
    const visible = messages.filter((message) => (!message.onlyFor || message.onlyFor === person.id) && !this.skin.hidden(message));
    visible.forEach((message, at) => this.place(space, person, message, visible[at - 1], at, inThread));
    this.removeOthers(new Set(visible.map((message) => message.id)));
    this.element.classList.toggle("is-empty", visible.length === 0);
    this.settle();
  }

  place(space, person, message, previous, at, inThread) {
    const compact = this.continues(previous, message, inThread && at === 1);
    const thread = inThread ? null : this.skin.thread(message, space);
    const state = JSON.stringify([compact, thread, person.id]);
    let one = this.shown.get(message.id);
    if (!one || one.message !== message || one.state !== state) {
      const element = this.draw(space, person, message, { compact, thread });
      const focused = one?.element.contains(document.activeElement);
      one?.element.replaceWith(element);
      if (focused) element.focus({ preventScroll: true });
      one = { message, state, element };
      this.shown.set(message.id, one);
    }
    if (this.list.children[at] !== one.element) this.list.insertBefore(one.element, this.list.children[at] ?? null);
  }

  removeOthers(ids) {
    for (const [id, { element }] of this.shown) {
      if (ids.has(id)) continue;
      element.remove();
      this.shown.delete(id);
    }
  }

  continues(previous, message, first) {
    return Boolean(previous) && !first && previous.author === message.author && message.at - previous.at < TOGETHER && previous.onlyFor === message.onlyFor && !message.payload.reference && !message.payload.interaction && !this.skin.isQuiet(previous);
  }

  draw(space, person, message, { compact, thread }) {
    const { skin } = this;
    const author = space.people.get(message.author);
    const classes = ["message", compact && "compact", message.onlyFor && "ephemeral", skin.isQuiet(message) && "quiet"];
    return h(
      "li",
      { class: classes.filter(Boolean).join(" "), "data-id": message.id, "data-author": author?.name ?? "", tabindex: "-1" },
      this.above(space, message),
      h("div", { class: "face" }, compact ? h("time", {}, timeOf(message.at)) : avatar(author)),
      h(
        "div",
        { class: "content" },
        compact ? [] : this.heading(author, message),
        this.body(message, space),
        this.reactions(message, space),
        message.onlyFor ? h("p", { class: "only-you" }, `👁 ${skin.onlyYou}`) : [],
        thread ? this.threadLink(space, message, thread) : [],
      ),
      this.tools(person, message),
    );
  }

  /** What it says; that it was edited stands after its last words, where it ends in words. */
  body(message, space) {
    const { skin } = this;
    const body = h("div", { class: "body" }, skin.body(message, space, (id, value) => this.on.press(message, id, value)));
    const end = ENDS.map((one) => body.querySelector(`:scope > .rich > ${one}`)).find(Boolean) ?? body;
    if (skin.isEdited(message)) end.append(h("span", { class: "edited" }, "(edited)"));
    return body;
  }

  heading(author, message) {
    return h("div", { class: "heading" }, h("span", { class: "author" }, author?.name ?? message.author), author?.bot ? h("span", { class: "tag" }, this.skin.botTag) : [], h("time", {}, timeOf(message.at)));
  }

  /** What stands over a message on Discord: what it replies to, or the command that asked. */
  above(space, message) {
    const { reference, interaction } = message.payload;
    if (interaction?.name) {
      const who = space.people.get(interaction.user?.id ?? interaction.user_id)?.name ?? "Somebody";
      return h("p", { class: "above" }, h("strong", {}, who), " used ", h("span", { class: "mention" }, `${interaction.command_type > 1 ? "" : "/"}${interaction.name}`));
    }
    const target = reference?.message_id && space.message(reference.channel_id ?? message.channel, reference.message_id);
    if (!target || this.skin.isQuiet(message)) return [];
    return h("p", { class: "above" }, h("strong", {}, space.people.get(target.author)?.name ?? ""), ` ${this.skin.source(target, space).slice(0, 120) || "…"}`);
  }

  reactions(message, space) {
    if (!message.reactions.length) return [];
    const names = [...new Set(message.reactions.map(([name]) => name))];
    const chips = names.map((name) => {
      const people = message.reactions.filter(([one]) => one === name).map(([, id]) => space.people.get(id)?.name ?? id);
      return h("span", { class: "reaction", title: people.join(", ") }, `${this.skin.emoji(name)} ${people.length}`);
    });
    return h("div", { class: "reactions" }, chips);
  }

  threadLink(space, message, thread) {
    const faces = thread.people.slice(0, 3).map((id) => avatar(space.people.get(id)));
    return h(
      "button",
      { type: "button", class: "thread-link", onclick: () => this.on.thread(message) },
      thread.title ? h("span", { class: "thread-title" }, thread.title) : h("span", { class: "faces" }, faces),
      h("span", { class: "thread-count" }, thread.words),
      thread.last ? h("time", {}, timeOf(thread.last)) : [],
    );
  }

  tools(person, message) {
    if (message.onlyFor || this.skin.isQuiet(message) || message.payload.subtype === "tombstone") return [];
    const own = message.author === person.id;
    const tool = (sign, title, act) => h("button", { type: "button", class: "tool", title, "aria-label": title, onclick: act }, sign);
    return h(
      "div",
      { class: "tools" },
      tool("↩", this.skin.replyLabel, () => this.on.reply(message)),
      tool("⋯", "More actions", () => this.on.menu(message)),
      own ? [tool("✎", "Edit message", () => this.on.edit(message)), tool("✕", "Delete message", () => this.on.remove(message))] : [],
    );
  }
}
