/** How modifications of a game differ between this computer and members. */

import { h, put, theirs } from "./dom.js";
import { openDialog } from "./dialog.js";
import { many } from "./format.js";
import { badge, button, errorBox, skeleton } from "./parts.js";
import { S } from "./words_sections.js";

const T = S.mods;
/** Names that are shown at once of a list. */
const AT_ONCE = 6;
/** @type {Record<string, string>} */
const TONES = { same: "good", differs: "fair" };

/**
 * One member's list beside this computer's.
 * @param {string} name of the member
 * @param {any} mods
 */
export function modsView(name, mods) {
  const lists = /** @type {[string, string[]][]} */ ([
    [T.missingHere, mods.missing_here],
    [T.missingThere, mods.missing_there],
    [T.other, mods.other],
  ]);
  return h(
    "div",
    { class: "mods", "data-test": "mods" },
    h("p", { class: "who-line" }, h("strong", null, theirs(name)), badge(TONES[mods.verdict] ?? "none", /** @type {any} */ (T.verdicts)[mods.verdict] ?? mods.verdict)),
    mods.reason ? h("p", { class: "quiet" }, theirs(mods.reason)) : null,
    lists.filter(([, names]) => names.length > 0).map(([text, names]) => [h("p", { class: "field-hint" }, `${text} (${names.length})`), nameList(names)]),
  );
}

/** @param {string[]} names */
function nameList(names) {
  const row = (/** @type {string} */ each) => h("li", { class: "mono" }, theirs(each));
  const rest = names.slice(AT_ONCE);
  return [
    h("ul", { class: "mods-names" }, names.slice(0, AT_ONCE).map(row)),
    rest.length === 0 ? null : h("details", null, h("summary", null, `${rest.length} ${T.more}`), h("ul", { class: "mods-names" }, rest.map(row))),
  ];
}

/**
 * Compare a game's modifications with all members'.
 * @param {import("./shell.js").Context} context
 * @param {{game: string, name: string}} game
 */
export async function modsDialog(context, game) {
  const body = h("div", null, h("p", { class: "quiet", role: "status" }, T.asking), skeleton(4));
  openDialog(h("span", null, `${T.title}: `, theirs(game.name)), [body], { wide: true });
  try {
    const found = await context.api.call("games.mods", { game: game.game });
    put(body, h("p", { class: "quiet" }, `${many(found.mods.length, T.here)} ${T.hereWhere}`), found.members.length === 0 ? h("p", null, T.alone) : found.members.map((/** @type {any} */ each) => modsView(each.name, each)));
  } catch (failure) {
    put(body, errorBox(failure));
  }
}

/**
 * The button that compares; only in a party is there somebody to compare with.
 * @param {import("./shell.js").Context} context
 * @param {() => {game: string, name: string}} game
 */
export function modsButton(context, game) {
  const element = button(T.compare, { kind: "small quiet", test: "game-mods" }, () => modsDialog(context, game()));
  element.hidden = context.live.id === "";
  return element;
}
