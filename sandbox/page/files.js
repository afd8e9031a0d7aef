// The files that are about to be sent with a message.

import { h } from "./dom.js";

const MOST = 30_000_000;

/** A button to choose files, and the list of those that were chosen; they can be dropped or pasted, too. */
export class Picked {
  constructor(changed) {
    this.changed = changed;
    this.files = [];
    this.input = h("input", { type: "file", multiple: true, hidden: true, onchange: () => this.choose() });
    this.button = h("button", { type: "button", class: "attach", title: "Attach files", "aria-label": "Attach files", onclick: () => this.input.click() }, "📎");
    this.list = h("ul", { class: "picked", "aria-label": "Files to send", hidden: true });
  }

  /** Let files be dropped on an element, and pasted into it. */
  listen(element) {
    element.addEventListener("dragover", (event) => event.preventDefault());
    element.addEventListener("drop", (event) => this.given(event, event.dataTransfer));
    element.addEventListener("paste", (event) => this.given(event, event.clipboardData));
  }

  given(event, { files }) {
    if (!files.length) return;
    event.preventDefault();
    this.set([...this.files, ...files]);
  }

  choose() {
    this.set([...this.files, ...this.input.files]);
    this.input.value = "";
  }

  set(files) {
    this.files = files;
    this.list.hidden = files.length === 0;
    this.list.replaceChildren(...files.map((file, at) => this.entry(file, at)));
    this.changed();
  }

  entry(file, at) {
    const without = () => this.set(this.files.filter((_, place) => place !== at));
    return h("li", {}, `📎 ${file.name} `, h("button", { type: "button", class: "plain", "aria-label": `Remove ${file.name}`, onclick: without }, "×"));
  }

  /** What the sandbox is told of them. */
  async contents() {
    if (this.files.reduce((sum, file) => sum + file.size, 0) > MOST) throw new Error("The sandbox takes files of up to 30 MB together.");
    return Promise.all(this.files.map(async (file) => ({ name: file.name, type: file.type, data: await base64(file) })));
  }
}

function base64(file) {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(reader.result.slice(reader.result.indexOf(",") + 1));
    reader.onerror = () => reject(new Error(`${file.name} cannot be read.`));
    reader.readAsDataURL(file);
  });
}
