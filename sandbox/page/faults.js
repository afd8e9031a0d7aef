// The part of the panel where things are made to go wrong.

import { bot, fail } from "./acts.js";
import { h } from "./dom.js";

const NAMES = { slack: "Slack", discord: "Discord", model: "Model" };
const LINES = { slack: "Socket", discord: "Gateway" };
const WISHES = [
  ["again", "Kill and restart", "kill -9, then a new process"],
  ["kill", "Kill", "kill -9"],
  ["drain", "Drain", "SIGTERM: it ends what it can in three seconds, and hands over the rest"],
  ["start", "Start", "a new process"],
];

export class FaultsPanel {
  constructor() {
    this.wishes = new Map(WISHES.map(([wish, words, title]) => [wish, this.button(words, () => bot(wish), title)]));
    this.lines = h("div", { class: "lines" });
    this.form = h("form", { class: "fault-form", onsubmit: (event) => this.submit(event) });
    this.on = h("ul", { class: "faults-on", "aria-label": "Faults that are on" });
    this.complaint = h("p", { class: "fault-complaint", role: "alert" });
    this.element = h("section", { class: "faults" }, h("h2", {}, "Faults"), this.row("Bot", [...this.wishes.values()]), this.lines, this.form, this.complaint, this.on);
    this.where = "slack";
    this.list = [];
  }

  begin({ choices, faults }) {
    this.choices = choices;
    if (!choices.kinds[this.where]) this.where = "slack";
    const of = (space) => Object.entries(choices.lines).filter(([line]) => line.startsWith(`${space}/`));
    const buttons = (space) => of(space).map(([line, words]) => this.button(words, () => fail("break", { line })));
    this.lines.replaceChildren(...Object.keys(LINES).map((space) => this.row(LINES[space], buttons(space), space)));
    this.drawForm();
    this.change(faults);
  }

  tellBot(state) {
    for (const [wish, button] of this.wishes) button.disabled = (wish === "start") !== (state === "stopped");
  }

  change(faults) {
    const now = performance.now();
    this.list = faults.map((one) => ({ ...one, at: now }));
    const focused = this.on.contains(document.activeElement);
    this.on.replaceChildren(...this.list.map((one) => this.item(one)));
    if (focused) (this.on.querySelector("button") ?? this.form.querySelector("select")).focus();
    this.draw(now);
  }

  /** Count down; true while there is something to count. */
  draw(now) {
    this.list.forEach((one, at) => {
      const left = one.ends === null ? `${one.left} left` : `${Math.max(0, Math.ceil(one.ends - (now - one.at) / 1000))} s left`;
      this.on.children[at].querySelector(".fault-left").textContent = one.struck ? `struck ${one.struck}×, ${left}` : left;
    });
    return this.list.some((one) => one.ends !== null);
  }

  row(words, buttons, space = "") {
    return h("div", { class: "fault-row", role: "group", "aria-label": words }, h("span", { class: `fault-label ${space}` }, words), h("span", { class: "fault-buttons" }, buttons));
  }

  button(words, act, title) {
    return h("button", { type: "button", class: "fault", title, onclick: () => this.try(act) }, words);
  }

  item(one) {
    const off = () => this.try(() => fail("remove", { id: one.id }));
    return h(
      "li",
      {},
      h("span", { class: `from ${one.where}` }, NAMES[one.where]),
      h("span", { class: "fault-words" }, one.words, h("span", { class: "fault-left" })),
      h("button", { type: "button", class: "off", title: "Switch off", "aria-label": `Switch off: ${one.words}`, onclick: off }, "✕"),
    );
  }

  drawForm() {
    const { calls, kinds, spans } = this.choices;
    const some = Object.keys(calls[this.where]).length > 0;
    const where = (one) => h("label", {}, h("input", { type: "radio", name: "where", value: one, checked: one === this.where, onchange: () => this.choose(one) }), h("span", {}, NAMES[one]));
    this.form.replaceChildren(
      h("fieldset", { class: "fault-where" }, h("legend", {}, "What fails"), Object.keys(kinds).map(where)),
      some ? this.select("call", "Calls", calls[this.where]) : "",
      this.select("kind", "How", kinds[this.where]),
      this.select("span", "How long", spans),
      h("button", { type: "submit", class: "go" }, "Switch on"),
    );
  }

  select(name, label, choices) {
    const options = Object.entries(choices).map(([value, words]) => h("option", { value }, words));
    return h("label", { class: `fault-${name}` }, h("span", {}, label), h("select", { name }, options));
  }

  choose(where) {
    this.where = where;
    this.drawForm();
    this.form.querySelector("input:checked").focus();
  }

  submit(event) {
    event.preventDefault();
    const { where, call = "", kind, span } = Object.fromEntries(new FormData(this.form));
    this.try(() => fail("add", { where, call, kind, span }));
  }

  async try(act) {
    this.complaint.textContent = "";
    try {
      await act();
    } catch (error) {
      this.complaint.textContent = error.message;
    }
  }
}
