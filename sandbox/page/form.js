// What the bot wants chosen or filled in: the menu of a message, and forms.

import { h } from "./dom.js";

/** Let the reader choose one of `entries` (`id`, `name`); empty when they choose none. */
export function choose(title, entries) {
  const buttons = entries.map(({ id, name }) => h("button", { type: "submit", value: id, class: "plain entry-of-menu" }, name));
  const cancel = h("button", { type: "submit", value: "", class: "plain" }, "Cancel");
  const form = h("form", { method: "dialog" }, h("p", {}, title), h("div", { class: "menu-of-message" }, buttons), h("div", { class: "answers" }, cancel));
  const dialog = shown(form, title);
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve(dialog.returnValue);
    });
  });
}

/** Show a form until it is sent or closed; `send` gets its values, and may fail with a sentence. */
export function fillIn({ title, submit, fields }, send) {
  const inputs = fields.map(input);
  const complaint = h("p", { class: "complaint", role: "alert" });
  const cancel = h("button", { type: "button", class: "plain" }, "Cancel");
  const yes = h("button", { type: "submit", class: "sure go" }, submit || "Close");
  const form = h("form", {}, h("p", {}, title), inputs.map(({ row }) => row), complaint, h("div", { class: "answers" }, cancel, yes));
  const dialog = shown(form, title);
  cancel.addEventListener("click", () => dialog.close());
  dialog.addEventListener("close", () => dialog.remove());
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    yes.disabled = true;
    try {
      await send(Object.fromEntries(inputs.map(({ id, control }) => [id, control.value])));
      dialog.close();
    } catch (error) {
      complaint.textContent = error.message;
      yes.disabled = false;
    }
  });
}

function shown(form, label) {
  const dialog = h("dialog", { class: "ask", "aria-label": label }, form);
  document.body.append(dialog);
  dialog.showModal();
  return dialog;
}

function input(field) {
  const control = field.options.length ? select(field) : h(field.long ? "textarea" : "input", { maxLength: field.most, required: field.required });
  control.value = field.value;
  const row = h("label", { class: "field" }, field.label, control, field.hint ? h("small", {}, field.hint) : []);
  return { id: field.id, control, row };
}

function select(field) {
  return h("select", { required: field.required }, field.required ? [] : h("option", { value: "" }, ""), field.options.map(([value, name]) => h("option", { value }, name)));
}
