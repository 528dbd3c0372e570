/** The party's game servers: browse, filter, favourite, join. */

import { follow, h, put, say } from "./dom.js";
import { field, tick } from "./forms.js";
import { button, calmly, empty, errorBox, skeleton } from "./parts.js";
import { addDialog } from "./server_dialogs.js";
import { serverRow } from "./server_row.js";
import { S } from "./words_sections.js";
import { W } from "./words.js";

const T = S.servers;
/** Milliseconds after the last key until the list is asked for. */
const TYPING = 250;

/** @type {import("./shell.js").Section} */
export function servers(root, context) {
  const { api, live } = context;
  const wishes = { text: "", game: "", favourite: false, reachable: false, room: false, password: "", tag: "", sort: "name" };
  /** @type {any} */
  let shown = null;
  let end = () => {};
  let inside = /** @type {boolean | null} */ (null);
  const body = h("tbody", null);
  const counted = h("p", { class: "quiet", role: "status" });
  const table = h("table", { class: "servers", "aria-label": T.counted }, head(), body);
  const nothing = h("div", null, skeleton(4));
  const filters = filterBar(wishes, calmly(TYPING, () => ask()));
  const add = button(T.add, { icon: "plus", kind: "quiet", test: "server-add" }, () => addDialog(context, ask));
  const list = h("div", { class: "card" }, table, nothing);
  put(root, h("div", { class: "title" }, h("div", null, h("h1", null, W.sections.servers), h("p", { class: "under" }, T.lead)), h("div", { class: "actions" }, add)), filters.element, counted, list);

  function ask() {
    end();
    const { text, game, favourite, reachable, room, password, tag, sort } = wishes;
    end = api.watch(
      "servers.list",
      { text, game, favourite, reachable, room, password, tag, sort },
      (result) => {
        shown = result;
        update();
      },
      (error) => inside === true && put(nothing, errorBox(error)),
    );
  }
  const update = () => {
    if (shown === null) {
      return;
    }
    follow(body, shown.servers, (/** @type {any} */ each) => `${each.address}:${each.port}/${each.proto}`, () => serverRow(context, ask));
    filters.update(shown.servers);
    table.hidden = shown.servers.length === 0;
    say(counted, shown.known === 0 ? "" : `${shown.servers.length} ${T.of} ${shown.known}`);
    put(nothing, emptiness(shown, filters.clear));
  };
  const look = () => {
    const now = live.status === null ? null : live.status.party !== null;
    table.hidden ||= now !== true;
    filters.element.hidden = now !== true;
    add.hidden = now !== true;
    if (now !== inside) {
      inside = now;
      if (now) {
        ask();
      } else {
        end();
        shown = null;
        say(counted, "");
        put(nothing, empty("servers", T.noParty, T.noPartyWhy, button(W.welcome.create, { kind: "primary" }, () => context.go("party"))));
      }
    }
  };
  const off = live.on(look);
  look();
  return () => {
    off();
    end();
  };
}

function head() {
  const names = [T.star, T.name, T.host, T.players, T.map, T.ping, T.state, T.actions];
  return h("thead", null, h("tr", null, names.map((text, place) => h("th", { scope: "col" }, place === 0 || place === names.length - 1 ? h("span", { class: "unseen" }, text) : text))));
}

/**
 * @param {any} shown
 * @param {() => void} clear
 */
function emptiness(shown, clear) {
  if (shown.servers.length > 0) {
    return null;
  }
  return shown.known > 0 ? empty("search", T.filtered, "", button(T.clear, {}, clear)) : empty("games", T.none, T.noneWhy, h("p", { class: "quiet" }, T.nonePlace));
}

/**
 * @param {any} wishes changed in place
 * @param {() => void} changed
 */
function filterBar(wishes, changed) {
  const text = field(T.search, { placeholder: T.searchHint, type: "search", test: "server-search", limit: 100 });
  const game = field(T.game, { choices: [["", T.allGames]], value: "" });
  const tag = field(T.tag, { choices: [["", T.allTags]], value: "" });
  const sort = field(T.sort, { choices: Object.entries(T.sorts), value: "name" });
  const chips = /** @type {[string, any][]} */ ([
    ["favourite", tick(T.favourites, { kind: "chip" }, (on) => set("favourite", on))],
    ["reachable", tick(T.joinable, { kind: "chip" }, (on) => set("reachable", on))],
    ["room", tick(T.room, { kind: "chip" }, (on) => set("room", on))],
    ["password", tick(T.open, { kind: "chip" }, (on) => set("password", on ? "no" : ""))],
  ]);
  /** @param {string} name @param {unknown} value */
  function set(name, value) {
    wishes[name] = value;
    changed();
  }
  text.input.addEventListener("input", () => set("text", text.value()));
  game.input.addEventListener("change", () => set("game", game.value()));
  tag.input.addEventListener("change", () => set("tag", tag.value()));
  sort.input.addEventListener("change", () => set("sort", sort.value()));
  const clear = () => {
    text.input.value = "";
    game.input.value = "";
    tag.input.value = "";
    chips.forEach(([, chip]) => (chip.input.checked = false));
    Object.assign(wishes, { text: "", game: "", favourite: false, reachable: false, room: false, password: "", tag: "" });
    changed();
  };
  const games = new Map();
  const tags = new Set();
  const update = (/** @type {any[]} */ list) => {
    for (const server of list) {
      if (server.game !== "" && !games.has(server.game)) {
        games.set(server.game, server.game_name);
        game.input.append(h("option", { value: server.game }, server.game_name));
      }
      for (const each of server.tags) {
        if (!tags.has(each)) {
          tags.add(each);
          tag.input.append(h("option", { value: each }, each));
        }
      }
    }
    tag.element.hidden = tags.size === 0;
  };
  tag.element.hidden = true;
  const element = h("div", { class: "filters", role: "search" }, text.element, game.element, tag.element, sort.element, h("div", { class: "chips" }, chips.map(([, chip]) => chip.element)));
  return { element, update, clear };
}

