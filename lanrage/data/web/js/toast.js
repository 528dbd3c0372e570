/** Notes at the edge that go by themselves; each is read out once, and stays while it is looked at. */

import { h, sign, theirs } from "./dom.js";
import { W } from "./words.js";

const STAYS = 6000;
const STAYS_BAD = 12000;
const AT_ONCE = 4;

/** @type {HTMLElement | null} */
let place = null;

function tray() {
  if (place === null) {
    place = h("div", { class: "toasts", role: "region", "aria-label": "Notes", "aria-live": "polite" });
  }
  home();
  return /** @type {HTMLElement} */ (place);
}

/** Behind an open dialog nobody could read the notes: they stand in it. */
export function home() {
  const open = [...document.querySelectorAll("dialog[open]")].pop() ?? document.body;
  if (place !== null && place.parentElement !== open) {
    open.append(place);
  }
}

/**
 * @param {"good" | "bad" | "info"} kind
 * @param {string | Node} text
 * @param {string} [more] what to do next
 */
export function toast(kind, text, more = "") {
  const icon = kind === "bad" ? "warn" : kind === "good" ? "check" : "info";
  const close = h("button", { type: "button", class: "toast-close", "aria-label": W.dismiss, on: { click: () => away() } }, sign("cross"));
  const note = h(
    "div",
    { class: `toast ${kind}`, "data-test": kind === "bad" ? "error-box" : null },
    sign(icon),
    h("div", null, h("p", null, text instanceof Node ? text : theirs(text)), more ? h("p", { class: "more" }, more) : null),
    close,
  );
  const trayed = tray();
  let timer = 0;
  const away = () => {
    clearTimeout(timer);
    note.remove();
  };
  const wait = () => {
    clearTimeout(timer);
    timer = setTimeout(away, kind === "bad" ? STAYS_BAD : STAYS);
  };
  note.addEventListener("pointerenter", () => clearTimeout(timer));
  note.addEventListener("pointerleave", wait);
  note.addEventListener("focusin", () => clearTimeout(timer));
  note.addEventListener("focusout", wait);
  trayed.append(note);
  while (trayed.children.length > AT_ONCE) {
    trayed.firstElementChild?.remove();
  }
  wait();
}
