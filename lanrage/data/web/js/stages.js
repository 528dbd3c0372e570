/** How far something long has come: what was done, what is under way, what is still to come. */

import { h, say, sign } from "./dom.js";
import { announce, button } from "./parts.js";
import { W } from "./words.js";

/** The usual stages, by how the node's words begin; what is not listed gets a line of its own when it comes. */
export const CREATING = ["connecting to", "founding the party", "making the invitation", "bringing the LAN card up"];
export const JOINING = ["connecting to", "reading the invitation", "joining", "bringing the LAN card up"];

/** A list of stages with a clock and a way to stop. */
export class Stages {
  /**
   * @param {string} title
   * @param {string[]} expected
   */
  constructor(title, expected) {
    this.list = h("ol", { class: "stages" });
    this.clock = h("span", { class: "stage-clock", "aria-hidden": "true" }, "0.0 s");
    this.stop = button(W.joining.stop, { kind: "quiet small" });
    this.element = h(
      "div",
      { class: "stages-box", tabindex: "-1", role: "group", "aria-label": title, "data-test": "stages" },
      h("div", { class: "stages-head" }, h("h3", null, title), this.clock),
      this.list,
      h("div", { class: "row end" }, this.stop),
    );
    this.began = performance.now();
    this.timer = setInterval(() => this.tick(), 100);
    this.steps = expected.map((words) => this.add(words));
    this.at = -1;
  }

  /** @param {string} words */
  add(words) {
    const text = h("span", null, capital(words));
    const took = h("span", { class: "took" });
    const element = h("li", { "data-state": "ahead" }, h("span", { class: "stage-mark" }, sign("check")), text, took);
    this.list.append(element);
    return { words, text, took, element, since: 0 };
  }

  /**
   * The node says what it is at.
   * @param {string} text
   */
  reach(text) {
    let place = this.steps.findIndex((step, number) => number > this.at && text.startsWith(step.words));
    if (place < 0) {
      const step = this.add(text);
      place = this.at + 1;
      this.list.insertBefore(step.element, this.steps[place]?.element ?? null);
      this.steps.splice(place, 0, step);
    }
    this.settle(place);
    const step = this.steps[place];
    say(step.text, capital(text));
    step.element.dataset.state = "now";
    step.element.setAttribute("aria-current", "step");
    step.since = performance.now();
    this.at = place;
    announce(capital(text));
  }

  /** @param {number} place before which all is done */
  settle(place) {
    for (const step of this.steps.slice(Math.max(0, this.at), place)) {
      step.element.dataset.state = "done";
      step.element.removeAttribute("aria-current");
      if (step.since > 0) {
        say(step.took, `${((performance.now() - step.since) / 1000).toFixed(1)} s`);
      }
    }
  }

  done() {
    this.settle(this.steps.length);
  }

  tick() {
    say(this.clock, `${((performance.now() - this.began) / 1000).toFixed(1)} s`);
  }

  /** @param {() => void} call */
  onStop(call) {
    this.stop.addEventListener("click", call);
  }

  end() {
    clearInterval(this.timer);
    this.element.remove();
  }
}

/** @param {string} text */
function capital(text) {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
