/** Small parts that several sections use. */

import { h, put, say, sign, theirs } from "./dom.js";
import { asError, remedy, sentence } from "./errors.js";
import { toast } from "./toast.js";
import { W } from "./words.js";

/**
 * A button with a sign and words.
 * @param {string} text
 * @param {{kind?: string, icon?: any, test?: string, label?: string, type?: string}} [look]
 * @param {(event: Event) => void} [click]
 * @returns {HTMLButtonElement}
 */
export function button(text, look = {}, click = undefined) {
  return h(
    "button",
    {
      type: look.type ?? "button",
      class: `button ${look.kind ?? ""}`,
      "data-test": look.test,
      "aria-label": look.label,
      title: text === "" ? look.label : null,
      on: click === undefined ? {} : { click },
    },
    look.icon === undefined ? null : sign(look.icon),
    text === "" ? null : h("span", null, text),
  );
}

/**
 * While a promise is under way the button says so and takes no clicks; what fails is shown.
 * @template T
 * @param {HTMLButtonElement} element
 * @param {() => Promise<T>} work
 * @returns {Promise<T | undefined>} nothing where it failed
 */
export async function busy(element, work) {
  if (element.getAttribute("aria-busy") === "true") {
    return undefined;
  }
  element.setAttribute("aria-busy", "true");
  try {
    return await work();
  } catch (failure) {
    const error = asError(failure);
    if (error.code !== "cancelled") {
      toast("bad", sentence(error), remedy(error));
    }
    return undefined;
  } finally {
    element.removeAttribute("aria-busy");
  }
}

/**
 * A button that puts a text into the clipboard and says so in its own place.
 * @param {() => string} text
 * @param {string} label what is copied, for who does not see
 * @param {string} [words] beside the sign
 */
export function copyButton(text, label, words = W.copy) {
  const shown = h("span", null, words);
  const icon = h("span", { class: "swap" }, sign("copy"));
  const element = h(
    "button",
    { type: "button", class: "button small copy", "aria-label": `${words}: ${label}`, on: { click: () => copy() } },
    icon,
    shown,
  );
  let timer = 0;
  async function copy() {
    try {
      await navigator.clipboard.writeText(text());
    } catch {
      toast("bad", W.copyFailed);
      return;
    }
    element.classList.add("done");
    put(icon, sign("check"));
    say(shown, W.copied);
    announce(`${W.copied}: ${label}`);
    clearTimeout(timer);
    timer = setTimeout(() => {
      element.classList.remove("done");
      put(icon, sign("copy"));
      say(shown, words);
    }, 1800);
  }
  return element;
}

/**
 * Tell who does not see the page.
 * @param {string} text
 * @param {boolean} [urgent]
 */
export function announce(text, urgent = false) {
  const place = document.getElementById(urgent ? "alarmed" : "said");
  if (place !== null) {
    say(place, "");
    setTimeout(() => say(place, text), 60);
  }
}

/**
 * What stands where nothing is yet, and what to do about it.
 * @param {any} icon
 * @param {string} title
 * @param {string} text
 * @param {...any} actions
 */
export function empty(icon, title, text, ...actions) {
  return h("div", { class: "empty" }, h("div", { class: "empty-sign" }, sign(icon)), h("h3", null, title), h("p", null, text), ...actions);
}

/**
 * A box with an error: what happened, and what to do next.
 * @param {unknown} failure
 */
export function errorBox(failure) {
  const error = asError(failure);
  const next = remedy(error);
  return h(
    "div",
    { class: "box bad", role: "alert", "data-test": "error-box", "data-code": error.code },
    sign("warn"),
    h("div", null, h("p", { class: "box-title" }, theirs(sentence(error))), next ? h("p", null, next) : null),
  );
}

/**
 * A short word on a coloured ground.
 * @param {string} tone good, fair, bad, none or info
 * @param {...any} text
 */
export function badge(tone, ...text) {
  return h("span", { class: `badge ${tone}` }, ...text);
}

/** A line that stands in for what is loading; it keeps the place. */
export function skeleton(lines = 3) {
  return h("div", { class: "skeleton", "aria-hidden": "true" }, Array.from({ length: lines }, () => h("div", null)));
}

/**
 * Call at most once in so many milliseconds, with what came last.
 * @param {number} ms
 * @param {() => void} call
 */
export function calmly(ms, call) {
  let timer = 0;
  return () => {
    clearTimeout(timer);
    timer = setTimeout(call, ms);
  };
}
