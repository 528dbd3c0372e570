/**
 * From the node's metrics to curves: what each panel shows, and how a counter becomes a rate. Nothing here draws.
 *
 * @typedef {{at: number, value: number}} Point
 * @typedef {{name: string, points: Point[], now: number | null}} Curve
 * @typedef {{id: string, title: string, unit: string, metrics: [string, string][], scale: number, counter: boolean}} Panel
 */

import { S } from "./words_sections.js";

const T = S.stats;

/** @type {Panel[]} */
export const PANELS = [
  { id: "rtt", title: T.rtt, unit: T.units.ms, metrics: [["peer_rtt_seconds", ""]], scale: 1000, counter: false },
  { id: "loss", title: T.loss, unit: T.units.percent, metrics: [["peer_loss_ratio", ""]], scale: 100, counter: false },
  { id: "jitter", title: T.jitter, unit: T.units.ms, metrics: [["peer_jitter_seconds", ""]], scale: 1000, counter: false },
  { id: "received", title: T.received, unit: T.units.rate, metrics: [["peer_received_bytes_total", ""]], scale: 1 / 1024, counter: true },
  { id: "sent", title: T.sent, unit: T.units.rate, metrics: [["peer_sent_bytes_total", ""]], scale: 1 / 1024, counter: true },
  {
    id: "lan",
    title: T.lan,
    unit: T.units.frames,
    metrics: [
      ["lan_forwarded_frames_total", T.forwarded],
      ["lan_injected_frames_total", T.injected],
      ["lan_deduplicated_frames_total", T.deduplicated],
    ],
    scale: 1,
    counter: true,
  },
];

/**
 * How far back each range goes in seconds, the steps of its history (live ones are gathered by the page), and the seconds
 * between two points from which on nothing is known in between. */
export const RANGES = {
  live: { seconds: 300, step: "", gap: 5 },
  hour: { seconds: 3600, step: "minute", gap: 180 },
  day: { seconds: 86_400, step: "minute", gap: 180 },
  week: { seconds: 7 * 86_400, step: "hour", gap: 3 * 3600 },
};

/**
 * The points of a history.
 * @param {any[]} history oldest first
 * @param {Panel} panel
 * @param {number} from seconds since the epoch
 * @returns {Point[]}
 */
export function pointsOf(history, panel, from) {
  const kept = history.filter((each) => each.at >= from);
  if (!panel.counter) {
    return kept.map((each) => ({ at: each.at, value: each.avg * panel.scale }));
  }
  return rates(kept.map((each) => ({ at: each.at, value: each.max })), panel.scale);
}

/**
 * What a counter grew in each second; one that begins anew grew from nothing.
 * @param {Point[]} sums
 * @param {number} scale
 * @returns {Point[]}
 */
export function rates(sums, scale) {
  return sums.slice(1).flatMap((now, place) => {
    const before = sums[place];
    const seconds = now.at - before.at;
    const grown = now.value < before.value ? now.value : now.value - before.value;
    return seconds > 0 ? [{ at: now.at, value: (grown / seconds) * scale }] : [];
  });
}

/**
 * The points with a hole wherever nothing was measured for long: a line across it would be made up.
 * @param {Point[]} points
 * @param {number} gap seconds
 * @returns {{at: number, value: number | null}[]}
 */
export function broken(points, gap) {
  return points.flatMap((point, place) => (place > 0 && point.at - points[place - 1].at > gap ? [{ at: point.at - gap / 2, value: null }, point] : [point]));
}

/**
 * What a curve is called: the member, or what is counted.
 * @param {any} series
 * @param {Record<string, string>} names members by party address
 * @param {string} word
 */
export function nameOf(series, names, word) {
  return word || (names[series.labels.peer] ?? series.labels.peer ?? series.name);
}

/** The curves that the page gathers itself, second by second. */
export class Recorder {
  constructor() {
    /** @type {Map<string, Point[]>} */
    this.samples = new Map();
    /** When the oldest that is kept was measured. */
    this.first = Infinity;
  }

  /**
   * @param {any} shown of `metrics.show`
   */
  add(shown) {
    for (const series of shown.series) {
      if (series.value !== null) {
        const key = this.key(series);
        const points = this.samples.get(key) ?? [];
        if (points.length === 0 || points[points.length - 1].at < shown.at) {
          points.push({ at: shown.at, value: series.value });
        }
        const from = shown.at - RANGES.live.seconds;
        while (points.length > 0 && points[0].at < from) {
          points.shift();
        }
        this.samples.set(key, points);
        this.first = Math.max(Math.min(this.first, points[0].at), from);
      }
    }
  }

  /** @param {any} series */
  key(series) {
    return `${series.name} ${JSON.stringify(series.labels)}`;
  }

  /**
   * @param {any} series
   * @param {Panel} panel
   * @returns {Point[]}
   */
  points(series, panel) {
    const sums = this.samples.get(this.key(series)) ?? [];
    return panel.counter ? rates(sums, panel.scale) : sums.map((each) => ({ at: each.at, value: each.value * panel.scale }));
  }
}
