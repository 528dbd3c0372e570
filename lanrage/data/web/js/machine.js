/** What members reach on this computer, and the relays: two cards that are folded until somebody looks. */

import { h, put, theirs } from "./dom.js";
import { many, percent, ping } from "./format.js";
import { badge, errorBox, skeleton } from "./parts.js";
import { G } from "./words_guests.js";
import { W } from "./words.js";

/** @type {Record<string, string>} */
const TONES = { open: "good", kept: "none", blocked: "bad", unsure: "fair", up: "good", draining: "fair", overloaded: "fair", cooling: "fair", silent: "bad", unknown: "none" };

/**
 * @param {import("./shell.js").Context} context
 */
export function machineCards(context) {
  const { api } = context;
  const exposure = folded("exposure", G.exposure.title, (came, failed) => api.watch("lan.exposure", {}, came, failed), exposureView);
  const relays = folded("relays", G.relays.title, (came, failed) => api.watch("relays", {}, came, failed), relaysView);
  return {
    element: h("div", { class: "two" }, exposure.element, relays.element),
    end: () => {
      exposure.end();
      relays.end();
    },
  };
}

/**
 * A card that watches while it is open.
 * @param {string} test
 * @param {string} title
 * @param {(came: (result: any) => void, failed: (error: any) => void) => () => void} watch
 * @param {(result: any) => any[]} view
 */
function folded(test, title, watch, view) {
  const body = h("div", { class: "folded" }, skeleton(3));
  const element = h("details", { class: "card", "data-test": test }, h("summary", null, h("h2", null, title)), body);
  let end = () => {};
  element.addEventListener("toggle", () => {
    end();
    end = element.open ? watch((result) => put(body, view(result)), (error) => put(body, errorBox(error))) : () => {};
  });
  return { element, end: () => end() };
}

/**
 * @param {string} label
 * @param {string[]} heads
 * @param {any[]} rows
 */
function table(label, heads, rows) {
  return h("div", { class: "scroll", tabindex: "0", role: "group", "aria-label": label }, h("table", null, h("thead", null, h("tr", null, heads.map((text) => h("th", { scope: "col" }, text)))), h("tbody", null, rows)));
}

/** @param {any} shown of `lan.exposure` */
export function exposureView(shown) {
  const T = G.exposure;
  const rows = shown.services.map((/** @type {any} */ each) =>
    h("tr", null, h("th", { scope: "row" }, each.program === "" ? W.unknown : theirs(each.program)), h("td", { class: "mono number" }, `${each.port}/${each.proto}`), h("td", null, badge(TONES[each.reach] ?? "none", /** @type {any} */ (T.reaches)[each.reach] ?? each.reach)), h("td", { class: "quiet" }, theirs(each.reason))),
  );
  const notes = [shown.understood ? "" : T.opaque, shown.refused > 0 ? many(shown.refused, T.refused) : "", shown.restored > 0 ? many(shown.restored, T.restored) : ""].filter(Boolean);
  return [
    shown.trouble === "" ? null : h("div", { class: "box bad" }, h("div", null, h("p", { class: "box-title" }, T.trouble), h("p", null, theirs(shown.trouble)))),
    h("p", { class: "quiet" }, T.lead),
    h("p", null, `${T.mode} `, h("code", null, shown.exposure), " ", /** @type {any} */ (T.modes)[shown.exposure] ?? null),
    rows.length === 0 ? h("p", { class: "quiet" }, T.none) : table(T.title, [T.program, T.port, T.reach, T.why], rows),
    shown.in_play.length === 0 ? null : [h("h3", null, T.inPlay), h("ul", { class: "signs" }, shown.in_play.map((/** @type {any} */ each) => h("li", null, h("span", { class: "mono" }, each.ports), " ", theirs(each.reason))))],
    notes.map((text) => h("p", { class: "quiet" }, text)),
  ];
}

/** @param {any} shown of `relays` */
export function relaysView(shown) {
  const T = G.relays;
  const places = new Map(shown.relays.map((/** @type {any} */ each) => [each.id, each]));
  const rows = shown.relays.map((/** @type {any} */ each) =>
    h("tr", null, h("th", { scope: "row", class: "mono" }, theirs(each.address)), h("td", null, each.region === "" ? W.unknown : theirs(each.region)), h("td", null, badge(TONES[each.health] ?? "none", /** @type {any} */ (T.healths)[each.health] ?? each.health)), h("td", { class: "number" }, ping(each.rtt_ms)), h("td", { class: "number" }, each.rtt_ms === null ? W.unknown : percent(each.loss_pct)), h("td", { class: "number" }, percent(each.load * 100))),
  );
  const chosen = shown.members.map((/** @type {any} */ member) => {
    const picks = member.relays.filter((/** @type {any} */ each) => each.chosen);
    return h("li", null, h("strong", null, theirs(member.name)), " ", picks.length === 0 ? T.noChoice : picks.map((/** @type {any} */ each) => [h("span", { class: "mono" }, theirs(/** @type {any} */ (places.get(each.id))?.address ?? each.id)), " ", badge(each.active ? "good" : "none", each.active ? T.inUse : T.ready), " ", h("span", { class: "quiet" }, theirs(each.reason))]));
  });
  return [
    h("p", { class: "quiet" }, T.lead),
    rows.length === 0 ? h("p", null, T.none) : table(T.title, [T.relay, T.region, T.state, W.party.ping, W.member.loss, T.load], rows),
    chosen.length === 0 ? null : [h("h3", null, T.choices), h("ul", { class: "signs" }, chosen)],
  ];
}
