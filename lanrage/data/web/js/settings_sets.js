/** Sets of settings, between which one switches. */

import { h, put, theirs } from "./dom.js";
import { field } from "./forms.js";
import { badge, busy, button, errorBox } from "./parts.js";
import { S } from "./words_sections.js";

const T = S.settings;

/**
 * @param {import("./shell.js").Context} context
 * @param {() => void} changed
 */
export function setsCard(context, changed) {
  const { api } = context;
  const list = h("ul", { class: "rows" });
  const name = field(T.saveAsName, { limit: 64, test: "set-name" });
  const go = button(T.saveAs, { kind: "small", type: "submit" });
  const form = h("form", { class: "row fields" }, name.element, go);
  form.addEventListener("submit", (/** @type {Event} */ event) => {
    event.preventDefault();
    if (name.value() !== "") {
      busy(go, async () => {
        show((await api.call("settings.save", { set_name: name.value() })).sets);
        name.input.value = "";
      });
    }
  });
  /** @param {any[]} sets */
  function show(sets) {
    put(list, sets.map((each) => {
      const use = button(T.use, { kind: "small" }, () =>
        busy(use, async () => {
          await api.call("settings.activate", { set_name: each.name });
          changed();
        }),
      );
      return h("li", null, h("span", null, theirs(each.name), each.active ? [" ", badge("good", T.on)] : null), each.active ? null : use);
    }));
  }
  async function load() {
    try {
      show((await api.call("settings.sets", {})).sets);
    } catch (failure) {
      put(list, errorBox(failure));
    }
  }
  return { element: h("section", { class: "card", "aria-labelledby": "sets-title" }, h("h2", { id: "sets-title" }, T.set), h("p", { class: "quiet" }, T.setWhy), list, form), load };
}
