// How far what readers see is behind what the model has sent, answer by answer.

import { h } from "./dom.js";

const SVG = "http://www.w3.org/2000/svg";
const [WIDTH, HEIGHT] = [320, 40];
const PAUSE = 0.3;
const [SHORTEST, FLATTEST, SAMPLES, MOST] = [8, 60, 300, 3];

export class LagPanel {
  constructor() {
    this.answers = new Map();
    this.list = h("ol", { class: "lags", "aria-label": "Answers, the newest first" });
    this.none = h("p", { class: "none" });
    this.element = h("section", { class: "lag" }, h("h2", {}, "Lag behind the model"), this.none, this.list);
  }

  begin({ lag, measured }) {
    this.none.textContent = measured ? "Mention @Parley: here is how far its message is behind the model." : "A real model answers: what it sends cannot be seen from here.";
    this.answers.clear();
    this.list.replaceChildren();
    for (const answer of lag) this.change(answer);
  }

  change(answer) {
    const known = this.answers.get(answer.id);
    const samples = [...(known?.samples ?? []), ...answer.samples].slice(-SAMPLES);
    const card = known?.card ?? new Card();
    this.answers.set(answer.id, { ...answer, samples, card, at: performance.now() });
    if (!known) this.list.prepend(card.element);
    while (this.list.children.length > MOST) this.forget();
    this.none.hidden = true;
    card.draw(this.answers.get(answer.id), performance.now());
  }

  forget() {
    const [oldest] = this.answers.keys();
    this.answers.get(oldest).card.element.remove();
    this.answers.delete(oldest);
  }

  /** Let time go on; true while it does for any answer. */
  draw(now) {
    const going = [...this.answers.values()].filter(isGoing);
    for (const answer of going) answer.card.draw(answer, now);
    return going.length > 0;
  }
}

const isGoing = ({ state, behind }) => state === "streaming" || (state === "sent" && behind > 0);

class Card {
  constructor() {
    this.from = h("span", { class: "from" });
    this.question = h("span", { class: "lag-question" });
    this.figure = h("span", { class: "lag-figure" });
    this.note = h("span", { class: "lag-note" });
    this.area = svg("path", { class: "area" });
    this.line = svg("path", { class: "line" });
    const graph = svg("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: "none", "aria-hidden": "true" }, this.area, this.line);
    this.element = h("li", {}, h("p", { class: "lag-head" }, this.from, this.question), graph, h("p", { class: "lag-foot" }, this.figure, this.note));
  }

  draw(answer, now) {
    const since = isGoing(answer) ? (now - answer.at) / 1000 : 0;
    this.element.dataset.state = answer.state;
    this.from.className = `from ${answer.space}`;
    this.from.textContent = { slack: "Slack", discord: "Discord" }[answer.space] ?? "…";
    this.question.textContent = this.question.title = answer.question;
    const late = answer.behind ? answer.late + since : 0;
    const most = Math.max(...answer.samples.map(([, behind]) => behind));
    this.figure.textContent = figure(answer, late);
    this.note.textContent = most ? `at most ${most}` : "";
    this.plot(answer.samples, since, Math.max(most, FLATTEST));
  }

  plot(samples, since, most) {
    const [last, behind] = samples.at(-1);
    const points = held([...samples, [last + since, behind]]);
    const [first] = points[0];
    const width = Math.max(SHORTEST, last + since - first);
    const x = (at) => (((at - first) / width) * WIDTH).toFixed(1);
    const y = (amount) => (HEIGHT - 1 - (amount / most) * (HEIGHT - 4)).toFixed(1);
    const path = points.map(([at, amount]) => `${x(at)},${y(amount)}`).join("L");
    this.line.setAttribute("d", `M${path}`);
    this.area.setAttribute("d", `M${x(first)},${HEIGHT}L${path}L${x(last + since)},${HEIGHT}Z`);
  }
}

/** Where nothing was told for a while, nothing has changed until the next point. */
function held(points) {
  const pause = ([at], before) => before && at - before[0] > PAUSE;
  return points.flatMap((point, index) => (pause(point, points[index - 1]) ? [[point[0], points[index - 1][1]], point] : [point]));
}

function figure({ state, behind, sent }, late) {
  const amount = `${behind} characters`;
  if (state === "again") return "the bot has asked again";
  if (state === "done") return `all ${sent} characters are shown`;
  if (state === "cut") return behind ? `broke off, ${amount} not shown` : "the stream broke off";
  return behind ? `${late.toFixed(1)} s, ${amount} behind` : "level with the model";
}

function svg(tag, attributes, ...children) {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}
