// Colours for code, by what most languages have in common.

import { h } from "./dom.js";

const TOKEN = /("""[\s\S]*?"""|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|`(?:\\.|[^`\\])*`)|((?:\/\/|#(?=[\s!]|$)|--\s).*|\/\*[\s\S]*?\*\/)|\b(\d[\d_.]*(?:e[+-]?\d+)?)\b|\b(and|as|async|await|break|case|class|const|continue|def|do|elif|else|enum|except|export|extends|false|False|finally|fn|for|from|func|function|go|if|impl|import|in|interface|is|lambda|let|match|mod|new|nil|None|not|null|or|package|pass|pub|raise|return|self|static|struct|super|switch|this|throw|true|True|try|type|use|var|void|while|with|yield)\b/g;
const CLASSES = ["string", "comment", "number", "keyword"];

/** The nodes of a piece of code; without a language, plain text. */
export function highlighted(code, language) {
  if (!language) return [code];
  const nodes = [];
  let position = 0;
  for (const found of code.matchAll(TOKEN)) {
    const kind = CLASSES[found.slice(1).findIndex((group) => group !== undefined)];
    nodes.push(code.slice(position, found.index), h("span", { class: `code-${kind}` }, found[0]));
    position = found.index + found[0].length;
  }
  return [...nodes, code.slice(position)];
}
