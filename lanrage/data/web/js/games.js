/** Games: what runs, what the party plays, what is known, what was played. */

import { follow, h, mark, put, say, theirs } from "./dom.js";
import { openDialog } from "./dialog.js";
import { field } from "./forms.js";
import { date, lasting } from "./format.js";
import { modsButton } from "./mods.js";
import { badge, busy, button, calmly, empty, errorBox, skeleton } from "./parts.js";
import { S } from "./words_sections.js";
import { W } from "./words.js";

const T = S.games;
const SHOWN = 60;

/** @type {import("./shell.js").Section} */
export function games(root, context) {
  const running = runningCard(context);
  const others = partyCard(context);
  const known = knownCard(context);
  const played = playedCard(context);
  put(
    root,
    h("div", { class: "title" }, h("div", null, h("h1", null, W.sections.games))),
    h("div", { class: "two" }, running.element, others.element),
    h("div", { class: "two" }, known.element, played.element),
  );
  const off = context.live.on(others.update);
  others.update();
  return () => {
    off();
    running.end();
    known.end();
    played.end();
  };
}

/**
 * @param {string} id
 * @param {string} title
 * @param {...any} content
 */
function card(id, title, ...content) {
  return h("section", { class: "card", "aria-labelledby": id }, h("h2", { id }, title), content);
}

/** @param {import("./shell.js").Context} context */
function runningCard(context) {
  const { api } = context;
  const list = h("ul", { class: "rows" });
  const nothing = h("div", null, skeleton(2));
  const note = h("p", { class: "quiet" });
  const asked = field(T.say, { placeholder: T.knownHint, limit: 100, test: "play-game" });
  const go = button(T.sayGo, { kind: "small", type: "submit" });
  const form = h("form", { class: "row fields" }, asked.element, go);
  form.addEventListener("submit", (/** @type {Event} */ event) => {
    event.preventDefault();
    if (asked.value() !== "") {
      busy(go, async () => {
        update(await api.call("games.play", { game: asked.value() }));
        asked.input.value = "";
      });
    }
  });
  const update = (/** @type {any} */ seen) => {
    follow(list, seen.games, (/** @type {any} */ each) => each.game, () => runningRow(context, update));
    put(nothing, seen.games.length > 0 ? null : empty("games", T.runningNone, T.runningWhy));
    say(note, seen.mode === "off" ? T.off : seen.mode === "polling" ? T.polling : "");
  };
  const end = api.watch("games.detect", {}, update, (error) => put(nothing, errorBox(error)));
  return { element: card("running-title", T.running, nothing, list, note, form), end };
}

/**
 * @param {import("./shell.js").Context} context
 * @param {(seen: any) => void} update
 */
function runningRow(context, update) {
  /** @type {any} */
  let game = null;
  const name = h("strong", null);
  const under = h("span", { class: "quiet" });
  const signs = h("ul", { class: "signs" });
  const stop = button(T.stop, { kind: "small quiet" }, () => busy(stop, async () => update(await context.api.call("games.play", { game: game.game, stop: true }))));
  const mods = modsButton(context, () => game);
  const element = h("li", { class: "game-row", "data-test": "game-row" }, h("div", null, h("div", null, name), under, signs), h("div", { class: "row wrap" }, mods, stop));
  return {
    element,
    update: (/** @type {any} */ next) => {
      game = next;
      put(name, theirs(game.name));
      const listens = game.listens.length === 0 ? "" : ` · ${T.listens} ${game.listens.slice(0, 4).join(", ")}`;
      say(under, `${T.since} ${date(game.since)}${listens}`);
      follow(signs, game.signs, (/** @type {any} */ each) => each.method + each.reason, signRow);
      stop.hidden = game.method !== "manual";
      mods.hidden = context.live.id === "";
    },
  };
}

/** @param {any} sign */
function signRow(sign) {
  const element = h("li", null, badge("info", `${Math.round(sign.confidence * 100)} %`), " ", theirs(sign.reason));
  return { element, update: () => {} };
}

/** @param {import("./shell.js").Context} context */
function partyCard(context) {
  const list = h("ul", { class: "rows" });
  const nothing = h("p", { class: "quiet" });
  const update = () => {
    const members = (context.live.party?.members ?? []).filter((/** @type {any} */ each) => each.games.length > 0);
    follow(list, members, (/** @type {any} */ each) => each.identity, playerRow);
    say(nothing, members.length > 0 ? "" : T.partyNone);
  };
  return { element: card("others-title", T.party, list, nothing), update };
}

function playerRow() {
  const name = h("strong", null);
  const plays = h("span", null);
  return {
    element: h("li", null, name, plays),
    update: (/** @type {any} */ member) => {
      put(name, theirs(member.name), member.me ? [" ", badge("info", W.party.you)] : null);
      put(plays, member.games.map((/** @type {any} */ game) => h("span", { class: "game-tag" }, theirs(game.name), game.hosting ? badge("good", T.hosting) : null)));
    },
  };
}

/** @param {import("./shell.js").Context} context */
function knownCard(context) {
  const { api } = context;
  const search = field(T.knownSearch, { placeholder: T.knownHint, type: "search", limit: 100, test: "games-search" });
  const list = h("ul", { class: "rows known" });
  const counted = h("p", { class: "quiet", role: "status" });
  const problems = h("div", null);
  let number = 0;
  const ask = async () => {
    number += 1;
    const mine = number;
    try {
      const found = await api.call("games.list", { query: search.value() });
      if (mine !== number) {
        return;
      }
      follow(list, found.games.slice(0, SHOWN), (/** @type {any} */ each) => each.game, (game) => knownRow(context, game));
      say(counted, found.games.length === 0 ? T.knownNone : `${Math.min(SHOWN, found.games.length)} ${S.servers.of} ${found.known}`);
      put(problems, found.problems.length === 0 ? null : h("div", { class: "box fair" }, h("div", null, h("p", { class: "box-title" }, T.problems), found.problems.map((/** @type {any} */ each) => h("p", { class: "mono" }, `${each.file}${each.line === null ? "" : `:${each.line}`} ${each.rule}`)))));
    } catch (failure) {
      put(problems, errorBox(failure));
    }
  };
  search.input.addEventListener("input", calmly(250, ask));
  ask();
  return { element: card("known-title", T.known, search.element, problems, counted, h("div", { class: "scroll tall", tabindex: "0", role: "group", "aria-label": T.known }, list)), end: () => (number += 1) };
}

/**
 * @param {import("./shell.js").Context} context
 * @param {any} game
 */
function knownRow(context, game) {
  const more = button(S.servers.details, { kind: "small quiet", label: `${S.servers.details}: ${game.name}` }, () => gameDialog(context, game));
  const element = h("li", null, h("div", null, h("strong", null, theirs(game.name)), game.own ? [" ", badge("info", T.own)] : null, h("div", { class: "quiet mono" }, game.ports.slice(0, 4).join(" "))), more);
  return { element, update: () => {} };
}

/**
 * @param {import("./shell.js").Context} context
 * @param {any} game
 */
async function gameDialog(context, game) {
  const body = h("div", null, skeleton(5));
  openDialog(theirs(game.name), [body], { wide: true });
  try {
    const shown = await context.api.call("games.show", { game: game.game });
    const rows = shown.facts.map((/** @type {any} */ fact) => h("tr", null, h("td", null, theirs(fact.text)), h("td", { class: "quiet" }, theirs(fact.source))));
    put(
      body,
      h("p", null, `${T.sure}: `, badge("info", /** @type {any} */ (T.sureness)[shown.confidence] ?? shown.confidence)),
      h("div", { class: "row" }, modsButton(context, () => game)),
      h("div", { class: "scroll", tabindex: "0", role: "group", "aria-label": T.facts }, h("table", null, h("thead", null, h("tr", null, h("th", { scope: "col" }, T.fact), h("th", { scope: "col" }, T.source))), h("tbody", null, rows))),
    );
  } catch (failure) {
    put(body, errorBox(failure));
  }
}

/** @param {import("./shell.js").Context} context */
function playedCard(context) {
  const body = h("tbody", null);
  const nothing = h("p", { class: "quiet" });
  const table = h("table", { "aria-labelledby": "played-title" }, h("thead", null, h("tr", null, [W.sections.games, T.start, T.lasted].map((text) => h("th", { scope: "col" }, text)))), body);
  const end = context.api.watch("games.history", { limit: 20 }, (found) => {
    follow(body, found.played, (/** @type {any} */ each) => `${each.game} ${each.since}`, playedRow);
    table.hidden = found.played.length === 0;
    say(nothing, found.played.length === 0 ? T.historyNone : "");
  });
  return { element: card("played-title", T.history, table, nothing), end };
}

/** @param {any} game */
function playedRow(game) {
  const lasted = h("td", null);
  const element = h("tr", null, h("th", { scope: "row" }, theirs(game.name)), h("td", null, date(game.since)), lasted);
  return {
    element,
    update: (/** @type {any} */ now) => {
      mark(lasted, "data-tone", now.running ? "good" : null);
      say(lasted, now.running ? T.runningNow : now.until === null ? W.unknown : lasting(now.until - now.since));
    },
  };
}
