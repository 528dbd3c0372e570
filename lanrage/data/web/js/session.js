/**
 * Who this page is to the node: a code that counts once becomes a token, which this tab alone keeps.
 *
 * @typedef {{login: string, join: string, section: string}} Arrived
 */

import { ApiError } from "./errors.js";

const KEPT = "lanrage.token";
const JOIN_KEPT = "lanrage.join";

/**
 * What an address's fragment asks for: `#login=CODE`, `#join=LINK`, both, or a section.
 * A link to join holds a `#` of its own, so it reaches to the end unless `&login=` follows.
 * @param {string} hash
 * @returns {Arrived}
 */
export function readHash(hash) {
  const text = hash.replace(/^#/u, "");
  const login = /(?:^|&)login=([^&]*)/u.exec(text)?.[1] ?? "";
  const join = /(?:^|&)join=(.*?)(?=&login=|$)/u.exec(text)?.[1] ?? "";
  return { login: decoded(login), join: decoded(join), section: login || join ? "" : text.replace(/^\//u, "") };
}

/** @param {string} text */
function decoded(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/**
 * Read the address once and take the secrets out of it, before anything else runs; history and screenshots have none.
 * @returns {Arrived}
 */
export function arrive() {
  const arrived = readHash(location.hash);
  if (arrived.login || arrived.join) {
    history.replaceState(null, "", location.pathname);
  }
  if (arrived.join) {
    sessionStorage.setItem(JOIN_KEPT, arrived.join);
  }
  return arrived;
}

/** The link by which somebody came here to join, kept until it was used. */
export function wishedJoin() {
  return sessionStorage.getItem(JOIN_KEPT) ?? "";
}

/**
 * Somebody wishes to join by this link: the first screen has it in its field.
 * @param {string} link
 */
export function wishJoin(link) {
  sessionStorage.setItem(JOIN_KEPT, link);
  dispatchEvent(new Event("joinwished"));
}

/** It was used, or is not wanted. */
export function forgetJoin() {
  sessionStorage.removeItem(JOIN_KEPT);
}

/** @returns {string} empty where nobody has logged in */
export function token() {
  return sessionStorage.getItem(KEPT) ?? "";
}

/** Log out of this tab. */
export function forget() {
  sessionStorage.removeItem(KEPT);
}

/**
 * Trade the code for a token.
 * @param {string} code
 */
export async function login(code) {
  const answer = await fetch("/api/v1/session", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ code }),
    cache: "no-store",
    credentials: "omit",
  });
  if (!answer.ok) {
    throw await problem(answer);
  }
  sessionStorage.setItem(KEPT, (await answer.json()).token);
}

/**
 * Whether the node still takes the token: a browser does not tell a page why its WebSocket was refused.
 * @returns {Promise<"yes" | "no" | "away">}
 */
export async function stillIn() {
  try {
    const answer = await fetch("/api/v1/status", {
      headers: { Authorization: `Bearer ${token()}` },
      cache: "no-store",
      credentials: "omit",
    });
    return answer.status === 401 || answer.status === 403 ? "no" : "yes";
  } catch {
    return "away";
  }
}

/** @param {Response} answer */
async function problem(answer) {
  try {
    const told = await answer.json();
    return new ApiError(told.code ?? "refused", told.detail ?? told.title ?? answer.statusText, told.field);
  } catch {
    return new ApiError("refused", answer.statusText);
  }
}
