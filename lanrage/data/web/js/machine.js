/** What members reach on this computer, and the relays: two cards that are folded until somebody looks. */

import { h, put, theirs } from "./dom.js";
import { many, percent, ping } from "./format.js";
import { badge, errorBox, skeleton } from "./parts.js";
import { G } from "./words_guests.js";

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
  const body = h("div", { class: "folded" });
  const element = h("details", { class: "card", "data-test": test }, h("summary", null, h("h2", null, title)), body);
  let end = () => {};
  element.addEventListener("toggle", () => {
    end();
    put(body, element.open ? skeleton(3) : null);
    end = element.open ? watch((result) => put(body, view(result)), (error) => put(body, errorBox(error))) : () => {};
  });
  return { element, end: () => end() };
}

/**
 * A line with a verdict, and what stands behind it.
 * @param {any} name
 * @param {string} tone
 * @param {string} verdict
 * @param {any} more
 */
function line(name, tone, verdict, more) {
  return h("li", null, h("div", null, h("div", { class: "who-line" }, name, badge(TONES[tone] ?? "none", verdict)), h("div", { class: "quiet" }, more)));
}

/** @param {any} shown of `lan.exposure` */
function exposureView(shown) {
  const T = G.exposure;
  const rows = shown.services.map((/** @type {any} */ each) =>
    line([h("strong", null, each.program === "" ? T.nameless : theirs(each.program)), h("span", { class: "mono" }, `${each.port}/${each.proto}`)], each.reach, /** @type {any} */ (T.reaches)[each.reach] ?? each.reach, theirs(each.reason)),
  );
  const notes = [shown.understood ? "" : T.opaque, shown.refused > 0 ? many(shown.refused, T.refused) : "", shown.restored > 0 ? many(shown.restored, T.restored) : ""].filter(Boolean);
  const ports = shown.in_play.map((/** @type {any} */ each) => h("li", null, h("span", null, h("span", { class: "mono" }, each.ports), " ", theirs(each.reason))));
  return [
    shown.trouble === "" ? null : h("div", { class: "box bad" }, h("div", null, h("p", { class: "box-title" }, T.trouble), h("p", null, theirs(shown.trouble)))),
    h("p", { class: "quiet" }, T.lead),
    h("p", null, `${T.mode} `, h("code", null, shown.exposure), ". ", /** @type {any} */ (T.modes)[shown.exposure] ?? null),
    rows.length === 0 ? h("p", { class: "quiet" }, T.none) : h("ul", { class: "rows" }, rows),
    ports.length === 0 ? null : [h("h3", null, T.inPlay), h("ul", { class: "signs" }, ports)],
    notes.map((text) => h("p", { class: "quiet" }, `${text}.`)),
  ];
}

/** @param {any} shown of `relays` */
function relaysView(shown) {
  const T = G.relays;
  const places = new Map(shown.relays.map((/** @type {any} */ each) => [each.id, each]));
  const rows = shown.relays.map((/** @type {any} */ each) => {
    const measured = each.rtt_ms === null ? [] : [`${ping(each.rtt_ms)} ${T.far}`, `${percent(each.loss_pct)} ${T.lost}`];
    return line(h("strong", { class: "mono" }, theirs(each.address)), each.health, /** @type {any} */ (T.healths)[each.health] ?? each.health, [each.region === "" ? null : [theirs(each.region), " · "], [...measured, `${percent(each.load * 100)} ${T.load}`].join(" · ")]);
  });
  const chosen = shown.members.flatMap((/** @type {any} */ member) => {
    const picks = member.relays.filter((/** @type {any} */ each) => each.chosen);
    return picks.length === 0
      ? [line(h("strong", null, theirs(member.name)), "unknown", T.noChoice, null)]
      : picks.map((/** @type {any} */ each) => line(h("strong", null, theirs(member.name)), each.active ? "up" : "unknown", each.active ? T.inUse : T.ready, [h("span", { class: "mono" }, theirs(/** @type {any} */ (places.get(each.id))?.address ?? each.id)), " · ", theirs(each.reason)]));
  });
  return [
    h("p", { class: "quiet" }, T.lead),
    rows.length === 0 ? h("p", null, T.none) : h("ul", { class: "rows" }, rows),
    chosen.length === 0 ? null : [h("h3", null, T.choices), h("ul", { class: "rows" }, chosen)],
  ];
}
