// What is behind both platforms: faults to press, the lag behind the model, the budgets.

import { FaultsPanel } from "./faults.js";
import { Gauges } from "./gauges.js";
import { keep, kept } from "./keep.js";
import { LagPanel } from "./lag.js";

const STEP = 250;

/** The panel beside the platforms; the figures in it go on between two pieces of news. */
export class Backstage {
  constructor(element, button) {
    this.element = element;
    this.button = button;
    this.faults = new FaultsPanel();
    this.lag = new LagPanel();
    this.gauges = new Gauges();
    this.timer = 0;
    element.append(this.faults.element, this.lag.element, this.gauges.element);
    button.addEventListener("click", () => this.show(element.hidden));
    this.show(Boolean(kept("backstage").shown));
  }

  show(shown) {
    this.element.hidden = !shown;
    this.button.setAttribute("aria-expanded", String(shown));
    document.body.classList.toggle("has-backstage", shown);
    keep("backstage", { shown });
    this.tick();
  }

  begin(all) {
    this.faults.begin(all);
    this.lag.begin(all);
    this.gauges.begin(all);
    this.tick();
  }

  hears(news) {
    return ["faults", "lag", "gauge"].includes(news.kind);
  }

  change(news) {
    if (news.kind === "faults") this.faults.change(news.faults);
    else if (news.kind === "lag") this.lag.change(news.answer);
    else this.gauges.change(news);
    if (!this.timer) this.tick();
  }

  tellBot(state) {
    this.faults.tellBot(state);
  }

  /** Draw, and again soon while time alone changes what there is to see. */
  tick() {
    clearTimeout(this.timer);
    this.timer = 0;
    if (this.element.hidden) return;
    const parts = [this.faults, this.lag, this.gauges];
    if (parts.map((part) => part.draw(performance.now())).some(Boolean)) this.timer = setTimeout(() => this.tick(), STEP);
  }
}
