// Slack's own marks, as in the `text` of messages and in context and section blocks.

import { h, link } from "./dom.js";

const ENTITIES = { "&lt;": "<", "&gt;": ">", "&amp;": "&" };
const TOKEN = /```([\s\S]+?)```|`([^`\n]+)`|<([^<>\n]+)>|(?<![\w*])\*(?=\S)([^*\n]+?)(?<=\S)\*(?![\w*])|(?<!\w)_(?=\S)([^_\n]+?)(?<=\S)_(?!\w)|(?<![\w~])~(?=\S)([^~\n]+?)(?<=\S)~(?![\w~])/g;

export function unescape(text) {
  return text.replace(/&(?:lt|gt|amp);/g, (entity) => ENTITIES[entity]);
}

/** Nodes for a text with marks; lines that begin with > are quoted. */
export function mrkdwn(text, space) {
  const lines = text.split(/(```[\s\S]+?```)/).flatMap((part, at) => (at % 2 ? [part] : quoted(part)));
  return lines.flatMap((part) =>
    typeof part === "string" ? marks(part, space) : [h("blockquote", {}, marks(part.quote, space))],
  );
}

/** A text in which the marks are told by their names, as people typed it. */
export function source(text, space) {
  return unescape(text.replace(/<([^<>\n]+)>/g, (_, inner) => control(inner, space).words));
}

function quoted(text) {
  return text.split(/((?:^&gt;.*(?:\n|$))+)/m).map((part, at) =>
    at % 2 ? { quote: part.replace(/^&gt; ?/gm, "").trimEnd() } : part,
  );
}

function marks(text, space) {
  const nodes = [];
  let position = 0;
  for (const found of text.matchAll(TOKEN)) {
    nodes.push(unescape(text.slice(position, found.index)), marked(found, space));
    position = found.index + found[0].length;
  }
  return [...nodes, unescape(text.slice(position))];
}

function marked([, block, code, inner, bold, italic, strike], space) {
  if (block !== undefined) return h("pre", {}, h("code", {}, unescape(block.replace(/^\n|\n$/g, ""))));
  if (code !== undefined) return h("code", {}, unescape(code));
  if (bold !== undefined) return h("strong", {}, marks(bold, space));
  if (italic !== undefined) return h("em", {}, marks(italic, space));
  if (strike !== undefined) return h("s", {}, marks(strike, space));
  const { words, address, mention } = control(inner, space);
  if (address) return link(address, words);
  return h("span", { class: mention ? "mention" : undefined }, words);
}

/** What stands between < and >: a mention, a channel or a link. */
function control(inner, space) {
  const [target, label] = inner.split("|");
  if (target.startsWith("@")) return { words: `@${space.people.get(target.slice(1))?.name ?? label ?? target}`, mention: true };
  if (target.startsWith("#")) return { words: `#${space.channels.get(target.slice(1))?.name ?? label ?? "channel"}`, mention: true };
  if (target.startsWith("!")) return { words: label ?? `@${target.slice(1).split("^")[0]}`, mention: true };
  return { words: unescape(label ?? target), address: unescape(target) };
}
