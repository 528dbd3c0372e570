/** Fields with a label, a hint and a place for what is wrong with them. */

import { h, put } from "./dom.js";
import { sentence } from "./errors.js";

let number = 0;

/**
 * @typedef {{element: HTMLElement, input: any, value: () => string, refuse: (text: string) => void, show: (shown: boolean) => void}} Field
 */

/**
 * @param {string} label
 * @param {{hint?: string, test?: string, value?: string, type?: string, required?: boolean, limit?: number,
 *   choices?: [string, string][], lines?: number, spell?: boolean, complete?: string, placeholder?: string}} [how]
 * @returns {Field}
 */
export function field(label, how = {}) {
  number += 1;
  const name = `field-${number}`;
  const input = makeInput(name, how);
  const wrong = h("p", { class: "field-wrong", id: `${name}-wrong` });
  const hint = how.hint ? h("p", { class: "field-hint", id: `${name}-hint` }, how.hint) : null;
  const element = h("div", { class: "field" }, h("label", { for: name }, label), input, hint, wrong);
  const described = hint === null ? `${name}-wrong` : `${name}-hint ${name}-wrong`;
  input.setAttribute("aria-describedby", described);
  const refuse = (/** @type {string} */ text) => {
    put(wrong, text);
    input.toggleAttribute("data-wrong", text !== "");
    input.setAttribute("aria-invalid", text === "" ? "false" : "true");
  };
  input.addEventListener("input", () => refuse(""));
  return { element, input, value: () => input.value.trim(), refuse, show: (shown) => element.toggleAttribute("hidden", !shown) };
}

/**
 * @param {string} name
 * @param {any} how
 */
function makeInput(name, how) {
  const shared = { id: name, "data-test": how.test, required: how.required, maxlength: how.limit };
  if (how.choices !== undefined) {
    const input = h("select", shared, how.choices.map(([value, text]) => h("option", { value }, text)));
    input.value = how.value ?? "";
    return input;
  }
  const more = { placeholder: how.placeholder, autocomplete: how.complete ?? "off", autocapitalize: "off", spellcheck: how.spell ? "true" : "false" };
  if (how.lines !== undefined) {
    return h("textarea", { ...shared, ...more, rows: how.lines, prop: { value: how.value ?? "" } });
  }
  return h("input", { ...shared, ...more, type: how.type ?? "text", prop: { value: how.value ?? "" } });
}

/**
 * A box to tick, or a switch.
 * @param {string} label
 * @param {{checked?: boolean, test?: string, kind?: string}} [how]
 * @param {(checked: boolean) => void} [changed]
 */
export function tick(label, how = {}, changed = () => {}) {
  const input = h("input", { type: "checkbox", "data-test": how.test, prop: { checked: how.checked ?? false } });
  input.addEventListener("change", () => changed(input.checked));
  return { element: h("label", { class: how.kind ?? "tick" }, input, h("span", null, label)), input };
}

/**
 * One of few: buttons side by side, of which one is chosen.
 * @param {string} label
 * @param {[string, string][]} choices
 * @param {string} chosen
 * @param {(value: string) => void} changed
 */
export function segments(label, choices, chosen, changed) {
  number += 1;
  const name = `segments-${number}`;
  const inputs = choices.map(([value, text]) => {
    const input = h("input", { type: "radio", name, value, prop: { checked: value === chosen } });
    input.addEventListener("change", () => input.checked && changed(value));
    return h("label", null, input, h("span", null, text));
  });
  return h("fieldset", { class: "segments" }, h("legend", { class: "unseen" }, label), inputs);
}

/**
 * Where a refusal belongs: beside the field that it names, if it is one of these.
 * @param {Record<string, Field>} fields
 * @param {import("./errors.js").ApiError} error
 * @returns {boolean} a field shows it
 */
export function blame(fields, error) {
  const found = fields[error.field];
  if (found === undefined) {
    return false;
  }
  found.show(true);
  const folded = found.element.closest("details");
  if (folded !== null) {
    folded.open = true;
  }
  found.refuse(sentence(error));
  found.input.focus();
  return true;
}
