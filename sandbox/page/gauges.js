// The budgets as the platforms count them: what is left of each, and what was refused.

import { h } from "./dom.js";

const NAMES = { slack: "Slack", discord: "Discord" };
const LINGERS = 20_000;

export class Gauges {
  constructor() {
    this.gauges = new Map();
    this.lists = Object.fromEntries(Object.keys(NAMES).map((space) => [space, h("ul", { class: "gauges", "aria-label": `${NAMES[space]}’s budgets` })]));
    this.none = h("p", { class: "none" }, "All budgets are full.");
    const group = (space) => h("div", { class: "gauge-group" }, h("h3", { class: space }, NAMES[space]), this.lists[space]);
    this.groups = Object.fromEntries(Object.keys(NAMES).map((space) => [space, group(space)]));
    this.element = h("section", { class: "budgets" }, h("h2", {}, "Budgets"), this.none, Object.values(this.groups));
  }

  begin({ gauges }) {
    for (const { element } of this.gauges.values()) element.remove();
    this.gauges.clear();
    for (const gauge of gauges) this.change(gauge);
    this.draw(performance.now());
  }

  change(gauge) {
    const key = `${gauge.space} ${gauge.id}`;
    const known = this.gauges.get(key);
    const element = known?.element ?? row(gauge);
    this.gauges.set(key, { ...gauge, element, at: performance.now() });
    if (!known) this.insert(gauge.space, element);
    this.draw(performance.now());
  }

  insert(space, element) {
    const list = this.lists[space];
    const later = [...list.children].find((one) => one.dataset.key > element.dataset.key);
    list.insertBefore(element, later ?? null);
  }

  /** Let them fill again; true while one does. Those that were full for a while are not shown. */
  draw(now) {
    let filling = false;
    const shown = { slack: 0, discord: 0 };
    for (const gauge of this.gauges.values()) {
      const seconds = (now - gauge.at) / 1000;
      const left = gauge.rate ? Math.min(gauge.of, gauge.left + seconds * gauge.rate) : seconds < gauge.resets ? gauge.left : gauge.of;
      const idle = left >= gauge.of && now - gauge.at > LINGERS && !gauge.refused;
      gauge.element.hidden = idle;
      if (idle) continue;
      fill(gauge, left);
      shown[gauge.space] += 1;
      filling ||= left < gauge.of || !gauge.refused;
    }
    for (const [space, group] of Object.entries(this.groups)) group.hidden = !shown[space];
    this.none.hidden = shown.slack + shown.discord > 0;
    return filling;
  }
}

function row({ call, place }) {
  return h(
    "li",
    { "data-key": `${call} ${place}` },
    h("span", { class: "gauge-name", title: `${call} ${place}`.trim() }, call.replace("assistant.", ""), place ? h("small", {}, ` ${place}`) : []),
    h("span", { class: "gauge-refused" }),
    h("span", { class: "gauge-bar", role: "meter", "aria-label": `${call} ${place}`.trim(), "aria-valuemin": "0" }, h("span", {})),
    h("span", { class: "gauge-left" }),
  );
}

function fill({ element, of, refused }, left) {
  const whole = Math.floor(left + 1e-6);
  const bar = element.querySelector(".gauge-bar");
  bar.style.setProperty("--left", of ? left / of : 0);
  bar.dataset.level = whole < 1 ? "empty" : left / of <= 0.5 ? "low" : "full";
  bar.setAttribute("aria-valuemax", String(of));
  bar.setAttribute("aria-valuenow", String(whole));
  element.querySelector(".gauge-left").textContent = of ? `${whole} of ${of}` : "";
  element.querySelector(".gauge-refused").textContent = refused ? `429 × ${refused}` : "";
}
