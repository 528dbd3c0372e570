/** How a server is joined, what is known of it, and how one is added by hand. */

import { h, put, theirs } from "./dom.js";
import { openDialog } from "./dialog.js";
import { asError, remedy, sentence } from "./errors.js";
import { blame, field } from "./forms.js";
import { lasting, ping } from "./format.js";
import { modsView } from "./mods.js";
import { busy, button, copyButton, errorBox, skeleton } from "./parts.js";
import { toast } from "./toast.js";
import { S } from "./words_sections.js";
import { W } from "./words.js";

const T = S.servers;

/**
 * Start the game where that is known and may be done; else say how to join by hand.
 * @param {import("./shell.js").Context} context
 * @param {any} server
 */
export async function joinServer(context, server) {
  const name = `${server.address}:${server.port}`;
  const how = await context.api.call("servers.join", { server: name });
  if (how.method === "command" && how.programs.length > 0) {
    try {
      await launch(context, server, false);
    } catch (failure) {
      const error = asError(failure);
      if (error.code === "mods_differ") {
        modsFirst(context, server, how, error);
      } else {
        joinDialog(server, how, error);
      }
    }
    return;
  }
  joinDialog(server, how, null);
}

/**
 * @param {import("./shell.js").Context} context
 * @param {any} server
 * @param {boolean} anyway although modifications differ
 */
async function launch(context, server, anyway) {
  await context.api.call("servers.launch", { server: `${server.address}:${server.port}`, anyway });
  toast("good", h("span", null, `${T.launched}: `, theirs(server.name)));
}

/**
 * The game was not started since modifications differ: which, and starting it all the same.
 * @param {import("./shell.js").Context} context
 * @param {any} server
 * @param {any} how
 * @param {import("./errors.js").ApiError} error
 */
function modsFirst(context, server, how, error) {
  const dialog = openDialog(T.modsTitle, [h("p", null, T.modsWhy), how.mods === null ? h("p", null, theirs(sentence(error))) : modsView(how.mods.member, how.mods)]);
  const anyway = button(T.anyway, { test: "server-anyway" }, async () => {
    anyway.setAttribute("aria-busy", "true");
    try {
      await launch(context, server, true);
      dialog.close();
    } catch (failure) {
      dialog.close();
      joinDialog(server, how, asError(failure));
    }
  });
  const stay = button(W.cancel, {}, () => dialog.close());
  dialog.foot.append(stay, anyway);
  stay.focus();
}

/**
 * @param {any} server
 * @param {any} how of `servers.join`
 * @param {import("./errors.js").ApiError | null} trouble why the game was not started from here
 */
function joinDialog(server, how, trouble) {
  const address = `${how.address}:${how.port}`;
  const words = { address: T.howAddress, lobby: T.howLobby, command: T.howCommand }[/** @type {"address"} */ (how.method)] ?? T.howUnknown;
  const command = [how.programs[0], ...how.arguments].map(quoted).join(" ");
  openDialog(h("span", null, `${T.how}: `, theirs(server.name)), [
    trouble === null ? null : h("div", { class: "box fair" }, h("div", null, h("p", { class: "box-title" }, sentence(trouble)), h("p", null, remedy(trouble)))),
    how.joinable === "no" ? h("div", { class: "box bad" }, h("div", null, h("p", { class: "box-title" }, T.no), h("p", null, how.reason))) : null,
    h("h3", null, T.address),
    h("p", { class: "command big" }, h("code", { "data-test": "server-address" }, address), copyButton(() => address, T.address)),
    h("p", null, words),
    how.method === "command" && how.programs.length > 0 ? h("p", { class: "command" }, h("code", null, command), copyButton(() => command, T.start)) : null,
    how.mods === null || how.mods.verdict === "same" ? null : [h("h3", null, T.mods), modsView(how.mods.member, how.mods)],
  ]);
}

/** @param {string} word of a command line, as a shell takes it */
function quoted(word) {
  return /^[\w@%+=:,./-]+$/u.test(word) ? word : `'${word.replace(/'/gu, "'\\''")}'`;
}

/**
 * @param {import("./shell.js").Context} context
 * @param {string} name
 * @param {() => void} again
 */
export function serverDialog(context, name, again) {
  const body = h("div", null, skeleton(5));
  const dialog = openDialog(T.details, [body], { wide: true });
  const load = async () => {
    try {
      const details = await context.api.call("servers.show", { server: name });
      put(body, detailsView(context, details, load, () => (again(), dialog.close())));
    } catch (failure) {
      put(body, errorBox(failure));
    }
  };
  load();
}

/**
 * @param {import("./shell.js").Context} context
 * @param {any} details
 * @param {() => void} load
 * @param {() => void} gone
 */
function detailsView(context, details, load, gone) {
  const { server } = details;
  const address = `${server.address}:${server.port}`;
  const rows = [
    [T.address, h("span", null, h("code", null, address), copyButton(() => address, T.address, ""))],
    [T.game, server.game_name === "" ? W.unknown : theirs(server.game_name)],
    [T.host, theirs(server.member)],
    [T.map, server.map === "" ? W.unknown : theirs(server.map)],
    [T.players, server.players === null ? W.unknown : `${server.players} / ${server.players_limit ?? "?"}`],
    [T.ping, `${ping(server.latency_ms)}${server.latency_by ? ` (${server.latency_by})` : ""}`],
    [T.state, `${T[/** @type {"yes"} */ (server.joinable)]}: ${server.reason}`],
    [T.found, `${server.found.join(", ")}, ${lasting(details.listed_s)}`],
  ];
  const remove = button(T.remove, { kind: "small danger" }, () =>
    busy(remove, async () => {
      await context.api.call("servers.remove", { server: address });
      toast("good", T.removed);
      gone();
    }),
  );
  return [
    h("h3", null, theirs(server.name || address)),
    h("dl", { class: "facts" }, rows.map(([name, value]) => h("div", null, h("dt", null, name), h("dd", null, value)))),
    h("h3", null, T.tags),
    tagRow(context, server, address, load),
    server.found.includes("manual") ? h("div", { class: "row end" }, remove) : null,
  ];
}

/**
 * @param {import("./shell.js").Context} context
 * @param {any} server
 * @param {string} address
 * @param {() => void} load
 */
function tagRow(context, server, address, load) {
  const { api } = context;
  const asked = field(T.tagAdd, { limit: 24, test: "tag-new" });
  const go = button(T.tagGo, { kind: "small", type: "submit" });
  const form = h("form", { class: "row fields" }, asked.element, go);
  form.addEventListener("submit", (/** @type {Event} */ event) => {
    event.preventDefault();
    if (asked.value() !== "") {
      busy(go, async () => {
        await api.call("servers.tag", { server: address, add: [asked.value()] });
        load();
      });
    }
  });
  const tags = server.tags.map((/** @type {string} */ tag) => {
    const off = button("", { kind: "bare", icon: "cross", label: `${T.tagOff}: ${tag}` }, () =>
      busy(off, async () => {
        await api.call("servers.tag", { server: address, remove: [tag] });
        load();
      }),
    );
    return h("span", { class: "tag" }, theirs(tag), off);
  });
  return h("div", null, tags.length === 0 ? null : h("p", { class: "row wrap" }, tags), form);
}

/**
 * @param {import("./shell.js").Context} context
 * @param {() => void} again
 */
export function addDialog(context, again) {
  const address = field(T.addAddress, { hint: T.addAddressHint, required: true, limit: 260, test: "server-add-address" });
  const game = field(T.addGame, { hint: T.addGameHint, limit: 100 });
  const name = field(T.addName, { limit: 64 });
  const go = button(T.addGo, { kind: "primary", type: "submit" });
  const trouble = h("div", null);
  const form = h("form", null, trouble, address.element, game.element, name.element, h("div", { class: "row end" }, go));
  const dialog = openDialog(T.addTitle, [form]);
  address.input.focus();
  form.addEventListener("submit", async (/** @type {Event} */ event) => {
    event.preventDefault();
    go.setAttribute("aria-busy", "true");
    try {
      await context.api.call("servers.add", { address: address.value(), game: game.value(), name: name.value() });
      dialog.close();
      toast("good", T.added);
      again();
    } catch (failure) {
      const error = asError(failure);
      if (!blame({ address, game, name }, error)) {
        put(trouble, errorBox(error));
      }
    } finally {
      go.removeAttribute("aria-busy");
    }
  });
}
