/**
 * A map of the party's links, drawn as SVG: this computer in the middle, each member around it; a link by a relay bends
 * through it, and those between the others, as they tell of them, are thin. Elements stay and move, so nothing jumps
 * when a number changes.
 */

import { follow, h, mark, say, svg } from "./dom.js";
import { between, farKey, farTable } from "./far_links.js";
import { ping, tone } from "./format.js";
import { pathTone, pathWord, reach } from "./members.js";
import { W } from "./words.js";

/** The field for a few members, and for many: it is as wide as its card, so a small one has large letters. */
const FEW = { most: 6, wide: 430, high: 320, rx: 148, ry: 104 };
const MANY = { most: Infinity, wide: 640, high: 420, rx: 236, ry: 150 };
/** More than these on one ring would touch: then there are two. */
const ON_A_RING = 14;
const NAME_LENGTH = 13;
/** A member this far above the middle has its name above itself, away from its line. */
const NEAR = 20;
/** A line between others whose half is this close to the middle would go through this computer. */
const NEAR_MIDDLE = 40;

/** @param {number} count of the members around */
function fieldOf(count) {
  const field = count <= FEW.most ? FEW : MANY;
  return { ...field, x: field.wide / 2, y: field.high / 2 };
}

/**
 * Where each of so many members stands.
 * @param {number} place
 * @param {number} count
 */
export function spot(place, count) {
  const rings = count > ON_A_RING ? 2 : 1;
  const inner = rings === 2 ? Math.floor(count / 3) : 0;
  const within = place < inner;
  const [at, of] = within ? [place, inner] : [place - inner, count - inner];
  const far = rings === 1 ? 1 : within ? 0.55 : 1.02;
  const angle = -Math.PI / 2 + (2 * Math.PI * at) / Math.max(1, of) + (count <= 2 ? Math.PI / 2 : 0) + (within ? 0.2 : 0);
  const field = fieldOf(count);
  return { x: field.x + Math.cos(angle) * field.rx * far, y: field.y + Math.sin(angle) * field.ry * far };
}

/** @param {string} name */
function short(name) {
  const letters = [...name];
  return letters.length > NAME_LENGTH ? `${letters.slice(0, NAME_LENGTH - 1).join("")}…` : name;
}

export class LinkMap {
  constructor() {
    this.far = svg("g", { class: "map-far" });
    this.lines = svg("g", { class: "map-lines" });
    this.nodes = svg("g", { class: "map-nodes" });
    this.ring = svg("ellipse", { class: "map-ring" });
    this.drawing = svg(
      "svg",
      { class: "map", role: "img", "aria-label": `${W.party.map}. ${W.party.mapText}` },
      this.ring,
      this.far,
      this.lines,
      this.nodes,
    );
    this.legend = h(
      "ul",
      { class: "map-legend" },
      ["direct", "relay", "none", "offline"].map((way) => h("li", { "data-reach": way }, h("span", { class: "legend-line" }), pathWord(way))),
    );
    this.table = farTable();
    this.element = h("div", null, this.drawing, this.legend, this.table.element);
  }

  /**
   * @param {any[]} members
   * @param {import("./live.js").Live} live
   */
  update(members, live) {
    const others = members.filter((each) => !each.me);
    const me = members.filter((each) => each.me);
    const field = fieldOf(others.length);
    mark(this.drawing, "viewBox", `0 0 ${field.wide} ${field.high}`);
    for (const [name, value] of Object.entries({ cx: field.x, cy: field.y, rx: field.rx, ry: field.ry })) {
      mark(this.ring, name, value);
    }
    const placed = [
      ...others.map((member, place) => ({ member, ...spot(place, others.length) })),
      ...me.map((member) => ({ member, x: field.x, y: field.y })),
    ].map((each) => ({ ...each, above: each.y < field.y - NEAR }));
    const key = (/** @type {any} */ each) => each.member.identity;
    const links = placed.filter((each) => !each.member.me).map((each) => ({ ...each, from: field }));
    const at = new Map(placed.map((each) => [key(each), each]));
    const far = between(live.paths, members).map((each) => ({ ...each, from: at.get(each.a.identity), to: at.get(each.b.identity), middle: field }));
    follow(this.far, far, farKey, farLineOf);
    this.table.update(far);
    follow(this.lines, links, key, () => lineOf(live));
    follow(this.nodes, placed, key, nodeOf);
  }
}

/** The line between two others: it bends away from the middle, where this computer stands, and over it. */
function farLineOf() {
  const line = svg("path", { class: "map-far-line" });
  /** @param {{pair: any, from: any, to: any, middle: {x: number, y: number}}} link */
  const update = ({ pair, from, to, middle }) => {
    const half = { x: (from.x + to.x) / 2, y: (from.y + to.y) / 2 };
    const away = Math.hypot(half.x - middle.x, half.y - middle.y);
    const long = Math.hypot(to.x - from.x, to.y - from.y);
    const [dx, dy, bend] = away < NEAR_MIDDLE ? [0, -1, 0.42] : [(half.x - middle.x) / away, (half.y - middle.y) / away, 0.14];
    mark(line, "data-reach", pair.path);
    mark(line, "data-tone", tone(pair.score));
    mark(line, "d", `M${from.x} ${from.y}Q${half.x + dx * long * bend} ${half.y + dy * long * bend} ${to.x} ${to.y}`);
  };
  return { element: line, update };
}

/**
 * The line to a member, with its ping upon it.
 * @param {import("./live.js").Live} live
 */
function lineOf(live) {
  const line = svg("path", { class: "map-line" });
  const relay = svg("rect", { class: "map-relay", width: 13, height: 13, rx: 3 });
  const text = svg("text", { class: "map-ping", "text-anchor": "middle" });
  const element = svg("g", null, line, relay, text);
  /** @param {{member: any, x: number, y: number, from: {x: number, y: number}}} item */
  const update = ({ member, x, y, from }) => {
    const way = reach(member);
    const bent = way === "relay" || way === "relay-tcp";
    const dx = x - from.x;
    const dy = y - from.y;
    const long = Math.hypot(dx, dy) || 1;
    const middle = { x: from.x + dx * 0.55 + (bent ? (-dy / long) * 34 : 0), y: from.y + dy * 0.55 + (bent ? (dx / long) * 34 : 0) };
    mark(element, "data-reach", way);
    mark(element, "data-tone", pathTone(way));
    mark(line, "d", bent ? `M${from.x} ${from.y}L${middle.x} ${middle.y}L${x} ${y}` : `M${from.x} ${from.y}L${x} ${y}`);
    mark(line, "data-playing", live.peer(member.address)?.playing === true);
    mark(relay, "x", middle.x - 6.5);
    mark(relay, "y", middle.y - 6.5);
    mark(relay, "visibility", bent ? "visible" : "hidden");
    mark(text, "x", middle.x);
    mark(text, "y", middle.y - (bent ? 13 : 7));
    say(text, member.rtt_ms === null ? "" : ping(member.rtt_ms));
  };
  return { element, update };
}

function nodeOf() {
  const ball = svg("circle", { class: "map-ball" });
  const letter = svg("text", { class: "map-letter", "text-anchor": "middle", dy: "0.36em" });
  const name = svg("text", { class: "map-name", "text-anchor": "middle" });
  const title = svg("title", null);
  const element = svg("g", { class: "map-node" }, title, ball, letter, name);
  let shown = "";
  /** @param {{member: any, x: number, y: number, above: boolean}} item */
  const update = ({ member, x, y, above }) => {
    const way = reach(member);
    mark(element, "data-reach", way);
    mark(element, "data-tone", pathTone(way));
    mark(element, "transform", `translate(${x} ${y})`);
    mark(ball, "r", member.me ? 27 : 21);
    mark(name, "y", above ? -30 : member.me ? 44 : 37);
    if (shown !== member.name) {
      shown = member.name;
      say(letter, [...member.name][0]?.toUpperCase() ?? "?");
      say(name, short(member.name));
    }
    say(title, `${member.name}: ${pathWord(way)}${member.rtt_ms === null ? "" : `, ${ping(member.rtt_ms)}`}`);
  };
  return { element, update };
}
