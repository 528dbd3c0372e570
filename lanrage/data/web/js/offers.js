/** An invitation that was taken elsewhere, in Discord say: nothing is joined by it until the user says so here. */

import { h, put, sign, theirs } from "./dom.js";
import { ApiError } from "./errors.js";
import { button } from "./parts.js";
import { wishJoin } from "./session.js";
import { G } from "./words_guests.js";

const T = G.offers;
/** Milliseconds between two looks. */
const BEAT = 4000;
/** Dismissed ones, as long as the tab is open; the node forgets them by itself. */
const DISMISSED = "lanrage.dismissed";
/** One that ends so many seconds later than the dismissed one of its party was taken anew. */
const SAME = 3;

/**
 * @param {import("./api.js").Api} api
 * @param {import("./live.js").Live} live
 * @param {() => void} toParty
 * @returns {HTMLElement}
 */
export function offersBanner(api, live, toParty) {
  const element = h("div", { role: "status", "data-test": "offers" });
  let shown = "";
  let asking = false;
  /** @type {any} */
  let waiting;
  const show = () => {
    const key = waiting === undefined ? "" : `${waiting.link} ${live.id !== ""}`;
    if (key !== shown) {
      shown = key;
      put(element, waiting === undefined ? null : banner(waiting));
    }
  };
  /** @param {any} offer */
  function banner(offer) {
    const join = button(T.join, { kind: "primary small", test: "offer-join" }, () => {
      wishJoin(offer.link);
      dismiss();
      toParty();
    });
    const off = button(T.dismiss, { kind: "small", test: "offer-dismiss" }, dismiss);
    join.hidden = live.id !== "";
    return h("div", { class: "banner offer" }, sign("info"), h("div", null, h("p", { class: "box-title" }, `${T.title}, ${T.where} `, theirs(offer.server)), h("p", null, live.id === "" ? T.from : T.inside)), h("div", { class: "row" }, join, off));
  }
  function dismiss() {
    if (waiting !== undefined) {
      sessionStorage.setItem(DISMISSED, JSON.stringify({ ...dismissed(), [waiting.party_id]: waiting.ends }));
    }
    waiting = undefined;
    show();
  }
  async function look() {
    if (asking || document.visibilityState !== "visible") {
      return;
    }
    asking = true;
    try {
      const { offers } = await api.call("party.offers", {});
      const gone = dismissed();
      waiting = offers
        .map((/** @type {any} */ each) => ({ ...each, ends: Date.now() / 1000 + each.lasts_s }))
        .find((/** @type {any} */ each) => each.party_id !== live.id && !(each.ends < gone[each.party_id] + SAME));
      show();
    } catch (failure) {
      if (failure instanceof ApiError && failure.field === "op") {
        // A process that has no parties.
        clearInterval(timer);
      }
    } finally {
      asking = false;
    }
  }
  const timer = setInterval(look, BEAT);
  document.addEventListener("visibilitychange", look);
  live.on(show);
  look();
  return element;
}

/** @returns {Record<string, number>} when those that were dismissed end, by their parties */
function dismissed() {
  return JSON.parse(sessionStorage.getItem(DISMISSED) ?? "{}");
}
