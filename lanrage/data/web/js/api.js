/**
 * The node's operations over one WebSocket: calls, watches that survive a lost connection, and the news of both.
 * The messages are those of the local API (docs/api.rst).
 *
 * @typedef {{op: string, args: object, event: (result: any) => void, failed: (error: ApiError) => void, id: number}} Watch
 * @typedef {{resolve: (result: any) => void, reject: (error: ApiError) => void, progress: (text: string) => void}} Waiting
 * @typedef {Promise<any> & {cancel: () => void}} Call
 * @typedef {{state: "open" | "lost" | "refused", retryMs: number}} Connection
 */

import { ApiError } from "./errors.js";
import { stillIn, token } from "./session.js";

const FIRST_PAUSE = 400;
const LONGEST_PAUSE = 8000;
const WATCH_AGAIN = 2000;
/** What a node says when it closes the door for good: RFC 6455, policy violation. */
const POLICY = 1008;

/** One connection to the node, made again whenever it is lost. */
export class Api {
  /** @param {(connection: Connection) => void} changed */
  constructor(changed) {
    this.changed = changed;
    /** @type {WebSocket | null} */
    this.socket = null;
    this.open = false;
    this.number = 0;
    this.pause = FIRST_PAUSE;
    this.timer = 0;
    this.ended = false;
    /** @type {Map<number, Waiting>} */
    this.waiting = new Map();
    /** @type {Set<Watch>} */
    this.watches = new Set();
    /** @type {(() => void)[]} */
    this.queue = [];
    addEventListener("online", () => this.now());
    document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && this.now());
  }

  /** Dial. */
  connect() {
    if (this.socket !== null || this.ended) {
      return;
    }
    const scheme = location.protocol === "https:" ? "wss:" : "ws:";
    const socket = new WebSocket(`${scheme}//${location.host}/api/v1/socket`, ["lanrage.v1", `token.${token()}`]);
    this.socket = socket;
    socket.addEventListener("open", () => this.opened());
    socket.addEventListener("message", (message) => this.came(JSON.parse(message.data)));
    socket.addEventListener("close", (event) => this.closed(event.code));
  }

  /** Dial at once instead of after the pause. */
  now() {
    if (!this.open && this.timer !== 0) {
      clearTimeout(this.timer);
      this.timer = 0;
      this.connect();
    }
  }

  /** For good. */
  end() {
    this.ended = true;
    clearTimeout(this.timer);
    this.socket?.close();
  }

  opened() {
    this.open = true;
    this.pause = FIRST_PAUSE;
    for (const watch of this.watches) {
      this.begin(watch);
    }
    for (const send of this.queue.splice(0)) {
      send();
    }
    this.changed({ state: "open", retryMs: 0 });
  }

  /** @param {number} code */
  async closed(code) {
    const was = this.open;
    this.open = false;
    this.socket = null;
    for (const waiting of this.waiting.values()) {
      waiting.reject(new ApiError("lost", "The connection to the node was lost"));
    }
    this.waiting.clear();
    if (this.ended) {
      return;
    }
    if ((!was || code === POLICY) && (await stillIn()) === "no") {
      this.ended = true;
      this.changed({ state: "refused", retryMs: 0 });
      return;
    }
    const pause = this.pause * (0.8 + 0.4 * Math.random());
    this.pause = Math.min(this.pause * 2, LONGEST_PAUSE);
    this.timer = setTimeout(() => {
      this.timer = 0;
      this.connect();
    }, pause);
    this.changed({ state: "lost", retryMs: pause });
  }

  /** @param {any} answer */
  came(answer) {
    const watch = [...this.watches].find((each) => each.id === answer.id);
    if (watch !== undefined) {
      this.seen(watch, answer);
      return;
    }
    const waiting = this.waiting.get(answer.id);
    if (waiting === undefined) {
      return;
    }
    if (answer.progress !== undefined) {
      waiting.progress(answer.progress);
      return;
    }
    this.waiting.delete(answer.id);
    if (answer.error !== undefined) {
      waiting.reject(new ApiError(answer.error.code, answer.error.message, answer.error.field));
    } else {
      waiting.resolve(answer.result);
    }
  }

  /**
   * @param {Watch} watch
   * @param {any} answer
   */
  seen(watch, answer) {
    if (answer.event !== undefined) {
      watch.event(answer.event);
    } else if (answer.error !== undefined) {
      watch.id = -1;
      watch.failed(new ApiError(answer.error.code, answer.error.message, answer.error.field));
      setTimeout(() => this.watches.has(watch) && watch.id === -1 && this.begin(watch), WATCH_AGAIN);
    }
  }

  /** @param {Watch} watch */
  begin(watch) {
    if (this.open) {
      watch.id = this.send(watch.op, watch.args, true);
    }
  }

  /**
   * @param {string} op
   * @param {object} args
   * @param {boolean} watch
   */
  send(op, args, watch) {
    this.number += 1;
    this.socket?.send(JSON.stringify(watch ? { id: this.number, op, args, watch } : { id: this.number, op, args }));
    return this.number;
  }

  /**
   * Ask for one operation. What is asked while the connection is lost waits for it.
   * @param {string} op
   * @param {object} [args]
   * @param {(text: string) => void} [progress]
   * @returns {Call}
   */
  call(op, args = {}, progress = () => {}) {
    let id = 0;
    let given = false;
    /** @type {(error: ApiError) => void} */
    let refuse = () => {};
    const promise = new Promise((resolve, reject) => {
      refuse = reject;
      const send = () => {
        if (given) {
          return;
        }
        id = this.send(op, args, false);
        this.waiting.set(id, { resolve, reject, progress });
      };
      if (this.open) {
        send();
      } else {
        this.queue.push(send);
      }
    });
    const cancel = () => {
      given = true;
      if (id !== 0 && this.waiting.delete(id)) {
        this.send("call.end", { id }, false);
      }
      refuse(new ApiError("cancelled", "You stopped it"));
    };
    return /** @type {Call} */ (Object.assign(promise, { cancel }));
  }

  /**
   * Have the result now and again each time it changed; a connection that is lost and found again goes on.
   * @param {string} op
   * @param {object} args
   * @param {(result: any) => void} event
   * @param {(error: ApiError) => void} [failed] the node refused; it is asked again a little later
   * @returns {() => void} ends it
   */
  watch(op, args, event, failed = () => {}) {
    const watch = { op, args, event, failed, id: -1 };
    this.watches.add(watch);
    this.begin(watch);
    return () => {
      this.watches.delete(watch);
      if (this.open && watch.id !== -1) {
        this.send("call.end", { id: watch.id }, false);
      }
    };
  }
}
