/** Numbers for people. Nothing here makes elements. */

import { W } from "./words.js";

/** @param {number | null | undefined} ms */
export function ping(ms) {
  if (ms === null || ms === undefined) {
    return W.unknown;
  }
  return ms < 10 ? `${ms.toFixed(1)} ms` : `${Math.round(ms)} ms`;
}

/**
 * How many of something, with the right word: the one place that knows of one and many.
 * @param {number} count
 * @param {[string, string]} words for one, and for any other number
 */
export function many(count, [one, more]) {
  return `${count} ${count === 1 ? one : more}`;
}

/** @param {number} count */
export function bytes(count) {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let value = count;
  let place = 0;
  while (value >= 1024 && place < units.length - 1) {
    value /= 1024;
    place += 1;
  }
  return `${place === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${units[place]}`;
}

/** @param {number | null | undefined} share per hundred */
export function percent(share) {
  return share === null || share === undefined ? W.unknown : `${share < 10 ? Number(share.toFixed(1)) : Math.round(share)} %`;
}

/** @param {number} seconds */
export function lasting(seconds) {
  const whole = Math.max(0, Math.round(seconds));
  if (whole < 60) {
    return `${whole} s`;
  }
  if (whole < 3600) {
    return `${Math.floor(whole / 60)} min`;
  }
  const hours = Math.floor(whole / 3600);
  return hours < 48 ? `${hours} h ${Math.floor((whole % 3600) / 60)} min` : `${Math.floor(hours / 24)} d`;
}

/** @param {number} seconds */
export function countdown(seconds) {
  const whole = Math.max(0, Math.ceil(seconds));
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
}

const CLOCK = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", second: "2-digit" });
const DATE = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" });

const FAR = new Intl.DateTimeFormat(undefined, { year: "numeric", month: "short", day: "numeric", hour: "2-digit", minute: "2-digit" });

/** @param {number} at seconds since the epoch, perhaps in another year */
export function farDate(at) {
  return FAR.format(new Date(at * 1000));
}

/** @param {number} at seconds since the epoch */
export function clock(at) {
  return CLOCK.format(new Date(at * 1000));
}

/** @param {number} at seconds since the epoch */
export function date(at) {
  return DATE.format(new Date(at * 1000));
}

/** @param {number | null | undefined} score 0 to 100 */
export function tone(score) {
  if (score === null || score === undefined) {
    return "none";
  }
  return score >= 80 ? "good" : score >= 60 ? "fair" : "bad";
}

/** @param {number | null | undefined} ms */
export function pingTone(ms) {
  if (ms === null || ms === undefined) {
    return "none";
  }
  return ms < 50 ? "good" : ms < 150 ? "fair" : "bad";
}
