/** Curves by plotly, which comes with the extra `web`; without it there are numbers. */

import { clean, h, put } from "./dom.js";
import { broken } from "./series.js";
import { isDark } from "./shell.js";
import { S } from "./words_sections.js";
import { W } from "./words.js";

const T = S.stats;
/** Colours that stay apart for who does not see red and green; by theme. */
const DARK = ["#37d6a0", "#ffb454", "#7aa2ff", "#ff7eb6", "#c8a5ff", "#8be9fd", "#f1fa8c", "#ff9580"];
const LIGHT = ["#0a7a55", "#a85b00", "#2b55c9", "#b4246d", "#6a3fc0", "#0b6e8a", "#6b6a00", "#b3402b"];

/** Times without the date below them, where a day is shown or less. */
const TICKS = [
  { dtickrange: [null, 60_000], value: "%H:%M:%S" },
  { dtickrange: [60_000, 36_000_000], value: "%H:%M" },
  { dtickrange: [36_000_000, null], value: "%-d %b" },
];

/** @type {Promise<any> | null} */
let loading = null;

/** Plotly, or nothing where it is not installed. */
export function plotly() {
  loading ??= new Promise((resolve) => {
    const script = h("script", { src: "/vendor/plotly.min.js" });
    script.addEventListener("load", () => resolve(/** @type {any} */ (globalThis).Plotly ?? null));
    script.addEventListener("error", () => resolve(null));
    document.head.append(script);
  });
  return loading;
}

/**
 * A colour of the theme, as it is now.
 * @param {string} name
 */
function colour(name) {
  const probe = h("span", { hidden: true });
  probe.style.setProperty("color", `var(${name})`);
  document.body.append(probe);
  const found = getComputedStyle(probe).color;
  probe.remove();
  return found;
}

/**
 * Draw, or draw anew.
 * @param {any} library
 * @param {HTMLElement} place
 * @param {import("./series.js").Panel} panel
 * @param {import("./series.js").Curve[]} curves
 * @param {[number, number]} range seconds since the epoch
 * @param {number} gap seconds between two points from which on nothing is known in between
 */
export function draw(library, place, panel, curves, range, gap) {
  const palette = isDark() ? DARK : LIGHT;
  const ink = colour("--ink-quiet");
  const line = colour("--line");
  const data = curves.map((curve) => ({ ...curve, shown: broken(curve.points, gap) })).map((curve, number) => ({
    x: curve.shown.map((point) => new Date(point.at * 1000)),
    y: curve.shown.map((point) => point.value),
    connectgaps: false,
    // Plotly reads a little markup in names: a member's name must not be any.
    name: clean(curve.name).replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;"),
    mode: curve.points.length < 3 ? "lines+markers" : "lines",
    line: { width: 2, color: palette[number % palette.length] },
    hovertemplate: `%{y:.3~g} ${panel.unit}<extra>%{fullData.name}</extra>`,
  }));
  const axis = { gridcolor: line, zerolinecolor: line, linecolor: line, tickfont: { color: ink, size: 11 }, fixedrange: true };
  const layout = {
    margin: { l: 46, r: 12, t: 26, b: 24 },
    height: 234,
    paper_bgcolor: "rgba(0,0,0,0)",
    plot_bgcolor: "rgba(0,0,0,0)",
    font: { family: "system-ui, sans-serif", color: ink },
    showlegend: curves.length > 1,
    legend: { orientation: "h", y: 1.14, x: 0, font: { size: 11 } },
    hovermode: "x unified",
    hoverlabel: { bgcolor: colour("--card"), bordercolor: line, font: { color: colour("--ink") } },
    xaxis: { ...axis, type: "date", nticks: 6, tickformatstops: TICKS, range: range.map((at) => new Date(at * 1000)) },
    yaxis: { ...axis, rangemode: "tozero", nticks: 5 },
  };
  library.react(place, data, layout, { displayModeBar: false, responsive: true, staticPlot: false });
}

/**
 * The same as numbers.
 * @param {HTMLElement} place
 * @param {import("./series.js").Panel} panel
 * @param {import("./series.js").Curve[]} curves
 */
export function numbers(place, panel, curves) {
  const shown = (/** @type {number | null} */ value) => (value === null ? W.unknown : value >= 100 ? String(Math.round(value)) : String(Number(value.toPrecision(3))));
  const row = (/** @type {import("./series.js").Curve} */ curve) => {
    const values = curve.points.map((point) => point.value);
    const mean = values.length === 0 ? null : values.reduce((sum, each) => sum + each, 0) / values.length;
    const [low, high] = values.length === 0 ? [null, null] : [Math.min(...values), Math.max(...values)];
    return h("tr", null, h("th", { scope: "row" }, h("bdi", null, curve.name)), [curve.now, low, mean, high].map((value) => h("td", { class: "number" }, shown(value))));
  };
  put(
    place,
    h(
      "table",
      { "aria-label": `${panel.title}, ${panel.unit}` },
      h("thead", null, h("tr", null, [T.series, T.now, T.lowest, T.mean, T.highest].map((text) => h("th", { scope: "col" }, text)))),
      h("tbody", null, curves.map(row)),
    ),
  );
}
