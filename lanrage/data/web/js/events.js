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
    if (member.path !== was.path && member.path !== "none") {
      tell(member.name, W.events[/** @type {"direct"} */ (member.path)]);
    }
    if (member.role !== was.role) {
      tell(member.name, W.events.role, W.roles[/** @type {"host"} */ (member.role)]);
    }
    played(was, member, tell);
  }
  for (const gone of old.values()) {
    tell(gone.name, W.events.gone);
  }
  if (after.name !== before.name) {
    news.push({ name: "", what: W.events.renamed, more: after.name });
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

/** So many of one kind are told one by one; more of them in one note. */
const ONE_BY_ONE = 2;

/**
 * What happened to many at once as one note.
 * @param {News[]} news
 * @returns {{names: string[], what: string, more: string}[]}
 */
export function gathered(news) {
  const kinds = new Map();
  for (const { name, what, more } of news) {
    const kind = `${what}\n${more}`;
    kinds.set(kind, [...(kinds.get(kind) ?? []), name]);
  }
  return [...kinds].flatMap(([kind, names]) => {
    const [what, more] = kind.split("\n");
    return names.length > ONE_BY_ONE ? [{ names, what, more }] : names.map((/** @type {string} */ name) => ({ names: [name], what, more }));
  });
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
    if (before !== null && live.status.party === null && !live.leaving) {
      toast("bad", W.events.out);
    }
    if (before !== null && after !== null && before.party_id === after.party_id) {
      for (const { names, what, more } of gathered(compare(before, after))) {
        const who = names.flatMap((name, place) => [place > 0 ? ", " : "", theirs(name)]);
        toast("info", h("span", null, names.length > 1 ? `${names.length}: ` : "", who, who.length > 0 && names[0] !== "" ? ` ${what}` : what, more ? " " : "", more ? theirs(more) : null));
      }
    }
    before = after;
  });
}
