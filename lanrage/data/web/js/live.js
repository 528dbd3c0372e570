/**
 * What every section needs and the page always watches: the node's status, its party, and the paths to the members.
 *
 * @typedef {import("./api.js").Api} Api
 */

/** The newest of each, with listeners. */
export class Live {
  /** @param {Api} api */
  constructor(api) {
    this.api = api;
    /** @type {any} */
    this.status = null;
    /** @type {any} */
    this.party = null;
    /** @type {any} */
    this.paths = null;
    /** @type {Set<() => void>} */
    this.listeners = new Set();
    /** @type {(() => void)[]} */
    this.inside = [];
    this.id = "";
    /** This page itself asked to leave. */
    this.leaving = false;
  }

  start() {
    this.api.watch("status", {}, (status) => {
      this.status = status;
      this.enter(status.party?.party_id ?? "");
      this.tell();
    });
  }

  /** @param {string} id of the party that this node is in now; empty without one */
  enter(id) {
    if (id === this.id) {
      return;
    }
    this.id = id;
    this.inside.splice(0).forEach((end) => end());
    this.party = null;
    this.paths = null;
    if (id !== "") {
      this.inside.push(
        this.api.watch("party.show", {}, (party) => {
          this.party = party;
          this.tell();
        }),
        this.api.watch("paths", {}, (paths) => {
          this.paths = paths;
          this.tell();
        }),
      );
    }
  }

  /** Ask at once instead of waiting for the next turn: after the page itself changed something. */
  async hurry() {
    const status = await this.api.call("status", {});
    this.status = status;
    this.enter(status.party?.party_id ?? "");
    if (this.id !== "") {
      this.party = await this.api.call("party.show", {});
    }
    this.tell();
  }

  tell() {
    for (const call of [...this.listeners]) {
      call();
    }
  }

  /**
   * @param {() => void} call at each change
   * @returns {() => void} ends it
   */
  on(call) {
    this.listeners.add(call);
    return () => this.listeners.delete(call);
  }

  /** The link to a member by its address: the path in use with its quality. */
  peer(/** @type {string} */ address) {
    return this.paths?.peers.find((/** @type {any} */ each) => each.address === address) ?? null;
  }

  /** @returns {any} this node's own row in the party */
  get me() {
    return this.party?.members.find((/** @type {any} */ each) => each.me) ?? null;
  }

  /** Whether this node may invite and throw out. */
  get governs() {
    return this.me !== null && this.me.role !== "member";
  }
}
