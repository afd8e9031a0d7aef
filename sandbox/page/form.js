// The forms that the bot opens: a dialog over the page, drawn from one shape for both platforms.

import { h } from "./dom.js";

/** Show a form; `send(name, values)` sends it and gives what `act` gives. */
export function openForm(form, send) {
  const dialog = h("dialog", { class: "ask form", "aria-label": form.title });
  dialog.addEventListener("close", () => dialog.remove());
  draw(dialog, form, send);
  document.body.append(dialog);
  dialog.showModal();
}

function draw(dialog, form, send) {
  const fields = form.fields.map((field) => drawn(field, form.wrong[field.id]));
  const problem = h("p", { class: "wrong", role: "alert", hidden: true });
  const close = h("button", { type: "button", class: "plain", onclick: () => dialog.close() }, form.close);
  const save = form.save ? h("button", { type: "submit", class: "sure" }, form.save) : [];
  const submit = async (event) => {
    event.preventDefault();
    const values = Object.fromEntries(fields.map(({ id, read }) => [id, read()]));
    try {
      const told = await send(form.send, { ...form.about, values });
      if (told.form) draw(dialog, refilled(told.form, values), send);
      else dialog.close();
    } catch (error) {
      problem.textContent = error.message;
      problem.hidden = false;
    }
  };
  const words = form.words.map((text) => h("div", { class: "words-of-form" }, text));
  dialog.replaceChildren(h("form", { onsubmit: submit }, h("p", {}, form.title), words, fields.map((field) => field.element), problem, h("div", { class: "answers" }, close, save)));
  dialog.scrollTop = 0;
  dialog.querySelector("[aria-invalid]")?.focus();
}

/** A form that was wrong keeps what was written into it. */
function refilled(form, values) {
  if (!Object.keys(form.wrong).length) return form;
  return { ...form, fields: form.fields.map((field) => ({ ...field, value: values[field.id] ?? field.value })) };
}

function drawn(field, wrong) {
  const input = control(field);
  if (wrong) input.setAttribute("aria-invalid", "true");
  const notes = [wrong ? h("span", { class: "wrong" }, wrong) : [], field.hint ? h("span", { class: "hint-of-field" }, field.hint) : []];
  return { id: field.id, read: () => entered(input), element: h("label", { class: "field-of-form" }, h("span", {}, field.label), input, notes) };
}

function control(field) {
  if (field.kind !== "choice") {
    const input = h(field.kind === "long" ? "textarea" : "input", { name: field.id, placeholder: field.placeholder });
    input.value = field.value;
    return input;
  }
  const chosen = field.value.split(",");
  const none = field.many || field.options.some((one) => one.value === "-") ? [] : h("option", { value: "" }, field.placeholder);
  const options = field.options.map((one) => h("option", { value: one.value, selected: chosen.includes(one.value) }, one.words));
  return h("select", { name: field.id, multiple: field.many }, none, options);
}

function entered(input) {
  return input.multiple ? [...input.selectedOptions].map((one) => one.value).join(",") : input.value;
}
