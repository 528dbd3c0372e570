/** An invitation that was taken elsewhere, in Discord say: nothing is joined by it until the user says so here. */

import { h, put, sign, theirs } from "./dom.js";
import { ApiError } from "./errors.js";
import { button } from "./parts.js";
import { wishJoin } from "./session.js";
import { G } from "./words_guests.js";

const T = G.offers;
/** Milliseconds between two looks. */
const BEAT = 4000;
/** Dismissed ones, by their parties, as long as the tab is open; the node forgets them by itself. */
const DISMISSED = "lanrage.dismissed";
/** What a process says that has no parties. */
const NONE_HERE = ["unknown_op", "bad_op"];

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
  /** @param {any} offer or nothing */
  const show = (offer) => {
    const key = offer === undefined ? "" : `${offer.party_id} ${live.id !== ""}`;
    if (key !== shown) {
      shown = key;
      put(element, offer === undefined ? null : banner(offer));
    }
  };
  /** @param {any} offer */
  function banner(offer) {
    const join = button(T.join, { kind: "primary small", test: "offer-join" }, () => {
      wishJoin(offer.link);
      dismiss(offer);
      toParty();
    });
    const off = button(T.dismiss, { kind: "small", test: "offer-dismiss" }, () => dismiss(offer));
    join.hidden = live.id !== "";
    return h("div", { class: "banner offer" }, sign("info"), h("div", null, h("p", { class: "box-title" }, `${T.title}, ${T.where} `, theirs(offer.server)), h("p", null, live.id === "" ? T.from : T.inside)), h("div", { class: "row" }, join, off));
  }
  /** @param {any} offer */
  function dismiss(offer) {
    sessionStorage.setItem(DISMISSED, [...dismissed(), offer.party_id].join(" "));
    show(undefined);
  }
  async function look() {
    if (asking || document.visibilityState !== "visible") {
      return;
    }
    asking = true;
    try {
      const { offers } = await api.call("party.offers", {});
      const gone = dismissed();
      show(offers.find((/** @type {any} */ each) => !gone.has(each.party_id) && each.party_id !== live.id));
    } catch (failure) {
      if (failure instanceof ApiError && NONE_HERE.includes(failure.code)) {
        clearInterval(timer);
      }
    } finally {
      asking = false;
    }
  }
  const timer = setInterval(look, BEAT);
  document.addEventListener("visibilitychange", look);
  look();
  return element;
}

function dismissed() {
  return new Set((sessionStorage.getItem(DISMISSED) ?? "").split(" ").filter(Boolean));
}
