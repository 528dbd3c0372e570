/** The invitation: as a link, a code, a QR code, and as a short code to read out. */

import { h, mark, put, say, sign, theirs } from "./dom.js";
import { asError } from "./errors.js";
import { field } from "./forms.js";
import { countdown } from "./format.js";
import { busy, button, copyButton, errorBox, skeleton } from "./parts.js";
import { W } from "./words.js";

/** An invitation by a control server that no other machine reaches. */
const HERE_ALONE = /^lanrage:\/\/(?:127\.|localhost|\[::1\])/u;

/** The invitation that a party was founded with: it is shown once, and kept by this page alone as long as it is open. */
export const fresh = {
  /** @type {{code: string, link: string, party: string} | null} */
  invitation: null,
  /** @param {{code: string, link: string, party_id: string}} created */
  keep(created) {
    this.invitation = { code: created.code, link: created.link, party: created.party_id };
  },
  clear() {
    this.invitation = null;
  },
};

/**
 * The panel above the members.
 * @param {import("./shell.js").Context} context
 */
export function invitePanel(context) {
  const body = h("div", { class: "invite-body" });
  const heading = h("h2", { id: "invite-title", tabindex: "-1" }, W.invite.title);
  const lead = h("p", { class: "quiet" });
  const close = button("", { kind: "bare", icon: "cross", label: W.close, test: "invite-close" }, () => shut());
  const element = h("section", { class: "card invite", "aria-labelledby": "invite-title", hidden: true }, h("div", { class: "card-head" }, h("div", null, heading, lead), close), body);
  let timer = 0;
  let closed = false;
  const end = () => clearInterval(timer);
  const shut = () => {
    end();
    element.hidden = true;
    closed = true;
    document.querySelector(/** @type {any} */ ("[data-test=invite]"))?.focus();
  };
  /** @param {{code: string, link: string}} made */
  const show = (made) => {
    end();
    put(body, invitationView(context, made, { again, spoken }));
  };
  const make = async () => {
    put(body, h("p", { class: "quiet", role: "status" }, W.invite.making), skeleton(4));
    try {
      const made = await context.api.call("party.invite", {});
      fresh.keep({ ...made, party_id: context.live.id });
      show(made);
    } catch (failure) {
      put(body, errorBox(failure), button(W.again, {}, make));
    }
  };
  /** @param {number} hours @param {number} uses */
  async function again(hours, uses) {
    const made = await context.api.call("party.invite", { expires_hours: hours, uses });
    fresh.keep({ ...made, party_id: context.live.id });
    show(made);
  }
  /** @param {HTMLElement} place */
  async function spoken(place) {
    end();
    try {
      const made = await context.api.call("party.invite", { spoken: true });
      timer = showSpoken(place, made.spoken);
    } catch (failure) {
      put(place, errorBox(asError(failure)));
    }
  }
  const open = (focus = true) => {
    element.hidden = false;
    const kept = fresh.invitation;
    if (kept !== null && kept.party === context.live.id) {
      show(kept);
    } else {
      make();
    }
    if (focus) {
      heading.focus();
      element.scrollIntoView({ block: "nearest" });
    }
  };
  /** @param {boolean} alone with nobody else there, inviting is what comes next; none is made unless somebody asks */
  const welcome = (alone) => {
    say(lead, alone ? W.party.aloneWhy : W.invite.keep);
    if (alone && element.hidden && !closed && fresh.invitation?.party === context.live.id) {
      open(false);
    }
  };
  return { element, open, welcome, end };
}

/**
 * @param {import("./shell.js").Context} context
 * @param {{code: string, link: string}} made
 * @param {{again: (hours: number, uses: number) => Promise<void>, spoken: (place: HTMLElement) => Promise<void>}} ways
 */
function invitationView(context, made, ways) {
  const picture = h("div", { class: "qr" }, skeleton(1));
  showQr(context, picture, made.link, { under: W.invite.qr, alt: W.invite.qrAlt, test: "invite-qr" });
  const voice = h("div", { class: "voice" });
  const speak = button(W.invite.spoken, { kind: "small", test: "invite-spoken" }, () => busy(speak, () => ways.spoken(voice)));
  return h(
    "div",
    { class: "invite-grid" },
    h(
      "div",
      null,
      h("h3", null, W.invite.link),
      secret(made.link, "invite-link", W.invite.link),
      HERE_ALONE.test(made.link) ? h("div", { class: "box fair" }, sign("warn"), h("div", null, h("p", { class: "box-title" }, W.invite.hereAlone), h("p", null, W.invite.hereAloneWhy))) : null,
      h("p", { class: "field-hint" }, W.invite.linkWhy),
      h(
        "div",
        { class: "row" },
        copyButton(() => `${W.invite.messageText}\n${made.link}`, W.invite.title, W.invite.message),
        copyButton(() => `${location.origin}/#join=${made.link}`, W.invite.pageLabel, W.invite.page),
        speak,
      ),
      voice,
      h("details", null, h("summary", null, W.invite.code), secret(made.code, "invite-code", W.invite.code)),
      freshForm(ways.again),
    ),
    picture,
  );
}

/**
 * @param {string} text
 * @param {string} test
 * @param {string} label
 */
function secret(text, test, label) {
  return h("div", { class: "secret" }, h("code", { "data-test": test, tabindex: "0", role: "textbox", "aria-readonly": "true", "aria-label": label }, text), copyButton(() => text, label));
}

/**
 * @param {(hours: number, uses: number) => Promise<void>} again
 */
function freshForm(again) {
  const hours = field(W.invite.hours, {
    value: "24",
    choices: [
      ["2", "2 h"],
      ["24", "1 d"],
      ["168", "7 d"],
      ["720", "30 d"],
    ],
  });
  const uses = field(W.invite.uses, { value: "16", choices: ["1", "2", "4", "8", "16", "32"].map((each) => [each, each]) });
  const go = button(W.invite.fresh, { kind: "small", type: "submit" });
  const form = h("form", { class: "row fields" }, hours.element, uses.element, go);
  form.addEventListener("submit", (/** @type {Event} */ event) => {
    event.preventDefault();
    busy(go, () => again(Number(hours.value()), Number(uses.value())));
  });
  return h("details", null, h("summary", null, W.invite.fresh), form);
}

/**
 * The picture comes as the text of an SVG and is shown as a picture, never as a part of this page.
 * @param {import("./shell.js").Context} context
 * @param {HTMLElement} place
 * @param {string} text
 * @param {{under: string, alt: string, test: string}} words
 */
export async function showQr(context, place, text, words) {
  try {
    const made = await context.api.call("qr", { text });
    put(place, h("img", { src: `data:image/svg+xml;base64,${btoa(made.svg)}`, alt: words.alt, width: "220", height: "220", "data-test": words.test }), h("p", { class: "quiet" }, words.under));
  } catch {
    put(place, h("p", { class: "quiet" }, W.invite.qrFailed));
  }
}

/**
 * @param {HTMLElement} place
 * @param {{code: string, lifetime_s: number, server: string}} made
 * @returns {number} the countdown's timer
 */
function showSpoken(place, made) {
  const left = h("p", { class: "quiet" });
  const ends = performance.now() + made.lifetime_s * 1000;
  put(
    place,
    h("p", { class: "spoken", "data-test": "spoken-code" }, made.code),
    h("p", null, W.invite.spokenServer, " ", h("code", null, theirs(made.server)), copyButton(() => made.server, W.welcome.server, "")),
    left,
    h("p", { class: "field-hint" }, W.invite.spokenWhy),
  );
  const tell = () => {
    const rest = (ends - performance.now()) / 1000;
    say(left, rest > 0 ? `${W.invite.spokenLeft} ${countdown(rest)}` : W.invite.spokenOver);
    mark(place, "data-over", rest <= 0);
    if (rest <= 0) {
      clearInterval(timer);
    }
  };
  const timer = setInterval(tell, 1000);
  tell();
  return timer;
}
