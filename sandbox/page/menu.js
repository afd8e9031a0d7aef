// The menu of a message: what the bot can do with it.

import { h } from "./dom.js";

/** Let the reader choose one of `entries` (`id`, `name`); empty when they choose none. */
export function choose(title, entries) {
  const buttons = entries.map(({ id, name }) => h("button", { type: "submit", value: id, class: "plain entry-of-menu" }, name));
  const cancel = h("button", { type: "submit", value: "", class: "plain" }, "Cancel");
  const form = h("form", { method: "dialog" }, h("p", {}, title), h("div", { class: "menu-of-message" }, buttons), h("div", { class: "answers" }, cancel));
  const dialog = h("dialog", { class: "ask", "aria-label": title }, form);
  document.body.append(dialog);
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve(dialog.returnValue);
    });
  });
}
