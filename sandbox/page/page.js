// The page: both platforms side by side, kept true by the sandbox's stream of changes.

import { bot as wish } from "./acts.js";
import { Backstage } from "./backstage.js";
import { discord } from "./discord.js";
import { h } from "./dom.js";
import { Side } from "./side.js";
import { slack } from "./slack.js";
import { Space } from "./store.js";

const NARROW = window.matchMedia("(max-width: 900px)");
const SKINS = { slack, discord };

const spaces = {};
const sides = { slack: new Side(slack), discord: new Side(discord) };
const timers = new Map();
let active = "slack";
let wanted = "both";
let begun = false;

const main = document.querySelector(".sides");
const words = document.querySelector("#words");
const bot = document.querySelector(".bot");
const tabs = [...document.querySelectorAll(".tabs button")];
const backstage = new Backstage(document.querySelector("#backstage"), document.querySelector(".backstage-button"));

main.append(sides.slack.element, sides.discord.element);
for (const [name, side] of Object.entries(sides)) side.element.addEventListener("focusin", () => (active = name));
document.addEventListener("keydown", (event) => spaces[active] && sides[active].key(event));
for (const tab of tabs) tab.addEventListener("click", () => {
  if (NARROW.matches) backstage.show(false);
  choose(tab.dataset.show);
});
NARROW.addEventListener("change", () => choose(wanted));
choose(wanted);
listen();

function listen() {
  const stream = new EventSource("/live");
  stream.addEventListener("message", (event) => receive(JSON.parse(event.data)));
  stream.addEventListener("error", () => tellBot({ state: "stopped", sentence: "The sandbox does not run any more. Start it again with: make sandbox" }));
}

function receive(news) {
  if (news.kind === "world") begin(news);
  else if (news.kind === "bot") tellBot(news.bot);
  else if (backstage.hears(news)) backstage.change(news);
  else change(news);
}

function begin(world) {
  for (const [name, side] of Object.entries(sides)) {
    spaces[name] = new Space(world.spaces[name]);
    for (const one of world.assistant) if (one.space === name) spaces[name].assistants.set(one.channel, one);
    side.show(spaces[name]);
  }
  if (!begun) sides[active].focus();
  begun = true;
  backstage.begin(world.backstage);
  tellBot(world.bot);
  listWords(world.model);
}

function change(news) {
  const space = spaces[news.space];
  const isNew = news.kind === "message" && !space.message(news.channel, news.message.id);
  if (news.kind === "message") space.put(news.message);
  else if (news.kind === "gone") space.remove(news.message);
  else if (news.kind === "assistant") space.assistants.set(news.channel, news);
  else if (news.kind === "channel") space.channels.set(news.channel.id, news.channel);
  else setBusy(news, space);
  if (isNew) stopTyping(news, space);
  sides[news.space].follow(news, isNew);
}

function setBusy(news, space) {
  const { place, words: said, seconds } = SKINS[news.space].busy(news, space);
  space.setBusy(place, said);
  clearTimeout(timers.get(`${news.space} ${place}`));
  if (!seconds) return;
  const over = () => {
    space.setBusy(place, "");
    sides[news.space].renderSoon();
  };
  timers.set(`${news.space} ${place}`, setTimeout(over, seconds * 1000));
}

/** Whoever has written something has stopped to type, also where a thread hangs. */
function stopTyping({ space: name, message }, space) {
  const typist = space.people.get(message.author)?.name;
  const { id, parent } = space.channels.get(message.channel);
  for (const place of name === "discord" ? [id, parent] : []) {
    if (space.busy.get(place)?.startsWith(`${typist} `)) space.setBusy(place, "");
  }
}

/** Show a side or both; both need room, and come back when there is room again. */
function choose(show) {
  wanted = show;
  const shown = NARROW.matches && show === "both" ? active : show;
  main.dataset.show = shown;
  if (shown !== "both") active = shown;
  for (const tab of tabs) tab.setAttribute("aria-pressed", String(tab.dataset.show === shown));
}

function tellBot({ state, sentence, starts }) {
  bot.dataset.state = state;
  bot.replaceChildren(sentence, ...(starts ? [" ", h("button", { type: "button", class: "plain", onclick: () => wish("start").catch(() => {}) }, "Start it again")] : []));
  backstage.tellBot(state);
  bot.title = sentence;
}

function listWords(model) {
  if (model.name) {
    words.replaceChildren(h("h2", {}, "A real model answers"), h("p", {}, `You talk with ${model.name}. Ask it anything: in a channel by mentioning @Parley, in a direct message without, or with /ask.`));
    return;
  }
  const list = (title, some) => [h("h3", {}, title), h("ul", {}, some.map(word))];
  words.replaceChildren(
    h("h2", {}, "Things to try"),
    h("p", {}, "A stand-in answers here, not a model: it remembers what it is told in a thread, and does these when their words are in a question. Set OPENAI_API_KEY or OPENAI_BASE_URL to hear a real model."),
    ...list("It shows", model.words.filter((one) => !one.fails)),
    ...list("It remembers", [{ name: "my name is Ada", gives: "then: what is my name?" }, { name: "remember 42", gives: "then: what did I tell you?" }]),
    ...list("It fails", model.words.filter((one) => one.fails)),
  );
}

function word({ name, gives }) {
  return h("li", {}, h("button", { type: "button", class: "try", onclick: () => suggest(name) }, name), h("span", {}, gives));
}

function suggest(name) {
  words.hidePopover();
  sides[active].suggest(name);
}
