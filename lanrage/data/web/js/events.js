/** What changed in the party since a moment ago, told as notes. */

import { h, theirs } from "./dom.js";
import { toast } from "./toast.js";
import { W } from "./words.js";

/**
 * @typedef {{name: string, what: string, more: string}} News
 * @param {any} before
 * @param {any} after
 * @returns {News[]}
 */
export function compare(before, after) {
  const news = /** @type {News[]} */ ([]);
  const tell = (/** @type {string} */ name, /** @type {string} */ what, more = "") => news.push({ name, what, more });
  const old = new Map(before.members.map((/** @type {any} */ each) => [each.identity, each]));
  for (const member of after.members) {
    const was = /** @type {any} */ (old.get(member.identity));
    old.delete(member.identity);
    if (was === undefined) {
      tell(member.name, W.events.joined);
      continue;
    }
    if (!member.me && member.online !== was.online) {
      tell(member.name, member.online ? W.events.online : W.events.offline);
    }
    if (member.role !== was.role) {
      tell(member.name, W.events.role, W.roles[/** @type {"host"} */ (member.role)]);
    }
    played(was, member, tell);
  }
  for (const gone of old.values()) {
    tell(gone.name, W.events.gone);
  }
  return news;
}

/**
 * @param {any} was
 * @param {any} member
 * @param {(name: string, what: string, more: string) => void} tell
 */
function played(was, member, tell) {
  const before = new Map(was.games.map((/** @type {any} */ each) => [each.game, each]));
  for (const game of member.games) {
    const then = /** @type {any} */ (before.get(game.game));
    if (game.hosting && !then?.hosting) {
      tell(member.name, W.events.hosts, game.name);
    } else if (then === undefined) {
      tell(member.name, W.events.plays, game.name);
    }
  }
}

/**
 * Show it.
 * @param {import("./live.js").Live} live
 */
export function tellNews(live) {
  /** @type {any} */
  let before = null;
  live.on(() => {
    const after = live.party;
    if (after === before) {
      return;
    }
    if (before !== null && after !== null && before.party_id === after.party_id) {
      for (const { name, what, more } of compare(before, after)) {
        toast("info", h("span", null, theirs(name), ` ${what}`, more ? " " : "", more ? theirs(more) : null));
      }
    }
    before = after;
  });
}
