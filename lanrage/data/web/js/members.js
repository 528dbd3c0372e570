/** The table of members; its rows stay the same elements while their numbers change. */

import { follow, h, mark, put, say, theirs } from "./dom.js";
import { memberDialog } from "./member_dialog.js";
import { ping, pingTone, tone } from "./format.js";
import { badge, button } from "./parts.js";
import { W } from "./words.js";

/**
 * The path in use to a member, with its quality.
 * @param {any} peer of `paths`
 */
export function activePath(peer) {
  return peer?.paths.find((/** @type {any} */ each) => each.active) ?? null;
}

/**
 * How a member is reached, in one word.
 * @param {any} member
 * @returns {"me" | "offline" | "direct" | "relay" | "relay-tcp" | "none"}
 */
export function reach(member) {
  if (member.me) {
    return "me";
  }
  return member.path === "none" && !member.online ? "offline" : member.path;
}

/** @param {string} way */
export function pathTone(way) {
  return { direct: "good", relay: "fair", "relay-tcp": "fair", none: "info", offline: "none", me: "none" }[way] ?? "none";
}

/** @param {string} way */
export function pathWord(way) {
  return /** @type {any} */ (W.paths)[way] ?? way;
}

/** @param {import("./shell.js").Context} context */
export function membersTable(context) {
  const body = h("tbody", null);
  const heads = [W.party.name, W.party.path, W.party.ping, W.party.quality];
  const element = h(
    "table",
    { class: "members", "aria-labelledby": "members-title" },
    h("thead", null, h("tr", null, heads.map((text) => h("th", { scope: "col" }, text)), h("th", { scope: "col" }, h("span", { class: "unseen" }, W.party.details)))),
    body,
  );
  /** @param {any[]} members */
  const update = (members) => {
    const sorted = [...members].sort((one, other) => Number(other.me) - Number(one.me) || Number(other.online) - Number(one.online));
    follow(body, sorted, (member) => member.identity, () => memberRow(context));
  };
  return { element, update };
}

/** @param {import("./shell.js").Context} context */
function memberRow(context) {
  /** @type {any} */
  let member = null;
  const name = h("span", { class: "member-name" });
  const tags = h("span", { class: "tags" });
  const under = h("span", { class: "member-under" });
  const way = h("span", { class: "badge" });
  const far = h("td", { class: "number", "data-label": W.party.ping });
  const score = h("span", { class: "score" }, h("span", { class: "score-bar", "aria-hidden": "true" }, h("span", null)), h("span", { class: "score-text" }));
  const plays = h("span", { class: "plays" });
  const more = button("", { kind: "bare", icon: "more", test: "member-details", label: W.party.details }, () => memberDialog(context, member.identity));
  const element = h(
    "tr",
    { "data-test": "member-row" },
    h("th", { scope: "row" }, h("div", { class: "who" }, h("span", { class: "presence", "aria-hidden": "true" }), h("div", null, h("div", { class: "who-line" }, name, tags), under, plays))),
    h("td", { "data-label": W.party.path }, way),
    far,
    h("td", { "data-label": W.party.quality }, score),
    h("td", { class: "end" }, more),
  );
  /** @param {any} next */
  const update = (next) => {
    const before = member;
    member = next;
    const route = reach(member);
    mark(element, "data-reach", route);
    mark(element, "data-online", member.online);
    if (before?.name !== member.name || before?.role !== member.role || before?.standing !== member.standing) {
      put(name, theirs(member.name));
      put(tags, tagsOf(member));
      mark(more, "aria-label", `${W.party.details}: ${member.name}`);
    }
    const text = member.status === "" ? member.address : `${member.status} · ${member.address}`;
    if (under.textContent !== text) {
      put(under, member.status === "" ? null : [theirs(member.status), " · "], h("span", { class: "mono" }, member.address));
    }
    say(way, pathWord(route));
    way.className = `badge ${pathTone(route)}`;
    mark(way, "title", /** @type {any} */ (W.paths.help)[route] ?? null);
    say(far, member.me ? W.unknown : ping(member.rtt_ms));
    mark(far, "data-tone", pingTone(member.rtt_ms));
    showScore(score, activePath(context.live.peer(member.address)));
    showGames(plays, member.games);
  };
  return { element, update };
}

/** @param {any} member */
function tagsOf(member) {
  return [
    member.me ? badge("info", W.party.you) : null,
    member.role === "member" ? null : badge("none", /** @type {any} */ (W.roles)[member.role]),
    member.standing === "provisional" ? h("span", { class: "badge fair", title: W.provisional }, "?") : null,
  ];
}

/**
 * @param {HTMLElement} place
 * @param {any} path
 */
function showScore(place, path) {
  const value = path?.score ?? null;
  mark(place, "data-tone", tone(value));
  const bar = /** @type {HTMLElement} */ (place.querySelector(".score-bar > span"));
  bar.style.setProperty("--score", String(value ?? 0));
  say(/** @type {Element} */ (place.querySelector(".score-text")), value === null ? W.unknown : `${Math.round(value)} ${path.grade ?? ""}`.trim());
}

/**
 * @param {HTMLElement} place
 * @param {any[]} games
 */
function showGames(place, games) {
  const text = games.map((game) => `${game.name}${game.hosting}`).join("\n");
  if (place.dataset.games === text) {
    return;
  }
  place.dataset.games = text;
  put(place, games.map((game) => h("span", { class: "game-tag" }, theirs(game.name), game.hosting ? badge("good", W.events.hosts) : null)));
}
