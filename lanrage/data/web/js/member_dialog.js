/** One member in detail: the ways to it, where its traffic went and why, and what a host may do. */

import { follow, h, put, say, theirs } from "./dom.js";
import { confirmFirst, openDialog } from "./dialog.js";
import { bytes, clock, percent, ping, tone } from "./format.js";
import { badge, busy, button, copyButton, skeleton } from "./parts.js";
import { W } from "./words.js";

const M = W.member;

/**
 * @param {import("./shell.js").Context} context
 * @param {string} identity fingerprint
 */
export function memberDialog(context, identity) {
  const { api, live } = context;
  const member = () => live.party?.members.find((/** @type {any} */ each) => each.identity === identity);
  const first = member();
  const facts = h("dl", { class: "facts" });
  const ways = h("tbody", null);
  const moves = h("tbody", null);
  const none = h("p", { class: "quiet", hidden: true }, M.noPaths);
  const waiting = skeleton(3);
  const detail = first.me ? [] : [h("h3", null, M.paths), waiting, none, table([M.way, M.kind, W.party.ping, M.jitter, M.loss, M.score], ways), h("details", null, h("summary", null, M.history), table([M.when, M.to, M.why], moves))];
  const dialog = openDialog(theirs(first.name), [facts, ...detail, tools(context, first, () => dialog.close())], {
    wide: true,
    closed: () => {
      end();
      off();
    },
  });
  /** @type {any} */
  let peer = null;
  const update = () => {
    const now = member();
    if (now === undefined) {
      dialog.close();
      return;
    }
    showFacts(facts, now, peer);
  };
  const end = first.me
    ? () => {}
    : api.watch("peers.show", { member: identity }, (shown) => {
        peer = shown;
        waiting.remove();
        none.hidden = shown.paths.length > 0;
        follow(ways, shown.paths, (/** @type {any} */ each) => `${each.kind} ${each.endpoint}`, wayRow);
        follow(moves, [...shown.history].reverse(), (/** @type {any} */ each) => `${each.at} ${each.taken}`, moveRow);
        update();
      });
  const off = live.on(update);
  update();
}

/**
 * @param {string[]} heads
 * @param {HTMLElement} body
 */
function table(heads, body) {
  return h("div", { class: "scroll", tabindex: "0", role: "group", "aria-label": heads.join(", ") }, h("table", null, h("thead", null, h("tr", null, heads.map((text) => h("th", { scope: "col" }, text)))), body));
}

/**
 * @param {HTMLElement} place
 * @param {any} member
 * @param {any} peer
 */
function showFacts(place, member, peer) {
  const rows = [
    [W.party.address, member.address],
    [M.fingerprint, member.identity.slice(0, 16)],
    ...(member.me ? [] : [[M.received, bytes(member.rx_bytes)], [M.sent, bytes(member.tx_bytes)]]),
    ...(peer === null ? [] : [[M.nat, peer.nat], [M.keepalive, `${peer.keepalive_s} s`]]),
  ];
  follow(
    place,
    rows,
    (row) => row[0],
    ([name]) => {
      const value = h("span", null);
      const element = h("div", null, h("dt", null, name), h("dd", null, value, name === W.party.address ? copyButton(() => value.textContent ?? "", name, "") : null));
      return { element, update: ([, text]) => say(value, text) };
    },
  );
}

function wayRow() {
  const cells = Array.from({ length: 5 }, () => h("td", null));
  const state = h("span", { class: "badge" });
  const endpoint = h("span", { class: "mono" });
  const element = h("tr", null, h("th", { scope: "row" }, state, " ", endpoint), cells);
  /** @param {any} path */
  const update = (path) => {
    say(endpoint, path.endpoint);
    say(state, path.active ? M.use : path.open ? M.open : M.shut);
    state.className = `badge ${path.active ? "good" : path.open ? "info" : "none"}`;
    say(cells[0], /** @type {any} */ (W.kinds)[path.kind] ?? path.kind);
    say(cells[1], ping(path.rtt_ms));
    say(cells[2], path.open ? ping(path.jitter_ms) : W.unknown);
    say(cells[3], path.open ? percent(path.loss_pct) : W.unknown);
    const trend = /** @type {any} */ (W.trends)[path.trend] ?? "";
    const text = path.score === null ? W.unknown : `${Math.round(path.score)} ${path.grade ?? ""}${path.trend === "stable" ? "" : `, ${trend}`}`;
    say(cells[4], text);
    cells[4].dataset.tone = tone(path.score);
  };
  return { element, update };
}

/** @param {any} move */
function moveRow(move) {
  const element = h("tr", null, h("th", { scope: "row" }, clock(move.at)), h("td", null, h("span", { class: "mono" }, move.taken), " ", badge("none", /** @type {any} */ (W.kinds)[move.kind] ?? move.kind)), h("td", null, move.reason));
  return { element, update: () => {} };
}

/**
 * What this node may do to the member.
 * @param {import("./shell.js").Context} context
 * @param {any} member
 * @param {() => void} close
 */
function tools(context, member, close) {
  const { api, live } = context;
  if (member.me || !live.governs || member.role === "host") {
    return null;
  }
  const host = live.me.role === "host";
  const done = async () => {
    close();
    await live.hurry();
  };
  const role = (/** @type {string} */ text, /** @type {string} */ wanted) => {
    const element = button(text, { kind: "small" }, () =>
      busy(element, async () => {
        await api.call("party.role", { member: member.identity, role: wanted });
        await done();
      }),
    );
    return element;
  };
  const sure = (/** @type {string} */ text, /** @type {string} */ why, /** @type {() => Promise<unknown>} */ work) =>
    button(text, { kind: "small danger" }, () =>
      confirmFirst(h("span", null, `${text}: `, theirs(member.name)), [h("p", null, theirs(member.name), ` ${why}`)], text, async () => {
        await work();
        await done();
      }),
    );
  const row = h("div", { class: "row wrap" });
  put(
    row,
    host ? role(member.role === "member" ? M.makeModerator : M.makeMember, member.role === "member" ? "moderator" : "member") : null,
    host ? sure(M.makeHost, M.hostWhy, () => api.call("party.role", { member: member.identity, role: "host" })) : null,
    sure(M.kick, M.kickWhy, () => api.call("party.kick", { member: member.identity })),
    sure(M.ban, M.banWhy, () => api.call("party.ban", { member: member.identity })),
  );
  return h("section", { class: "tools", "aria-label": M.govern }, h("h3", null, M.govern), row);
}
