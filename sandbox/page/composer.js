// The box to write in: it completes people and commands, and says when something failed.

import { avatar, h } from "./dom.js";
import { Picked } from "./files.js";

const MENTION = /(^|[\s(])@(\w*)$/;
const COMMAND = /^\/[\w ]*$/;
const BARE = /^\/\S+$/;

/** `send(text)` may throw an `Error` whose words are shown; the text then comes back. */
export class Composer {
  constructor({ label, send, people, commands }) {
    this.commands = commands;
    this.send = send;
    this.people = people;
    this.choices = [];
    this.known = [];
    this.chosen = 0;
    this.id = `choices-${crypto.randomUUID()}`;
    this.title = h("input", { class: "post-title", type: "text", maxlength: "100", placeholder: "Title of your post", "aria-label": "Title", hidden: true });
    this.input = h("textarea", {
      rows: "1",
      "aria-label": label,
      "aria-autocomplete": "list",
      "aria-controls": this.id,
      oninput: () => this.changed(),
      onkeydown: (event) => this.key(event),
      onclick: () => this.changed(),
      onblur: () => this.close(),
    });
    this.menu = h("ul", { class: "choices", role: "listbox", id: this.id, hidden: true });
    this.hint = h("p", { class: "composer-hint", hidden: true });
    this.note = h("p", { class: "composer-note", role: "alert", hidden: true });
    this.mode = h("p", { class: "composer-mode", hidden: true });
    this.picked = new Picked(() => this.complain(""));
    this.button = h("button", { type: "submit", class: "send", title: "Send", "aria-label": "Send" }, "➤");
    this.element = h(
      "form",
      { class: "composer", onsubmit: (event) => this.submit(event) },
      this.menu,
      this.note,
      this.mode,
      this.hint,
      h("div", { class: "box" }, this.title, this.picked.list, h("div", { class: "line" }, this.picked.button, this.picked.input, this.input, this.button)),
    );
    this.picked.listen(this.element);
  }

  /** Set what the empty box says, and whether a post with a title is written. */
  prepare(placeholder, { isPost = false } = {}) {
    this.input.placeholder = placeholder;
    this.title.hidden = !isPost;
  }

  /** Put a text into the box for its reader to go on with. */
  fill(text) {
    this.input.value = text;
    this.resize();
    this.explain();
    this.input.focus();
    this.input.setSelectionRange(text.length, text.length);
  }

  /** Write something special, such as an edit, until it is sent or given up. */
  begin(words, text, send) {
    this.special = send;
    this.mode.replaceChildren(`${words} · `, h("button", { type: "button", class: "plain", onclick: () => this.end() }, "cancel"));
    this.mode.hidden = false;
    this.fill(text);
  }

  end() {
    this.special = null;
    this.mode.hidden = true;
    this.fill("");
  }

  complain(sentence) {
    this.note.textContent = sentence;
    this.note.classList.remove("offer");
    this.note.hidden = !sentence;
  }

  /** Say something that a button can mend. */
  offer(sentence, verb, mend) {
    this.complain(`${sentence} `);
    this.note.classList.add("offer");
    this.note.append(h("button", { type: "button", class: "plain", onclick: mend }, verb));
  }

  async submit(event) {
    event?.preventDefault();
    const text = this.input.value.trim();
    const send = this.special ?? this.send;
    const { files } = this.picked;
    if (!text && !files.length) return;
    this.close();
    this.complain("");
    this.end();
    try {
      const contents = await this.picked.contents();
      this.picked.set([]);
      await send(text, this.title.value.trim(), contents);
      this.title.value = "";
    } catch (error) {
      if (!this.picked.files.length) this.picked.set(files);
      this.complain(error.message);
      if (!this.input.value) this.fill(text);
    }
  }

  async changed() {
    if (!this.input.value && !this.note.classList.contains("offer")) this.complain("");
    this.resize();
    this.explain();
    const asked = (this.asked = (this.asked ?? 0) + 1);
    const choices = await this.find(this.input.value.slice(0, this.input.selectionStart));
    this.explain();
    if (asked !== this.asked) return;
    this.choices = choices;
    this.chosen = 0;
    this.draw();
    this.explain();
  }

  /** How the command that is being typed goes on; its switches can be pressed. */
  explain() {
    const text = this.input.value;
    const typed = this.known.filter((one) => text.startsWith(`${one.name} `));
    const command = typed.sort((one, other) => other.name.length - one.name.length)[0];
    this.hint.hidden = !command || this.choices.length > 0;
    if (this.hint.hidden) return;
    this.hint.replaceChildren(h("strong", {}, command.name), ` ${command.usage} `, h("span", { class: "hint-gives" }, command.gives), ...(command.switches ?? []).map((name) => this.switch(command, name)));
  }

  switch(command, name) {
    const given = new RegExp(`(?<!\\S)${name}: *(?:true|false)(?:\\s+|$)`, "i");
    const found = given.exec(this.input.value);
    const on = Boolean(found) && /true/i.test(found[0]);
    const turn = () => {
      const rest = this.input.value.slice(command.name.length + 1).replace(given, "");
      this.fill(`${command.name} ${on ? "" : `${name}:true `}${rest}`);
    };
    return h("button", { type: "button", class: "switch", "aria-pressed": String(on), onclick: turn }, `${name}: ${on ? "on" : "off"}`);
  }

  async find(text) {
    const mention = MENTION.exec(text);
    if (mention) {
      const begun = mention[2].toLowerCase();
      const found = this.people().filter((person) => person.name.toLowerCase().startsWith(begun));
      return found.map((person) => ({ words: `@${person.name}`, note: person.bot ? "the bot" : "", face: person, from: text.length - mention[2].length - 1 }));
    }
    if (!text.startsWith("/")) return [];
    this.known = await this.commands();
    if (!COMMAND.test(text) || this.input.value !== text) return [];
    const found = this.known.filter((command) => command.name.startsWith(text.trim()));
    // A whole name with a space after it is ready to be sent.
    if (found.length === 1 && text === `${found[0].name} `) return [];
    return found.map((command) => ({ words: command.name, usage: command.usage, note: command.gives, from: 0 }));
  }

  draw() {
    this.menu.replaceChildren(...this.choices.map((choice, at) => this.choice(choice, at)));
    this.menu.hidden = this.choices.length === 0;
  }

  choice({ words, usage, note, face }, at) {
    return h(
      "li",
      { role: "option", "aria-selected": String(at === this.chosen), onmousedown: (event) => { event.preventDefault(); this.take(at); } },
      face ? avatar(face) : [],
      h("span", { class: "choice-words" }, words),
      usage ? h("span", { class: "choice-usage" }, usage) : [],
      note ? h("span", { class: "choice-note" }, note) : [],
    );
  }

  take(at) {
    const { words, from } = this.choices[at];
    // More may have been typed since the choices were looked for.
    this.input.setRangeText(`${words} `, from, this.input.selectionStart, "end");
    this.close();
    this.resize();
    this.explain();
    this.input.focus();
  }

  close() {
    this.asked = (this.asked ?? 0) + 1;
    this.choices = [];
    this.draw();
  }

  key(event) {
    if (event.isComposing) return;
    if (this.choices.length && this.choose(event)) return;
    if (event.key === "Enter" && !event.shiftKey) this.enter(event);
    else if (event.key === "Escape" && this.special) {
      event.preventDefault();
      this.end();
    }
  }

  /** Send, but first complete a command of which only the name stands there. */
  async enter(event) {
    event.preventDefault();
    if (!this.special && BARE.test(this.input.value)) await this.changed();
    if (this.choices.some((one) => !one.face)) this.take(this.chosen);
    else await this.submit();
  }

  /** What a key does while there are choices; whether it did anything. */
  choose(event) {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    const { face, words } = this.choices[this.chosen];
    const exact = Boolean(face) && words === this.input.value.trim();
    if (step) {
      this.chosen = (this.chosen + step + this.choices.length) % this.choices.length;
      this.draw();
    } else if (event.key === "Tab" || (event.key === "Enter" && !event.shiftKey && !exact)) this.take(this.chosen);
    else if (event.key === "Escape") this.close();
    else return false;
    event.preventDefault();
    return true;
  }

  resize() {
    this.input.style.height = "auto";
    this.input.style.height = `${Math.min(this.input.scrollHeight, 180)}px`;
  }
}
