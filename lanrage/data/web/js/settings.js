/** A form made from the schema: every setting with its rule, its default, and where its value comes from. */

import { h, mark, put, say } from "./dom.js";
import { asError, sentence } from "./errors.js";
import { field, tick } from "./forms.js";
import { many } from "./format.js";
import { notifyCard } from "./notify_card.js";
import { busy, button, errorBox, skeleton } from "./parts.js";
import { settingField } from "./setting_field.js";
import { setsCard } from "./settings_sets.js";
import { toast } from "./toast.js";
import { S } from "./words_sections.js";
import { W } from "./words.js";

const T = S.settings;

/** @type {import("./shell.js").Section} */
export function settings(root, context) {
  const { api } = context;
  /** @type {Map<string, ReturnType<typeof settingField>>} */
  const fields = new Map();
  const groups = h("form", { class: "setting-groups", "aria-label": W.sections.settings }, skeleton(8));
  const nothing = h("p", { class: "quiet" });
  const restart = h("div", null);
  const search = field(T.search, { type: "search", placeholder: T.searchHint, limit: 100, test: "settings-search" });
  const own = tick(T.changedOnly, { kind: "chip" }, () => sift());
  const bar = saveBar(() => busy(bar.save, save), () => fields.forEach((each) => each.discard()));
  const sets = setsCard(context, load);
  const notices = notifyCard(context);
  put(
    root,
    h("div", { class: "title" }, h("div", null, h("h1", null, W.sections.settings), h("p", { class: "under" }, T.lead))),
    restart,
    h("div", { class: "filters", role: "search" }, search.element, h("div", { class: "chips" }, own.element)),
    nothing,
    groups,
    notices.element,
    sets.element,
    bar.element,
  );
  search.input.addEventListener("input", () => sift());
  groups.addEventListener("submit", (/** @type {Event} */ event) => {
    event.preventDefault();
    bar.save.click();
  });

  async function load() {
    try {
      const listed = await api.call("settings.list", {});
      show(listed.settings);
      sets.load();
    } catch (failure) {
      put(groups, errorBox(failure));
    }
  }
  /** @param {any[]} listed */
  function show(listed) {
    if (fields.size === listed.length) {
      listed.forEach((setting) => fields.get(setting.name)?.update(setting));
    } else {
      fields.clear();
      put(groups, inGroups(listed, (setting) => {
        const made = settingField(setting, changed, reset);
        fields.set(setting.name, made);
        return made.element;
      }));
    }
    sift();
    changed();
  }
  function changed() {
    bar.show([...fields.values()].filter((each) => each.dirty()).length);
  }
  function sift() {
    const words = search.value().toLowerCase().split(/\s+/u).filter(Boolean);
    let found = 0;
    for (const each of fields.values()) {
      const fits = words.every((word) => each.words.includes(word)) && (!own.input.checked || each.setting().origin !== "default");
      each.element.hidden = !fits;
      found += Number(fits);
    }
    for (const group of groups.querySelectorAll("section")) {
      group.hidden = group.querySelector(".setting:not([hidden])") === null;
    }
    say(nothing, found === 0 && fields.size > 0 ? T.none : "");
  }
  async function save() {
    const values = Object.fromEntries([...fields.values()].filter((each) => each.dirty()).map((each) => [each.setting().name, each.value()]));
    try {
      tell(await api.call("settings.set", { values }));
      fields.forEach((each) => each.discard());
      await load();
    } catch (failure) {
      const error = asError(failure);
      const blamed = fields.get(error.field);
      if (blamed === undefined) {
        throw error;
      }
      blamed.refuse(sentence(error));
    }
  }
  /** @param {string} name */
  async function reset(name) {
    tell(await api.call("settings.reset", { name }));
    fields.get(name)?.discard();
    await load();
  }
  /** @param {any} done */
  function tell(done) {
    const later = done.changed.filter((/** @type {any} */ each) => each.restart).map((/** @type {any} */ each) => each.name);
    toast(done.trouble ? "bad" : "good", done.trouble || (done.changed.length === 0 ? T.nothing : T.saved));
    if (later.length > 0) {
      put(restart, h("div", { class: "box fair", role: "status" }, h("div", null, h("p", { class: "box-title" }, T.restartSaved), h("p", { class: "mono" }, later.join(", ")))));
    }
  }
  load();
  return notices.end;
}

/**
 * @param {any[]} listed
 * @param {(setting: any) => HTMLElement} make
 */
function inGroups(listed, make) {
  const groups = new Map();
  for (const setting of listed) {
    const name = setting.name.split(".")[0];
    groups.set(name, [...(groups.get(name) ?? []), setting]);
  }
  return [...groups].map(([name, rows]) =>
    h("section", { class: "card", "aria-labelledby": `group-${name}` }, h("h2", { id: `group-${name}` }, /** @type {any} */ (T.groups)[name] ?? capital(name)), rows.map(make)),
  );
}

/** @param {string} name */
function capital(name) {
  return name.charAt(0).toUpperCase() + name.slice(1).replaceAll("_", " ");
}

/**
 * The bar that stands below while something is not saved.
 * @param {() => void} onSave
 * @param {() => void} discard
 */
function saveBar(onSave, discard) {
  const text = h("span", { role: "status" });
  const save = button(T.save, { kind: "primary", test: "settings-save" }, onSave);
  const element = h("div", { class: "save-bar", hidden: true }, text, h("div", { class: "row" }, button(T.discard, { kind: "quiet" }, discard), save));
  const show = (/** @type {number} */ count) => {
    element.hidden = count === 0;
    say(text, count === 0 ? "" : `${many(count, T.unsaved)}`);
    mark(element, "data-count", count);
  };
  return { element, save, show };
}
