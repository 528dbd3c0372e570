/** Guests: devices with the stock WireGuard application that a member stands in for. */

import { follow, h, put, say, sign, theirs } from "./dom.js";
import { confirmFirst } from "./dialog.js";
import { farDate, lasting } from "./format.js";
import { guestDialog } from "./guest_dialog.js";
import { button } from "./parts.js";
import { toast } from "./toast.js";
import { G } from "./words_guests.js";

const T = G.guests;
/** WireGuard shakes hands each two minutes while a device is there: after so many seconds it is not. */
const PRESENT_S = 180;

/**
 * The card in the party's section: for those who may bring guests, and for all where there are some.
 * @param {import("./shell.js").Context} context
 */
export function guestsCard(context) {
  const { api, live } = context;
  const add = button(T.add, { kind: "small", icon: "plus", test: "guest-add" }, () => guestDialog(context));
  const trouble = h("div", null);
  const list = h("ul", { class: "rows" });
  const none = h("p", { class: "quiet" }, T.none);
  const element = h(
    "section",
    { class: "card", "aria-labelledby": "guests-title", "data-test": "guests", hidden: true },
    h("div", { class: "card-head" }, h("h2", { id: "guests-title" }, T.title), add),
    h("p", { class: "quiet" }, T.lead),
    trouble,
    list,
    none,
  );
  /** @type {any} */
  let shown = null;
  const update = () => {
    add.hidden = !live.governs;
    const guests = shown?.guests ?? [];
    element.hidden = shown === null || (!live.governs && guests.length === 0);
    none.hidden = guests.length > 0;
    follow(list, guests, (/** @type {any} */ each) => each.address, () => guestRow(context));
    tellTrouble(trouble, guests.some((/** @type {any} */ each) => each.served_here) ? shown.trouble : "");
  };
  const end = api.watch("party.guest_list", {}, (result) => {
    shown = result;
    update();
  });
  return { element, update, end };
}

/**
 * @param {HTMLElement} place
 * @param {string} text why this node does not serve its guests; empty where it does
 */
function tellTrouble(place, text) {
  if (place.dataset.trouble !== text) {
    place.dataset.trouble = text;
    put(place, text === "" ? null : h("div", { class: "box fair" }, sign("warn"), h("div", null, h("p", { class: "box-title" }, T.trouble), h("p", null, theirs(text)))));
  }
}

/** @param {import("./shell.js").Context} context */
function guestRow(context) {
  /** @type {any} */
  let guest = null;
  const name = h("strong", null);
  const state = h("span", { class: "badge" });
  const way = h("span", null);
  const under = h("span", null);
  const rests = h("p", { class: "quiet", hidden: true });
  const off = button(T.remove, { kind: "small danger", test: "guest-remove" }, () => removeGuest(context, guest));
  const element = h("li", { "data-test": "guest-row" }, h("div", null, h("div", { class: "who-line" }, name, state), h("div", { class: "quiet" }, way, under), rests), off);
  /** @param {any} next */
  const update = (next) => {
    if (guest?.name !== next.name || guest?.server !== next.server) {
      put(name, theirs(next.name));
      put(way, h("span", { class: "mono" }, next.address), ` · ${T.servedBy} `, theirs(next.server));
      off.setAttribute("aria-label", `${T.remove}: ${next.name}`);
    }
    guest = next;
    const here = guest.seen_s !== null && guest.seen_s < PRESENT_S;
    state.className = `badge ${here ? "good" : "none"}`;
    say(state, seen(guest, here));
    const over = guest.expires * 1000 <= Date.now();
    say(rests, guest.resting);
    rests.hidden = guest.resting === "";
    say(under, over ? ` · ${T.over}` : ` · ${T.until} ${farDate(guest.expires)}`);
    off.hidden = !context.live.governs && !guest.served_here;
  };
  return { element, update };
}

/**
 * @param {any} guest
 * @param {boolean} here
 */
function seen(guest, here) {
  if (!guest.served_here) {
    return T.elsewhere;
  }
  return guest.seen_s === null ? T.never : here ? T.present : `${T.seen} ${lasting(guest.seen_s)} ${T.ago}`;
}

/**
 * @param {import("./shell.js").Context} context
 * @param {any} guest
 */
function removeGuest(context, guest) {
  confirmFirst(h("span", null, `${T.remove}: `, theirs(guest.name)), [h("p", null, theirs(guest.name), ` ${T.removeWhy}`)], T.remove, async () => {
    const { pending } = await context.api.call("party.guest_remove", { name: guest.name, via: guest.server });
    if (pending === "") {
      toast("good", h("span", null, `${T.removed}: `, theirs(guest.name)));
    } else {
      toast("bad", h("span", null, theirs(guest.name), ": ", theirs(pending)));
    }
  });
}
