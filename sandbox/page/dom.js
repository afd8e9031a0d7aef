// Elements made by hand. Whatever people or models wrote only ever becomes text.

/** An element with properties (`class`, `on…` listeners, attributes) and children. */
export function h(tag, properties, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties ?? {})) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name === "class") element.className = value;
    else if (name in element && typeof value !== "string") element[name] = value;
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined));
  return element;
}

/** Children that are made anew only when what they show, `state`, has changed. */
export function redrawn(element, state, ...children) {
  if (element.dataset.state === state) return;
  element.dataset.state = state;
  element.replaceChildren(...children);
}

/** A link that opens elsewhere, if its address is one that a browser may follow. */
export function link(address, ...children) {
  const safe = /^(https?:\/\/|mailto:)/i.test(address);
  if (!safe) return h("span", {}, ...children);
  return h("a", { href: address, target: "_blank", rel: "noopener noreferrer" }, ...children);
}

/** The time of day at which something was written. */
export function timeOf(milliseconds) {
  return new Intl.DateTimeFormat(undefined, { hour: "numeric", minute: "2-digit" }).format(milliseconds);
}

/** A picture for somebody: the bot's own, or a letter on the person's colour. */
export function avatar(person) {
  if (person?.bot) return h("img", { class: "avatar", src: "icon.svg", alt: "" });
  const letter = h("span", { class: "avatar", "aria-hidden": "true" }, (person?.name ?? "?")[0]);
  letter.style.setProperty("--colour", person?.colour ?? "#888");
  return letter;
}
