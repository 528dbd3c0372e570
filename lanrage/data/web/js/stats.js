/** Live statistics: ping, jitter, loss, bytes, broadcasts; of now, an hour, a day, a week. */

import { h, mark, put, say, sign, theirs } from "./dom.js";
import { field, segments } from "./forms.js";
import { date } from "./format.js";
import { button, empty, errorBox, skeleton } from "./parts.js";
import { draw, numbers, plotly } from "./plots.js";
import { nameOf, PANELS, pointsOf, RANGES, Recorder } from "./series.js";
import { S } from "./words_sections.js";
import { W } from "./words.js";

const T = S.stats;
/** Milliseconds between two looks at the histories. */
const HISTORY_BEAT = 20_000;

/** Seconds that live curves show at least. */
const LIVE_LEAST = 60;

/** What the page gathered stays while the section is not shown. */
const recorder = new Recorder();

/** @type {import("./shell.js").Section} */
export function stats(root, context) {
  const { api, live } = context;
  let range = /** @type {keyof typeof RANGES} */ ("live");
  let tables = false;
  /** @type {any} */
  let library;
  /** @type {Map<string, any>} histories by metric */
  const histories = new Map();
  const newest = new Map();
  let timer = 0;
  let turn = 0;
  const member = field(T.member, { choices: [["", T.all]], value: "" });
  const chosen = segments(T.range, /** @type {[string, string][]} */ (Object.entries(T.ranges)), range, (value) => {
    range = /** @type {keyof typeof RANGES} */ (value);
    fetchHistories();
  });
  const note = h("p", { class: "quiet" });
  const turnOver = button(T.numbers, { kind: "small quiet", test: "stats-numbers" }, () => {
    tables = !tables;
    say(/** @type {Element} */ (turnOver.firstElementChild), tables ? T.curves : T.numbers);
    show();
  });
  const panels = PANELS.map((panel) => panelCard(panel));
  const grid = h("div", { class: "plots" }, panels.map((each) => each.element));
  const alerts = alertsCard(context);
  const body = h("div", null, skeleton(6));
  put(root, h("div", { class: "title" }, h("div", null, h("h1", null, W.sections.stats))), alerts.element, body);
  member.input.addEventListener("change", () => show());

  /** @param {any} panel @returns {import("./series.js").Curve[]} */
  function curvesOf(panel) {
    const wanted = member.value();
    return panel.metrics.flatMap(([name, word]) => {
      const shown = range === "live" ? newest.get(name) : histories.get(name);
      const series = (shown?.series ?? []).filter((/** @type {any} */ each) => !wanted || each.labels.peer === undefined || each.labels.peer === wanted);
      return series.map((/** @type {any} */ each) => {
        const points = range === "live" ? recorder.points(each, panel) : pointsOf(each.history, panel, Date.now() / 1000 - RANGES[range].seconds);
        const now = panel.counter ? (points[points.length - 1]?.value ?? null) : each.value === null ? null : each.value * panel.scale;
        return { name: nameOf(each, shown.names, word), points, now };
      });
    });
  }
  function show() {
    if (library === undefined || live.status?.party === null) {
      return;
    }
    const end = Date.now() / 1000;
    const first = range === "live" ? Math.min(recorder.first, end - LIVE_LEAST) : 0;
    panels.forEach((each) => each.show(library, curvesOf(each.panel), tables, [Math.max(first, end - RANGES[range].seconds), end], RANGES[range].gap));
  }
  /** @param {string} name @param {any} shown */
  function came(name, shown) {
    recorder.add(shown);
    newest.set(name, shown);
    for (const [address, text] of Object.entries(shown.names)) {
      if (![...member.input.options].some((option) => option.value === address)) {
        member.input.append(h("option", { value: address }, text));
      }
    }
    if (range === "live") {
      soon();
    }
  }
  let waits = 0;
  const soon = () => {
    waits ||= requestAnimationFrame(() => {
      waits = 0;
      show();
    });
  };
  async function fetchHistories() {
    clearTimeout(timer);
    turn += 1;
    const mine = turn;
    show();
    if (RANGES[range].step === "") {
      return;
    }
    const names = PANELS.flatMap((panel) => panel.metrics.map(([name]) => name));
    try {
      for (const name of names) {
        const shown = await api.call("metrics.show", { name, history: RANGES[range].step });
        if (mine !== turn) {
          return;
        }
        histories.set(name, shown);
      }
    } catch (failure) {
      put(note, errorBox(failure));
    }
    show();
    timer = setTimeout(fetchHistories, HISTORY_BEAT);
  }
  /** @type {(() => void)[]} */
  let ends = [];
  let inside = /** @type {boolean | null} */ (null);
  const look = () => {
    const now = live.status === null ? null : live.status.party !== null;
    if (now === inside) {
      return;
    }
    inside = now;
    ends.splice(0).forEach((end) => end());
    if (now) {
      put(body, h("div", { class: "filters" }, chosen, member.element, turnOver), note, grid);
      ends = [
        api.watch("metrics.show", { name: "peer_*", window: 5 }, split, (error) => put(note, errorBox(error))),
        api.watch("metrics.show", { name: "lan_*", window: 5 }, split),
      ];
    } else if (now === false) {
      put(body, empty("stats", T.noParty, T.noPartyWhy, button(W.welcome.create, { kind: "primary" }, () => context.go("party"))));
    }
  };
  /** One answer holds several metrics: each by its short name. @param {any} shown */
  function split(shown) {
    for (const [name] of PANELS.flatMap((panel) => panel.metrics)) {
      const series = shown.series.filter((/** @type {any} */ each) => each.name === `lanrage_${name}`);
      if (series.length > 0) {
        came(name, { ...shown, series });
      }
    }
  }
  plotly().then((found) => {
    library = found;
    turnOver.hidden = found === null;
    say(note, found === null ? T.noPlots : "");
    show();
  });
  const off = live.on(look);
  addEventListener("themechange", show);
  look();
  return () => {
    off();
    turn += 1;
    clearTimeout(timer);
    removeEventListener("themechange", show);
    alerts.end();
    ends.forEach((end) => end());
    panels.forEach((each) => each.end(library));
  };
}

/** @param {import("./series.js").Panel} panel */
function panelCard(panel) {
  const now = h("span", { class: "plot-now" });
  const curve = h("div", { class: "plot", role: "img", "aria-label": `${panel.title}. ${T.plotText}` });
  const table = h("div", { class: "plot-table scroll", tabindex: "0", role: "group", "aria-label": panel.title });
  const nothing = h("p", { class: "quiet plot-none" }, T.none);
  const element = h("section", { class: "card plot-card", "aria-labelledby": `plot-${panel.id}`, "data-test": `plot-${panel.id}` }, h("div", { class: "card-head" }, h("h2", { id: `plot-${panel.id}` }, `${panel.title} `, h("span", { class: "quiet" }, panel.unit)), now), nothing, curve, table);
  let drawn = false;
  /**
   * @param {any} library
   * @param {import("./series.js").Curve[]} curves
   * @param {boolean} tables
   * @param {[number, number]} range
   * @param {number} gap
   */
  const show = (library, curves, tables, range, gap) => {
    const none = curves.every((each) => each.points.length === 0);
    const plotted = library !== null && !tables;
    nothing.hidden = !none;
    curve.hidden = none || !plotted;
    table.hidden = none || plotted;
    mark(element, "data-empty", none);
    const latest = curves.filter((each) => each.now !== null);
    say(now, latest.length === 1 ? `${Number(latest[0].now?.toPrecision(3))} ${panel.unit}` : "");
    if (!none && plotted) {
      draw(library, curve, panel, curves, range, gap);
      drawn = true;
    } else if (!none) {
      numbers(table, panel, curves);
    }
  };
  const end = (/** @type {any} */ library) => {
    if (drawn) {
      library.purge(curve);
    }
  };
  return { panel, element, show, end };
}

/** @param {import("./shell.js").Context} context */
function alertsCard(context) {
  const element = h("div", { role: "status" });
  const end = context.api.watch("alerts", {}, (found) => {
    const text = found.firing.map((/** @type {any} */ each) => each.text).join("\n");
    if (element.dataset.alerts !== text) {
      element.dataset.alerts = text;
      put(element, found.firing.map((/** @type {any} */ each) => h("div", { class: "box fair" }, sign("warn"), h("div", null, h("p", { class: "box-title" }, theirs(each.text)), h("p", null, date(each.since))))));
    }
  });
  return { element, end };
}
