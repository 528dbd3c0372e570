/** Dialogs: the browser's own, which keeps focus inside, closes with Esc and gives focus back. */

import { h, put, sign } from "./dom.js";
import { asError } from "./errors.js";
import { button, errorBox } from "./parts.js";
import { home } from "./toast.js";
import { W } from "./words.js";

let number = 0;

/**
 * @param {string | Node} title
 * @param {any[]} content
 * @param {{wide?: boolean, closed?: () => void}} [how]
 * @returns {{element: HTMLDialogElement, body: HTMLElement, foot: HTMLElement, close: () => void}}
 */
export function openDialog(title, content, how = {}) {
  number += 1;
  const name = `dialog-${number}`;
  const before = /** @type {HTMLElement | null} */ (document.activeElement);
  const body = h("div", { class: "dialog-body" }, content);
  const foot = h("div", { class: "dialog-foot" });
  const shut = h("button", { type: "button", class: "button bare", "aria-label": W.close, on: { click: () => element.close() } }, sign("cross"));
  const element = /** @type {HTMLDialogElement} */ (
    h(
      "dialog",
      { class: how.wide ? "wide" : "", "aria-labelledby": name },
      h("div", { class: "dialog-head" }, h("h2", { id: name }, title), shut),
      body,
      foot,
    )
  );
  element.addEventListener("close", () => {
    home();
    element.remove();
    how.closed?.();
    if (before !== null && before.isConnected) {
      before.focus();
    }
  });
  element.addEventListener("mousedown", (event) => event.target === element && !element.hasAttribute("data-firm") && element.close());
  document.body.append(element);
  element.showModal();
  return { element, body, foot, close: () => element.close() };
}

/**
 * Ask before something that cannot be taken back is done.
 * @param {string | Node} title
 * @param {any[]} why
 * @param {string} yes the button's word
 * @param {() => Promise<unknown>} work what is done; what it fails with is shown in the dialog
 */
export function confirmFirst(title, why, yes, work) {
  const trouble = h("div", null);
  const dialog = openDialog(title, [...why, trouble]);
  const go = button(yes, { kind: "danger", test: "confirm-go" }, async () => {
    go.setAttribute("aria-busy", "true");
    put(trouble);
    try {
      await work();
      dialog.close();
    } catch (failure) {
      put(trouble, errorBox(asError(failure)));
    } finally {
      go.removeAttribute("aria-busy");
    }
  });
  const stay = button(W.cancel, {}, () => dialog.close());
  dialog.foot.append(stay, go);
  stay.focus();
}
