// Asks before something is done that cannot be undone.

import { h } from "./dom.js";

/** Whether the reader is sure; Escape and "Cancel" mean no. */
export function sure(question, about, verb) {
  const no = h("button", { type: "submit", value: "", class: "plain" }, "Cancel");
  const yes = h("button", { type: "submit", value: "yes", class: "sure" }, verb);
  const form = h("form", { method: "dialog" }, h("p", {}, question), h("blockquote", {}, about), h("div", { class: "answers" }, no, yes));
  const dialog = h("dialog", { class: "ask", "aria-label": question }, form);
  document.body.append(dialog);
  dialog.showModal();
  yes.focus();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve(dialog.returnValue === "yes");
    });
  });
}
