/** What stands there while nobody is signed in. */

import { h, put, sign } from "./dom.js";
import { copyButton } from "./parts.js";
import { wishedJoin } from "./session.js";
import { W } from "./words.js";

/**
 * @param {HTMLElement} app
 * @param {"none" | "working" | "used" | "over"} why
 * @param {import("./errors.js").ApiError} [error]
 */
export function showGate(app, why, error) {
  if (why === "working") {
    put(app, h("main", { id: "main", class: "gate", "aria-busy": "true" }, h("div", { class: "gate-mark" }, sign("party")), h("h1", null, W.gate.workingTitle)));
    return;
  }
  const title = { none: W.gate.title, used: W.gate.usedTitle, over: W.gate.overTitle }[why];
  const reason = { none: W.gate.why, used: W.gate.used, over: W.gate.over }[why];
  put(
    app,
    h(
      "main",
      { id: "main", class: "gate", "data-test": "gate", tabindex: "-1" },
      h("div", { class: "gate-mark" }, sign("party")),
      h("h1", null, title),
      h("p", null, reason),
      why === "used" && error !== undefined && error.message ? h("p", { class: "quiet" }, error.message) : null,
      h("p", null, W.gate.how),
      h("p", { class: "command" }, h("code", null, W.gate.command), copyButton(() => W.gate.command, W.gate.command)),
      wishedJoin() === "" ? null : h("p", { class: "quiet" }, "Your invitation is kept in this tab meanwhile."),
    ),
  );
}
