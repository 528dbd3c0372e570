/** One server in the list. */

import { h, mark, put, say, sign, theirs } from "./dom.js";
import { ping, pingTone } from "./format.js";
import { badge, busy, button } from "./parts.js";
import { joinServer, serverDialog } from "./server_dialogs.js";
import { S } from "./words_sections.js";
import { W } from "./words.js";

const T = S.servers;

/** How a server is named to the node. */
export function nameOf(/** @type {any} */ server) {
  return `${server.address}:${server.port}`;
}

/**
 * @param {import("./shell.js").Context} context
 * @param {() => void} again asks for the list anew
 */
export function serverRow(context, again) {
  const { api } = context;
  /** @type {any} */
  let server = null;
  let before = "";
  const star = h("button", { type: "button", class: "button bare star", on: { click: () => favour() } }, sign("star"));
  const name = h("span", { class: "server-name" });
  const under = h("span", { class: "server-under" });
  const host = h("td", { "data-label": T.host });
  const players = h("td", { class: "number", "data-label": T.players });
  const map = h("td", { "data-label": T.map });
  const far = h("td", { class: "number", "data-label": T.ping });
  const state = h("span", { class: "badge" });
  const play = button(T.play, { kind: "primary small", icon: "play", test: "server-play" }, () => busy(play, () => joinServer(context, server)));
  const more = button(T.details, { kind: "small quiet", test: "server-details" }, () => serverDialog(context, nameOf(server), again));
  const favour = () =>
    busy(star, async () => {
      const marked = await api.call("servers.favourite", { server: nameOf(server), off: server.favourite });
      showStar(star, server, marked.favourite);
      again();
    });
  const element = h(
    "tr",
    { "data-test": "server-row" },
    h("td", { class: "first" }, star),
    h("th", { scope: "row" }, name, under),
    host,
    players,
    map,
    far,
    h("td", { "data-label": T.state }, state),
    h("td", { class: "end" }, h("div", { class: "row" }, play, more)),
  );
  /** @param {any} next */
  const update = (next) => {
    server = next;
    showStar(star, server, server.favourite);
    const told = JSON.stringify([server.name, server.game_name, server.tags, server.password, server.member, server.own, server.map]);
    if (told !== before) {
      before = told;
      put(name, theirs(server.name || nameOf(server)));
      put(under, underName(server));
      put(host, theirs(server.member), server.own ? [" ", badge("info", T.yours)] : null);
      put(map, server.map === "" ? W.unknown : theirs(server.map));
      mark(play, "aria-label", `${T.play}: ${server.name}`);
      mark(more, "aria-label", `${T.details}: ${server.name}`);
    }
    const limit = server.players_limit === null ? "" : ` / ${server.players_limit}`;
    say(players, server.players === null ? W.unknown : `${server.players}${limit}`);
    say(far, ping(server.latency_ms));
    mark(far, "data-tone", pingTone(server.latency_ms));
    say(state, T[/** @type {"yes"} */ (server.joinable)] ?? server.joinable);
    state.className = `badge ${{ yes: "good", no: "bad" }[/** @type {string} */ (server.joinable)] ?? "none"}`;
    mark(state, "title", server.reason);
  };
  return { element, update };
}

/** @param {any} server */
function underName(server) {
  return [
    server.game_name === "" ? h("span", { class: "mono" }, nameOf(server)) : theirs(server.game_name),
    server.password === true ? [" ", badge("fair", T.password)] : null,
    server.tags.map((/** @type {string} */ tag) => [" ", h("span", { class: "tag" }, theirs(tag))]),
  ];
}

/**
 * @param {HTMLElement} star
 * @param {any} server
 * @param {boolean} on
 */
function showStar(star, server, on) {
  mark(star, "aria-pressed", on ? "true" : "false");
  mark(star, "aria-label", `${T.star}: ${server.name || nameOf(server)}`);
}
