/** What is wrong and what to do about it; and a broadcast that is watched on its way to each member. */

import { h, put, say, sign, theirs } from "./dom.js";
import { badge, busy, button, copyButton, errorBox, skeleton } from "./parts.js";
import { many, ping } from "./format.js";
import { S } from "./words_sections.js";
import { W } from "./words.js";

const T = S.doctor;
/** The worst first. */
const ORDER = ["failure", "warning", "unknown", "ok"];
const TONES = { failure: "bad", warning: "fair", unknown: "none", ok: "good" };
/** A remedy that begins so is a command that can be pasted, as is what stands in backticks. */
const COMMAND = /^(?:sudo|lanrage|systemctl) [^;,]+$/u;

/** @type {import("./shell.js").Section} */
export function doctor(root, context) {
  const { api } = context;
  const report = h("div", { "aria-live": "polite" });
  const copied = h("div", { class: "row" });
  const run = button(T.run, { kind: "primary", icon: "refresh", test: "doctor-run" }, () => busy(run, examine));
  let ended = false;
  async function examine() {
    const stage = h("p", { class: "quiet" }, T.running);
    put(report, stage, skeleton(6));
    put(copied);
    try {
      const found = await api.call("doctor", {}, (text) => say(stage, `${T.running} ${text}`));
      if (!ended) {
        put(report, findings(found));
        put(copied, copyButton(() => asText(found), T.copy, T.copy), h("span", { class: "quiet" }, T.copyWhy));
      }
    } catch (failure) {
      put(report, errorBox(failure));
    }
  }
  put(
    root,
    h("div", { class: "title" }, h("div", null, h("h1", null, W.sections.doctor), h("p", { class: "under" }, T.lead)), h("div", { class: "actions" }, run)),
    report,
    copied,
    probeCard(context),
  );
  busy(run, examine);
  return () => {
    ended = true;
  };
}

/** @param {any} found */
function findings(found) {
  const sorted = [...found.checks].sort((one, other) => ORDER.indexOf(one.level) - ORDER.indexOf(other.level));
  const loud = sorted.filter((check) => check.level !== "ok");
  const fine = sorted.filter((check) => check.level === "ok");
  return [summary(found.checks), loud.length === 0 ? null : h("ul", { class: "checks" }, loud.map(checkRow)), fine.length === 0 ? null : h("details", { class: "card", open: loud.length === 0 }, h("summary", null, `${T.passed} (${fine.length})`), h("ul", { class: "checks" }, fine.map(checkRow)))];
}

/** @param {any[]} checks */
function summary(checks) {
  const count = (/** @type {string} */ level) => checks.filter((check) => check.level === level).length;
  const [broken, warned] = [count("failure"), count("warning")];
  const tone = broken > 0 ? "bad" : warned > 0 ? "fair" : "good";
  const words = broken > 0 ? many(broken, T.failed) : warned > 0 ? many(warned, T.warned) : T.well;
  const rest = [warned > 0 && broken > 0 ? many(warned, T.warned) : "", `${count("ok")} ${T.ok}`, count("unknown") > 0 ? `${count("unknown")} ${T.unknown}` : ""].filter(Boolean).join(" · ");
  return h("div", { class: `verdict ${tone}`, "data-test": "verdict" }, h("div", { class: "verdict-sign" }, sign(tone === "good" ? "check" : "warn")), h("div", null, h("h2", null, words), h("p", null, rest)));
}

/** @param {any} check */
function checkRow(check) {
  return h(
    "li",
    { class: `check ${/** @type {any} */ (TONES)[check.level]}`, "data-test": "check-row" },
    badge(/** @type {any} */ (TONES)[check.level], /** @type {any} */ (T.levels)[check.level] ?? check.level),
    h(
      "div",
      null,
      h("h3", null, check.name),
      h("p", null, theirs(check.sentence)),
      check.advice ? h("p", { class: "advice" }, h("strong", null, `${T.advice}: `), adviceOf(check.advice)) : null,
    ),
  );
}

/**
 * A remedy with its commands as such, each with a button to copy it.
 * @param {string} advice
 */
function adviceOf(advice) {
  const parts = COMMAND.test(advice) ? ["", advice] : advice.split("`");
  return parts.map((text, place) => (place % 2 === 0 ? plain(text) : h("span", { class: "command" }, h("code", null, text), copyButton(() => text, text, ""))));
}

/** @param {string} text between two commands */
function plain(text) {
  const words = text.replace(/^[;,]\s*/u, "").trim();
  return words === "" ? null : h("span", null, theirs(words));
}

/** @param {any} found */
function asText(found) {
  return found.checks.map((/** @type {any} */ check) => `${check.level.padEnd(8)} ${check.name}: ${check.sentence}${check.advice ? `\n         ${check.advice}` : ""}`).join("\n");
}

/** @param {import("./shell.js").Context} context */
function probeCard(context) {
  const { api, live } = context;
  const seen = h("div", { "aria-live": "polite" });
  const go = button(T.probeGo, { test: "probe-go", icon: "play" }, () => busy(go, probe));
  async function probe() {
    if ((live.party?.members.length ?? 0) < 2) {
      put(seen, h("p", { class: "quiet" }, T.probeAlone));
      return;
    }
    put(seen, h("p", { class: "quiet" }, T.probeRunning));
    try {
      put(seen, probed(await api.call("lan.probe", {})));
    } catch (failure) {
      put(seen, errorBox(failure));
    }
  }
  return h("section", { class: "card", "aria-labelledby": "probe-title" }, h("h2", { id: "probe-title" }, T.probe), h("p", { class: "quiet" }, T.probeWhy), go, seen);
}

/** @param {any} result of `lan.probe` */
function probed(result) {
  return h(
    "ul",
    { class: "probes" },
    result.members.map((/** @type {any} */ member) => {
      const whole = member.missing === "";
      return h(
        "li",
        null,
        h("p", null, h("strong", null, theirs(member.name)), " ", badge(whole ? "good" : "bad", whole ? T.seen : T.unseen)),
        h(
          "ol",
          { class: "hops" },
          Object.entries(T.hops).map(([field, text]) => {
            const at = member[field];
            return h("li", { "data-state": at === null ? "missing" : "reached" }, h("span", { class: "stage-mark" }, sign(at === null ? "cross" : "check")), h("span", null, text), h("span", { class: "took" }, at === null ? W.unknown : ping(at)));
          }),
        ),
        whole ? null : h("p", { class: "advice" }, member.meaning),
      );
    }),
  );
}
