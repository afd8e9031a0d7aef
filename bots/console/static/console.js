// What moves on the operator's page: the look at now, and what a chart tells of its bars.

"use strict";

const PATIENCE = 8000; // milliseconds for one look
const LONGEST = 30000; // between two looks while the bot does not answer

for (const live of document.querySelectorAll("[data-live]")) keepUp(live);
for (const chart of document.querySelectorAll("[data-chart]")) tell(chart);

function keepUp(live) {
  const every = Number(live.dataset.every);
  const lost = document.querySelector(".lost");
  let failures = 0;
  let timer = 0;

  function later() {
    clearTimeout(timer);
    if (!document.hidden) timer = setTimeout(look, Math.min(LONGEST, every * 2 ** failures));
  }

  async function look() {
    try {
      const answer = await fetch(live.dataset.live, {
        headers: { Accept: "application/xhtml+xml" },
        signal: AbortSignal.timeout(PATIENCE),
      });
      if (answer.status === 401) return say("You are logged out, perhaps since the bot was started anew. ", "Log in");
      if (!answer.ok) throw new Error(`status ${answer.status}`);
      show(live, await answer.text());
      failures = 0;
      lost.hidden = true;
    } catch {
      failures = Math.min(failures + 1, 5);
      if (failures > 1) say("The bot does not answer. What is shown is old; it is tried again.");
    }
    later();
  }

  function say(words, link) {
    if (!lost.hidden && lost.dataset.words === words) return;
    lost.dataset.words = words;
    lost.textContent = words;
    if (link) {
      const a = document.createElement("a");
      a.href = location.href;
      a.textContent = link;
      lost.append(a);
    }
    lost.hidden = false;
  }

  document.addEventListener("visibilitychange", () => {
    clearTimeout(timer);
    if (!document.hidden) look();
  });
  later();
}

// Only what has changed is put in, so that what is read or focused stays where it is.
function show(live, html) {
  const fresh = new DOMParser().parseFromString(html, "text/html").body;
  const focused = document.activeElement?.id;
  const scrolled = new Map([...live.querySelectorAll(".scroll")].map((one) => [one.ariaLabel, one.scrollLeft]));
  if (live.children.length !== fresh.children.length) {
    live.replaceChildren(...fresh.children);
  } else {
    [...fresh.children].forEach((one, n) => {
      if (live.children[n].outerHTML !== one.outerHTML) live.children[n].replaceWith(one);
    });
  }
  for (const one of live.querySelectorAll(".scroll")) one.scrollLeft = scrolled.get(one.ariaLabel) ?? 0;
  if (focused && document.activeElement?.id !== focused) {
    document.getElementById(focused)?.focus({ preventScroll: true });
  }
}

function tell(chart) {
  const plot = chart.querySelector(".plot");
  const area = chart.querySelector(".area");
  const tip = chart.querySelector(".tip");
  const bars = [...chart.querySelectorAll(".bar")];
  let at = -1;

  function point(number) {
    bars[at]?.classList.remove("on");
    at = number;
    const bar = bars[at];
    tip.hidden = !bar;
    if (!bar) return;
    bar.classList.add("on");
    tip.replaceChildren(heading(bar), list(JSON.parse(bar.dataset.rows)));
    const ground = area.offsetLeft + (area.offsetWidth * (at + 0.5)) / bars.length;
    const right = ground + 16 + tip.offsetWidth < plot.offsetWidth;
    const left = right ? ground + 16 : Math.max(0, ground - 16 - tip.offsetWidth);
    tip.style.left = `${left}px`;
  }

  area.addEventListener("pointermove", (event) => {
    const box = area.getBoundingClientRect();
    const number = Math.floor(((event.clientX - box.left) / box.width) * bars.length);
    if (number !== at) point(Math.min(bars.length - 1, Math.max(0, number)));
  });
  area.addEventListener("pointerleave", () => point(-1));
  area.addEventListener("blur", () => point(-1));
  area.addEventListener("keydown", (event) => {
    const last = bars.length - 1;
    const to = {
      ArrowRight: Math.min(last, at + 1),
      ArrowLeft: at < 0 ? last : Math.max(0, at - 1),
      Home: 0,
      End: last,
      Escape: -1,
    }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    point(to);
  });
}

function heading(bar) {
  const p = document.createElement("p");
  for (const words of [bar.dataset.title, bar.dataset.total]) {
    p.append(Object.assign(document.createElement("span"), { textContent: words }));
  }
  return p;
}

function list(rows) {
  const ul = document.createElement("ul");
  for (const [name, amount, colour] of rows) {
    const li = document.createElement("li");
    const swatch = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    swatch.setAttribute("viewBox", "0 0 10 10");
    const rect = document.createElementNS("http://www.w3.org/2000/svg", "rect");
    for (const [key, value] of [["class", `c${colour}`], ["width", 10], ["height", 10], ["rx", 2]]) {
      rect.setAttribute(key, value);
    }
    swatch.append(rect);
    const named = Object.assign(document.createElement("span"), { className: "id", textContent: name });
    li.append(swatch, named, Object.assign(document.createElement("span"), { textContent: amount }));
    ul.append(li);
  }
  return ul;
}
