// Discord's Markdown: what it knows, and nothing that it does not (no tables, no pictures).

import { h, link } from "./dom.js";
import { highlighted } from "./highlight.js";

const FENCE = /```(?:([\w+#.-]+)\n)?\n?([\s\S]+?)\n?```/g;
const LINE = /^(?:(#{1,3}) +(.*)|-# +(.*)|>(?: (.*)|$)|( *)(?:[-*]|(\d+)\.) +(.*))$/;

const INLINE = [
  [/\\([^\w\s])/y, ([, character]) => character],
  [/(`+)([\s\S]*?[^`])\1(?!`)/y, ([, , code]) => h("code", {}, code)],
  [/<@!?(\d+)>/y, ([, id], { space }) => mention(`@${space.people.get(id)?.name ?? "unknown-user"}`)],
  [/<#(\d+)>/y, ([, id], { space }) => mention(`#${space.channels.get(id)?.name ?? "unknown"}`)],
  [/<@&\d+>/y, () => mention("@role")],
  [/<\/([\w -]+):\d+>/y, ([, name]) => mention(`/${name}`)],
  [/<a?:(\w+):\d+>/y, ([, name]) => `:${name}:`],
  [/@(?:everyone|here)\b/y, ([words], { loud }) => (loud ? mention(words) : words)],
  [/\[([^\]\n]+)\]\((?:<([^<>\s]+)>|([^\s()]+(?:\([^\s()]*\)[^\s()]*)*))\)/y, ([, words, one, other], how) => link(one ?? other, inline(words, how))],
  [/<(https?:\/\/[^\s<>]+)>/y, ([, address]) => link(address, address)],
  [/https?:\/\/[^\s<>]+[^\s<>.,;:!?)'"\]*_~]/y, ([address]) => link(address, address)],
  [/\*\*\*(?=\S)([\s\S]+?)\*\*\*/y, ([, words], how) => h("em", {}, h("strong", {}, inline(words, how)))],
  [/\*\*(?=\S)([\s\S]+?)\*\*(?!\*)/y, ([, words], how) => h("strong", {}, inline(words, how))],
  [/__(?=\S)([\s\S]+?)__(?!_)/y, ([, words], how) => h("u", {}, inline(words, how))],
  [/\*(?=[^\s*])([\s\S]+?)(?<=\S)\*(?!\*)/y, ([, words], how) => h("em", {}, inline(words, how))],
  [/(?<!\w)_(?=[^\s_])([\s\S]+?)(?<=\S)_(?!\w)/y, ([, words], how) => h("em", {}, inline(words, how))],
  [/~~(?=\S)([\s\S]+?)~~/y, ([, words], how) => h("s", {}, inline(words, how))],
  [/\|\|([\s\S]+?)\|\|/y, ([, words], how) => spoiler(inline(words, how))],
];

const PLAIN = /[^\\`<@[h*_~|]+/y;

/** Elements for a text as Discord shows it; `loud` when it may call everyone. */
export function markdown(text, space, { loud = false } = {}) {
  const how = { space, loud };
  const nodes = [];
  let position = 0;
  for (const found of text.matchAll(FENCE)) {
    nodes.push(...lines(text.slice(position, found.index), how), h("pre", {}, h("code", {}, highlighted(found[2], found[1]))));
    position = found.index + found[0].length;
    if (text[position] === "\n") position += 1;
  }
  return [...nodes, ...lines(text.slice(position), how)];
}

/** The text as a person would have typed it. */
export function source(text, space) {
  return text.replace(/<@!?(\d+)>/g, (whole, id) => (space.people.has(id) ? `@${space.people.get(id).name}` : whole));
}

function lines(text, how) {
  if (!text) return [];
  const [ordinary, rest] = split(text);
  const nodes = [];
  let open = [];
  const close = () => {
    const words = open.join("\n").replace(/^\n+|\n+$/g, "");
    if (words.trim()) nodes.push(h("div", { class: "paragraph" }, inline(words, how)));
    open = [];
  };
  const groups = grouped(ordinary.split("\n"));
  for (const group of groups) {
    if (typeof group === "string") open.push(group);
    else {
      close();
      nodes.push(block(group, how));
    }
  }
  close();
  if (rest !== undefined) nodes.push(h("blockquote", {}, inline(rest, how)));
  return nodes;
}

/** What stands before a `>>>`, and what is quoted by it: all that follows. */
function split(text) {
  const found = /^>>> ?/m.exec(text);
  if (!found) return [text];
  return [text.slice(0, found.index).replace(/\n$/, ""), text.slice(found.index + found[0].length)];
}

/** Lines, with neighbours that make one list or one quote as a group. */
function grouped(all) {
  const groups = [];
  for (const line of all) {
    const found = LINE.exec(line);
    const kind = found && kindOf(found);
    const last = groups.at(-1);
    if (!kind) groups.push(line);
    else if (typeof last === "object" && last.kind === kind && kind !== "heading" && kind !== "small") last.lines.push(found);
    else groups.push({ kind, lines: [found] });
  }
  return groups;
}

function kindOf([line, heading, , small, , indent]) {
  if (heading) return "heading";
  if (small !== undefined) return "small";
  if (line.startsWith(">")) return "quote";
  return indent !== undefined ? "list" : null;
}

function block({ kind, lines: found }, how) {
  const [, heading, title, small] = found[0];
  if (kind === "heading") return h(`h${heading.length + 2}`, {}, inline(title, how));
  if (kind === "small") return h("small", {}, inline(small, how));
  if (kind === "quote") return h("blockquote", {}, inline(found.map((line) => line[4] ?? "").join("\n"), how));
  return h("div", { class: "list" }, found.map((line) => item(line, how)));
}

function item([, , , , , indent, number, words], how) {
  const depth = Math.min(Math.floor(indent.length / 2), 5);
  const sign = number === undefined ? (depth ? "◦" : "•") : `${number}.`;
  return h("div", { class: `item indent-${depth}` }, h("span", { class: "sign" }, sign), h("span", {}, inline(words, how)));
}

function inline(text, how) {
  const nodes = [];
  let position = 0;
  while (position < text.length) {
    const [node, next] = at(text, position, how);
    nodes.push(node);
    position = next;
  }
  return nodes;
}

function at(text, position, how) {
  PLAIN.lastIndex = position;
  const plain = PLAIN.exec(text);
  if (plain) return [plain[0], PLAIN.lastIndex];
  for (const [pattern, make] of INLINE) {
    pattern.lastIndex = position;
    const found = pattern.exec(text);
    if (found) return [make(found, how), position + found[0].length];
  }
  return [text[position], position + 1];
}

function mention(words) {
  return h("span", { class: "mention" }, words);
}

function spoiler(nodes) {
  const shown = h("span", { class: "spoiler", onclick: () => shown.classList.add("seen") }, nodes);
  return shown;
}
