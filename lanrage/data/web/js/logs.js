/** The node's last log lines, with filters; new ones come at the top while it follows. */

import { h, put, theirs } from "./dom.js";
import { field, tick } from "./forms.js";
import { clock } from "./format.js";
import { badge, button, calmly, copyButton, empty, errorBox } from "./parts.js";
import { S } from "./words_sections.js";
import { W } from "./words.js";

const T = S.logs;
/** Milliseconds between two looks. */
const BEAT = 1000;
/** Lines that the page holds. */
const HELD = 500;
/** Lines of one answer. */
const AT_ONCE = 200;
const TONES = { debug: "none", info: "info", warning: "fair", error: "bad", critical: "bad" };
/** Fields that have a place of their own in a line. */
const PLACED = new Set(["time", "level", "subsystem", "message", "sequence", "correlation_id", "traceback"]);

/** @type {import("./shell.js").Section} */
export function logs(root, context) {
  const { api } = context;
  const wishes = { level: "info", subsystem: "", correlation_id: "", text: "" };
  /** @type {number | null} */
  let after = null;
  let timer = 0;
  let turn = 0;
  let following = true;
  const parts = new Set();
  const list = h("ol", { class: "log", "aria-label": W.sections.logs });
  const nothing = h("div", null);
  const level = field(T.level, { choices: Object.entries(T.levels), value: wishes.level });
  const part = field(T.subsystem, { choices: [["", T.allParts]], value: "" });
  const text = field(T.text, { type: "search", placeholder: T.textHint, limit: 100, test: "logs-text" });
  const traced = h("div", { class: "row" });
  const follow = tick(T.follow, { checked: true, kind: "chip" }, (on) => {
    following = on;
    if (on) {
      look();
    }
  });
  level.input.addEventListener("change", () => wish("level", level.value()));
  part.input.addEventListener("change", () => wish("subsystem", part.value()));
  text.input.addEventListener("input", calmly(250, () => wish("text", text.value())));
  /** @param {"level" | "subsystem" | "text" | "correlation_id"} name @param {string} value */
  function wish(name, value) {
    wishes[name] = value;
    put(traced, wishes.correlation_id === "" ? null : [h("span", { class: "tag" }, wishes.correlation_id, button("", { kind: "bare", icon: "cross", label: T.clear }, () => wish("correlation_id", "")))]);
    after = null;
    put(list);
    look();
  }
  async function look() {
    clearTimeout(timer);
    turn += 1;
    const mine = turn;
    let more = false;
    try {
      const found = await api.call("logs.show", { level: wishes.level, subsystem: wishes.subsystem, correlation_id: wishes.correlation_id, text: wishes.text, after, limit: AT_ONCE });
      if (mine !== turn) {
        return;
      }
      after = found.last;
      more = found.more;
      add(found.records);
    } catch (failure) {
      if (mine === turn) {
        put(nothing, errorBox(failure));
      }
    }
    if (mine === turn && following) {
      timer = setTimeout(look, more ? 0 : BEAT);
    }
  }
  /** @param {any[]} records oldest first */
  function add(records) {
    for (const record of records) {
      list.prepend(line(record, (id) => wish("correlation_id", id)));
      const name = partOf(record);
      if (name !== "" && !parts.has(name)) {
        parts.add(name);
        part.input.append(h("option", { value: name }, name));
      }
    }
    while (list.children.length > HELD) {
      list.lastElementChild?.remove();
    }
    put(nothing, list.children.length > 0 ? null : empty("logs", T.none, T.noneWhy));
  }
  const copy = copyButton(() => [...list.children].map((each) => /** @type {any} */ (each).plain).reverse().join("\n"), W.sections.logs, T.copy);
  put(
    root,
    h("div", { class: "title" }, h("div", null, h("h1", null, W.sections.logs)), h("div", { class: "actions" }, copy)),
    h("div", { class: "filters", role: "search" }, level.element, part.element, text.element, h("div", { class: "chips" }, follow.element, traced)),
    h("div", { class: "card flush" }, nothing, list),
  );
  look();
  return () => {
    turn += 1;
    clearTimeout(timer);
  };
}

/** @param {any} record */
function partOf(record) {
  return String(record.subsystem ?? "");
}

/** @param {any} record */
function when(record) {
  const seconds = Date.parse(String(record.time)) / 1000;
  return Number.isFinite(seconds) ? clock(seconds) : W.unknown;
}

/**
 * @param {any} record
 * @param {(id: string) => void} trace
 */
function line(record, trace) {
  const level = String(record.level ?? "info");
  const message = String(record.message ?? "");
  const rest = Object.entries(record).filter(([name, value]) => !PLACED.has(name) && value !== "" && value !== null);
  const id = String(record.correlation_id ?? "");
  const fields = h("dl", { class: "facts" }, rest.map(([name, value]) => h("div", null, h("dt", null, name), h("dd", { class: "mono" }, theirs(typeof value === "string" ? value : JSON.stringify(value))))));
  const head = [h("time", null, when(record)), badge(/** @type {any} */ (TONES)[level] ?? "none", level), h("span", { class: "log-part" }, partOf(record)), h("span", { class: "log-text" }, theirs(message))];
  const failed = record.traceback ? h("pre", { class: "scroll", tabindex: "0" }, String(record.traceback)) : null;
  const element = h("li", null, rest.length === 0 && id === "" && failed === null ? h("div", { class: "log-line" }, head) : h("details", null, h("summary", { class: "log-line" }, head), failed, fields, id === "" ? null : button(T.trace, { kind: "small" }, () => trace(id))));
  /** @type {any} */ (element).plain = `${when(record)} ${level} ${partOf(record)} ${message}`;
  return element;
}

