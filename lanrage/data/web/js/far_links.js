/**
 * The links between the other members, as those measure them: for the map, and as a table below it, since a drawing
 * tells nothing to who cannot see it.
 */

import { follow, h, mark, say, theirs } from "./dom.js";
import { many, ping, tone } from "./format.js";
import { pathWord } from "./members.js";
import { W } from "./words.js";

/**
 * Those between two members that are shown, neither of them this computer.
 * @param {any} paths of `paths`; null while nothing is known
 * @param {any[]} members
 * @returns {{pair: any, a: any, b: any}[]}
 */
export function between(paths, members) {
  const named = new Map(members.map((each) => [each.name, each]));
  return (paths?.between ?? [])
    .map((/** @type {any} */ pair) => ({ pair, a: named.get(pair.a), b: named.get(pair.b) }))
    .filter((/** @type {any} */ each) => each.a !== undefined && each.b !== undefined && !each.a.me && !each.b.me);
}

/** @param {{a: any, b: any}} link */
export function farKey(link) {
  return `${link.a.identity} ${link.b.identity}`;
}

/** The table: closed at first, away while there is nothing in it. */
export function farTable() {
  const body = h("tbody", null);
  const summary = h("summary", null);
  const heads = [W.party.members, W.party.path, W.party.ping, W.party.quality];
  const element = h(
    "details",
    { class: "far", hidden: true, "data-test": "far-links" },
    summary,
    h("table", { class: "far-table" }, h("thead", null, h("tr", null, heads.map((text) => h("th", { scope: "col" }, text)))), body),
  );
  /** @param {{pair: any, a: any, b: any}[]} links */
  const update = (links) => {
    element.hidden = links.length === 0;
    say(summary, many(links.length, W.party.far));
    follow(body, links, farKey, farRow);
  };
  return { element, update };
}

/** @param {{pair: any}} first */
function farRow({ pair: first }) {
  const way = h("td", { "data-label": W.party.path });
  const far = h("td", { class: "number", "data-label": W.party.ping });
  const quality = h("td", { "data-label": W.party.quality });
  const element = h("tr", { "data-test": "far-link" }, h("th", { scope: "row" }, theirs(first.a), ` ${W.party.and} `, theirs(first.b)), way, far, quality);
  /** @param {{pair: any}} link */
  const update = ({ pair }) => {
    say(way, pathWord(pair.path));
    say(far, ping(pair.rtt_ms));
    say(quality, pair.score === null ? W.unknown : `${Math.round(pair.score)} ${pair.grade}`);
    mark(quality, "data-tone", tone(pair.score));
  };
  return { element, update };
}
