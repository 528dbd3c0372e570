/** Who is told of what happens in the party, and how that goes. */

import { follow, h, put, say, theirs } from "./dom.js";
import { many } from "./format.js";
import { badge, busy, button, errorBox, skeleton } from "./parts.js";
import { toast } from "./toast.js";
import { S } from "./words_sections.js";

const T = S.notify;
/** @type {Record<string, string>} */
const TONES = { idle: "good", gathering: "info", sending: "info", waiting: "fair", refused: "bad" };

/**
 * @param {import("./shell.js").Context} context
 */
export function notifyCard(context) {
  const { api } = context;
  /** @type {Map<number, string[]>} events by target */
  const events = new Map();
  const list = h("ul", { class: "rows" });
  const nothing = h("div", null, skeleton(2));
  const said = h("ul", { class: "signs", role: "status" });
  const all = button(T.testAll, { kind: "small", test: "notify-test" }, () => busy(all, () => test(0)));
  const element = h("section", { class: "card", "aria-labelledby": "notify-title", "data-test": "notify" }, h("div", { class: "card-head" }, h("div", null, h("h2", { id: "notify-title" }, T.title), h("p", { class: "quiet" }, T.lead)), all), list, nothing, said);
  all.hidden = true;
  /** @param {number} target 0: all */
  async function test(target) {
    put(said);
    const tested = (await api.call("notify.test", { target })).targets;
    put(said, tested.map((/** @type {any} */ each) => h("li", { "data-test": "notify-said" }, badge(each.taken ? "good" : "bad", each.taken ? T.taken : T.refusedTest), " ", h("span", null, `${nameOf(each)} `, each.trouble === "" ? null : theirs(each.trouble)))));
    if (tested.every((/** @type {any} */ each) => each.taken)) {
      toast("good", T.tested);
    }
  }
  /** @param {any} states */
  async function came(states) {
    const numbers = states.targets.map((/** @type {any} */ each) => each.number);
    if (numbers.some((/** @type {number} */ each) => !events.has(each)) || events.size !== numbers.length) {
      events.clear();
      for (const target of (await api.call("notify.list", {})).targets) {
        events.set(target.number, target.events);
      }
    }
    follow(list, states.targets, (/** @type {any} */ each) => `${each.number} ${each.kind} ${each.host} ${events.get(each.number)}`, () => targetRow(test, events));
    all.hidden = states.targets.length === 0;
    put(nothing, states.targets.length > 0 ? null : [h("p", null, T.none), h("p", { class: "quiet" }, T.noneWhy)]);
  }
  const end = api.watch("notify.status", {}, (states) => came(states).catch((failure) => put(nothing, errorBox(failure))), (error) => put(nothing, errorBox(error)));
  return { element, end };
}

/** @param {any} target */
function nameOf(target) {
  return `${/** @type {any} */ (T.kinds)[target.kind] ?? target.kind} · ${target.host}`;
}

/**
 * @param {(target: number) => Promise<void>} test
 * @param {Map<number, string[]>} events
 */
function targetRow(test, events) {
  let number = 0;
  const name = h("strong", null);
  const state = h("span", { class: "badge" });
  const told = h("p", { class: "quiet" });
  const counts = h("p", { class: "quiet" });
  const trouble = h("p", { "data-tone": "bad" });
  const go = button(T.test, { kind: "small" }, () => busy(go, () => test(number)));
  const element = h("li", { "data-test": "notify-row" }, h("div", null, h("div", { class: "who-line" }, name, state), told, counts, trouble), go);
  /** @param {any} target */
  const update = (target) => {
    number = target.number;
    say(name, nameOf(target));
    go.setAttribute("aria-label", `${T.test}: ${nameOf(target)}`);
    say(state, /** @type {any} */ (T.states)[target.state] ?? target.state);
    state.className = `badge ${TONES[target.state] ?? "none"}`;
    say(told, `${T.events} ${(events.get(target.number) ?? []).map((each) => /** @type {any} */ (T.names)[each] ?? each).join(", ")}`);
    say(counts, [`${target.posts} ${T.sent}`, target.waiting > 0 ? `${target.waiting} ${T.waiting}` : "", target.failures > 0 ? many(target.failures, T.failed) : "", target.dropped > 0 ? `${target.dropped} ${T.dropped}` : ""].filter(Boolean).join(" · "));
    say(trouble, target.trouble);
  };
  return { element, update };
}
