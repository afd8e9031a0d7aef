// Slack's blocks, as Slack shows them.

import { h, link } from "./dom.js";
import { emoji } from "./emoji.js";
import { mrkdwn } from "./mrkdwn.js";

const STYLES = { bold: "strong", italic: "em", strike: "s", code: "code" };

/** Elements for a message's blocks; `press(action, value)` is what a button does. */
export function blocks(list, space, press) {
  const show = new Shown(space, press);
  return list.map((block) => show[block.type]?.(block) ?? unknown(block));
}

function unknown(block) {
  return h("p", { class: "unknown" }, `(a block of type ${block.type})`);
}

class Shown {
  constructor(space, press) {
    this.space = space;
    this.press = press;
  }

  rich_text(block) {
    return h("div", { class: "rich" }, block.elements.map((element) => this.part(element)));
  }

  section(block) {
    const fields = (block.fields ?? []).map((field) => h("div", { class: "field" }, this.text(field)));
    return h(
      "div",
      { class: "section" },
      h("div", { class: "words-of-section" }, block.text ? this.text(block.text) : [], fields.length ? h("div", { class: "fields" }, fields) : []),
      block.accessory ? this.element(block.accessory) : [],
    );
  }

  context(block) {
    return h("div", { class: "context" }, block.elements.map((element) => (element.type === "image" ? this.image(element) : h("span", {}, this.text(element)))));
  }

  header(block) {
    return h("h3", { class: "header-block" }, block.text.text);
  }

  divider() {
    return h("hr");
  }

  markdown(block) {
    return h("div", { class: "rich" }, block.text);
  }

  image(block) {
    return h("span", { class: "picture" }, `🖼 ${block.alt_text ?? "picture"}`);
  }

  actions(block) {
    return h("div", { class: "actions" }, block.elements.map((element) => this.element(element)));
  }

  context_actions(block) {
    return this.actions(block);
  }

  table(block) {
    const align = (at) => block.column_settings?.[at]?.align ?? "left";
    const row = (cells, tag) => h("tr", {}, cells.map((cell, at) => h(tag, { class: `to-${align(at)}` }, this.cell(cell))));
    const [head, ...rest] = block.rows;
    return h("div", { class: "table" }, h("table", {}, h("thead", {}, row(head, "th")), h("tbody", {}, rest.map((cells) => row(cells, "td")))));
  }

  cell(cell) {
    if (cell.type === "raw_text") return cell.text;
    return (cell.elements ?? []).flatMap((section) => this.run(section.elements));
  }

  text(object) {
    return object.type === "mrkdwn" ? mrkdwn(object.text, this.space) : [object.text];
  }

  part(element) {
    switch (element.type) {
      case "rich_text_list":
        return this.list(element);
      case "rich_text_preformatted":
        return h("pre", {}, h("code", {}, this.run(element.elements)));
      case "rich_text_quote":
        return h("blockquote", {}, this.run(element.elements));
      default:
        return h("div", { class: "paragraph" }, this.run(element.elements));
    }
  }

  list(element) {
    const ordered = element.style === "ordered";
    const items = element.elements.map((item) => h("li", {}, this.run(item.elements)));
    const start = ordered ? String((element.offset ?? 0) + 1) : undefined;
    return h(ordered ? "ol" : "ul", { class: `indent-${Math.min(element.indent ?? 0, 8)}`, start }, items);
  }

  run(elements) {
    return elements.map((element) => this.styled(element, this.inline(element)));
  }

  inline(element) {
    switch (element.type) {
      case "link":
        return link(element.url, element.text ?? element.url);
      case "user":
        return h("span", { class: "mention" }, `@${this.space.people.get(element.user_id)?.name ?? element.user_id}`);
      case "channel":
        return h("span", { class: "mention" }, `#${this.space.channels.get(element.channel_id)?.name ?? element.channel_id}`);
      case "usergroup":
        return h("span", { class: "mention" }, "@group");
      case "broadcast":
        return h("span", { class: "mention loud" }, `@${element.range}`);
      case "emoji":
        return emoji(element.name);
      default:
        return element.text ?? "";
    }
  }

  styled(element, node) {
    return Object.entries(STYLES).reduce((inner, [style, tag]) => (element.style?.[style] ? h(tag, {}, inner) : inner), node);
  }

  element(element) {
    const act = (value) => this.press(element.action_id, value);
    switch (element.type) {
      case "button":
        return element.url
          ? link(element.url, h("span", { class: "button" }, element.text.text))
          : h("button", { type: "button", class: `button ${element.style ?? ""}`, onclick: () => act("") }, element.text.text);
      case "icon_button":
        return h("button", { type: "button", class: "button", onclick: () => act("") }, element.text.text);
      case "feedback_buttons":
        return ["positive_button", "negative_button"].map((name) =>
          h("button", { type: "button", class: "button", onclick: () => act(element[name].value) }, element[name].text.text),
        );
      case "static_select":
      case "overflow":
      case "radio_buttons":
        return this.choice(element, act);
      case "image":
        return this.image(element);
      default:
        return h("span", { class: "unknown" }, `(an element of type ${element.type})`);
    }
  }

  choice(element, act) {
    const placeholder = element.placeholder?.text ?? "Choose …";
    const options = (element.options ?? []).map((option) => h("option", { value: option.value }, option.text.text));
    const chosen = element.initial_option?.value ?? "";
    const menu = h("select", { "aria-label": placeholder, onchange: () => act(menu.value) }, h("option", { value: "", disabled: true }, placeholder), options);
    menu.value = chosen;
    return menu;
  }
}
