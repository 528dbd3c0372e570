/** One setting of the form. */

import { h, mark, put, say } from "./dom.js";
import { busy, button } from "./parts.js";
import { S } from "./words_sections.js";

const T = S.settings;

/**
 * @param {any} first of `settings.list`
 * @param {() => void} changed
 * @param {(name: string) => Promise<void>} reset
 */
export function settingField(first, changed, reset) {
  let setting = first;
  const id = `setting-${first.name.replaceAll(".", "-")}`;
  const input = inputOf(first, id);
  const wrong = h("p", { class: "field-wrong", id: `${id}-wrong` });
  const origin = h("span", { class: "badge" });
  const above = h("p", { class: "note" });
  const back = button(T.reset, { kind: "small quiet", label: `${T.reset}: ${first.name}` }, () => busy(back, () => reset(first.name)));
  input.setAttribute("aria-describedby", `${id}-help ${id}-wrong`);
  const element = h(
    "div",
    { class: "setting", "data-test": "setting", "data-name": first.name },
    h("div", { class: "setting-words" }, h("label", { for: id }, titleOf(first.name)), h("p", { id: `${id}-help` }, first.help), h("p", { class: "field-hint" }, ruleOf(first), " · ", h("span", { class: "mono" }, first.name))),
    h("div", { class: "setting-input" }, input, wrong, above, h("div", { class: "row" }, origin, first.restart ? h("span", { class: "quiet" }, T.restart) : null, back)),
  );
  const value = () => input.value;
  const dirty = () => (setting.secret ? input.value !== "" : input.value !== setting.value);
  const refuse = (/** @type {string} */ text) => {
    put(wrong, text);
    mark(input, "aria-invalid", text === "" ? "false" : "true");
    if (text !== "") {
      input.focus();
    }
  };
  input.addEventListener("input", () => {
    refuse("");
    mark(element, "data-dirty", dirty());
    changed();
  });
  const discard = () => {
    input.value = setting.secret ? "" : setting.value;
    refuse("");
    mark(element, "data-dirty", false);
    changed();
  };
  const update = (/** @type {any} */ next) => {
    const kept = dirty();
    setting = next;
    if (!kept) {
      input.value = setting.secret ? "" : setting.value;
    }
    const forced = setting.origin === "command line" || setting.origin === "environment";
    say(origin, /** @type {any} */ (T.origins)[setting.origin] ?? setting.origin);
    origin.className = `badge ${setting.origin === "default" ? "none" : "info"}`;
    say(above, forced ? `${titleOf(setting.name)} ${T.above.replace("{origin}", setting.origin)}` : "");
    back.hidden = !setting.stored;
  };
  update(first);
  return { element, value, dirty, refuse, discard, update, setting: () => setting, words: `${first.name} ${first.help} ${first.option}`.toLowerCase() };
}

/**
 * @param {any} setting
 * @param {string} id
 */
function inputOf(setting, id) {
  if ((setting.choices ?? []).length > 0) {
    const input = h("select", { id }, setting.choices.map((/** @type {string} */ each) => h("option", { value: each }, each === "" ? T.empty : each)));
    input.value = setting.value;
    return input;
  }
  const numeric = /^a (?:whole )?number|^a port/u.test(setting.rule);
  const look = { id, type: setting.secret ? "password" : "text", inputmode: numeric ? "decimal" : null, placeholder: setting.secret ? T.secret : null, autocomplete: setting.secret ? "new-password" : "off", spellcheck: "false" };
  return h("input", { ...look, prop: { value: setting.secret ? "" : setting.value } });
}

/** @param {string} name */
function titleOf(name) {
  const words = name.split(".").slice(1).join(" ").replaceAll("_", " ") || name;
  return words.charAt(0).toUpperCase() + words.slice(1);
}

/** @param {any} setting */
function ruleOf(setting) {
  const usual = setting.default === "" ? T.empty : setting.default;
  const rule = (setting.choices ?? []).length > 0 ? "" : `${setting.rule.charAt(0).toUpperCase()}${setting.rule.slice(1)}. `;
  return `${rule}${T.default.charAt(0).toUpperCase()}${T.default.slice(1)}: ${usual}`;
}
