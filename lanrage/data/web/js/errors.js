/** What went wrong, and what to do next. */

import { REMEDIES } from "./words_errors.js";

/** An operation was not carried out. */
export class ApiError extends Error {
  /**
   * @param {string} code a stable word of the node's, or `lost` and `cancelled` of this page's
   * @param {string} message one sentence
   * @param {string} [field] which argument broke a rule
   */
  constructor(code, message, field = "") {
    super(message);
    this.code = code;
    this.field = field;
  }
}

/**
 * Any failure as one of ours.
 * @param {unknown} failure
 */
export function asError(failure) {
  return failure instanceof ApiError ? failure : new ApiError("internal", String(/** @type {any} */ (failure)?.message ?? failure));
}

/**
 * The sentence to show, beginning with a capital.
 * @param {ApiError} error
 */
export function sentence(error) {
  const text = error.field ? error.message.replace(new RegExp(`^${error.field}: `, "u"), "") : error.message;
  return text.charAt(0).toUpperCase() + text.slice(1) + (/[.!?]$/u.test(text) ? "" : ".");
}

/**
 * What to do next; empty where the sentence says it all.
 * @param {ApiError} error
 */
export function remedy(error) {
  return REMEDIES[error.code] ?? "";
}
