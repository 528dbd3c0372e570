/** The first screen: start a party, or join one. Both are there at once, so that nothing has to be found. */

import { h, put, say, sign, theirs } from "./dom.js";
import { asError } from "./errors.js";
import { blame, field } from "./forms.js";
import { fresh } from "./invite.js";
import { button, errorBox } from "./parts.js";
import { forgetJoin, wishedJoin } from "./session.js";
import { CREATING, JOINING, Stages } from "./stages.js";
import { toast } from "./toast.js";
import { W } from "./words.js";

const MY_NAME = "lanrage.name";
/** A spoken code is three groups of four letters and digits; an invitation begins with LR1- or is a link. */
const INVITATION = /^\s*(?:lr1-|lanrage:|https?:)/iu;
const SPOKEN = /^[0-9a-z]{2,}(?:[-\s]+[0-9a-z]{2,})+$/iu;

/**
 * @param {HTMLElement} root
 * @param {import("./shell.js").Context} context
 * @param {() => void} look shows what is right after a party was entered
 */
export function welcome(root, context, look) {
  const cards = h("div", { class: "choices" });
  const lacks = h("div", null);
  const create = createCard(context, (work) => follow(work));
  const join = joinCard(context, (work) => follow(work));
  put(cards, wishedJoin() === "" ? [create, join] : [join, create]);
  put(root, h("div", { class: "hero" }, h("h1", null, W.welcome.title), h("p", null, W.welcome.lead)), lacks, cards, steps());
  /**
   * The card that was used shows the way, stage by stage; the other one goes meanwhile.
   * @param {{card: HTMLElement, title: string, expected: any, start: (progress: (text: string) => void) => import("./api.js").Call,
   *   after: (result: any) => void, blamed: Record<string, import("./forms.js").Field>}} work
   */
  async function follow(work) {
    const stages = new Stages(work.title, work.expected);
    const form = /** @type {HTMLElement} */ (work.card.querySelector("form"));
    const trouble = /** @type {HTMLElement} */ (work.card.querySelector(".trouble"));
    put(trouble);
    form.hidden = true;
    work.card.append(stages.element);
    cards.toggleAttribute("data-under-way", true);
    const other = work.card === create ? join : create;
    other.inert = true;
    stages.element.focus();
    const call = work.start((text) => stages.reach(text));
    stages.onStop(() => call.cancel());
    try {
      const result = await call;
      stages.done();
      work.after(result);
      toast("good", h("span", null, `${W.joining.in}: `, theirs(result.name)));
      await context.live.hurry();
    } catch (failure) {
      const error = asError(failure);
      form.hidden = false;
      if (error.code === "cancelled") {
        toast("info", W.joining.stopped);
      } else if (!blame(work.blamed, error)) {
        put(trouble, errorBox(error));
        /** @type {HTMLElement} */ (form.querySelector("button[type=submit]")).focus();
      }
    } finally {
      stages.end();
      cards.toggleAttribute("data-under-way", false);
      other.inert = false;
      look();
    }
  }
  const update = () => tellLacks(lacks, context);
  if (wishedJoin() !== "") {
    /** @type {HTMLElement} */ (join.querySelector("[data-test=join-member]")).focus();
  }
  return { update, end: () => {} };
}

/**
 * @param {import("./shell.js").Context} context
 * @param {(work: any) => void} follow
 */
function createCard(context, follow) {
  const name = field(W.welcome.partyName, { hint: W.welcome.partyNameHint, test: "create-name", required: true, limit: 32, spell: true });
  const mine = myName("create-member");
  const server = field(W.welcome.server, { hint: W.welcome.serverHint, test: "create-server", limit: 260 });
  const members = field(W.welcome.members, { type: "number", value: "16" });
  const token = field(W.welcome.token, { hint: W.welcome.tokenHint, limit: 256 });
  members.input.min = "2";
  members.input.max = "64";
  const blamed = { name, member_name: mine, server, max_members: members, token };
  const card = choice("create", W.welcome.create, W.welcome.createWhy, "plus", [
    name.element,
    mine.element,
    h("details", null, h("summary", null, W.more), server.element, members.element, token.element),
    button(W.welcome.createGo, { kind: "primary wide", type: "submit", test: "create-go" }),
  ]);
  onSubmit(card, () => {
    remember(mine.value());
    const args = { name: name.value(), member_name: mine.value(), server: server.value(), max_members: Number(members.value()) || 16, token: token.value() };
    follow({
      card,
      title: W.joining.creating,
      expected: CREATING,
      blamed,
      start: (/** @type {any} */ progress) =>
        context.api.call("party.create", { name: args.name, member_name: args.member_name, server: args.server, max_members: args.max_members, token: args.token }, progress),
      after: (/** @type {any} */ result) => fresh.keep(result),
    });
  });
  return card;
}

/**
 * @param {import("./shell.js").Context} context
 * @param {(work: any) => void} follow
 */
function joinCard(context, follow) {
  const wished = wishedJoin();
  const code = field(W.welcome.code, { hint: W.welcome.codeHint, test: "join-code", required: true, limit: 8000, lines: 2, value: wished });
  const mine = myName("join-member");
  const server = field(W.welcome.server, { hint: W.welcome.serverSpokenHint, test: "join-server", limit: 260 });
  const note = h("p", { class: "note" }, wished === "" ? "" : W.welcome.cameByLink);
  const spoken = () => server.show(!INVITATION.test(code.value()) && SPOKEN.test(code.value()));
  code.input.addEventListener("input", spoken);
  code.input.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => {
    if (event.key === "Enter") {
      event.preventDefault();
      code.input.form.requestSubmit();
    }
  });
  spoken();
  const card = choice("join", W.welcome.join, W.welcome.joinWhy, "party", [
    note,
    code.element,
    server.element,
    mine.element,
    button(W.welcome.joinGo, { kind: "primary wide", type: "submit", test: "join-go" }),
  ]);
  onSubmit(card, () => {
    remember(mine.value());
    follow({
      card,
      title: W.joining.joining,
      expected: JOINING,
      blamed: { code, member_name: mine, server },
      start: (/** @type {any} */ progress) =>
        context.api.call("party.join", { code: inner(code.value()), member_name: mine.value(), server: server.value() }, progress),
      after: () => {
        forgetJoin();
        say(note, "");
      },
    });
  });
  return card;
}

/**
 * The invitation in a link to this very page, as friends may paste it.
 * @param {string} text
 */
function inner(text) {
  const found = /^https?:\/\/[^#]*#(?:.*&)?join=(.+)$/u.exec(text)?.[1];
  if (found === undefined) {
    return text;
  }
  try {
    return decodeURIComponent(found);
  } catch {
    return found;
  }
}

/**
 * @param {string} name
 * @param {string} title
 * @param {string} why
 * @param {any} icon
 * @param {any[]} content
 */
function choice(name, title, why, icon, content) {
  return h(
    "section",
    { class: `card choice choice-${name}`, "aria-labelledby": `${name}-title` },
    h("div", { class: "choice-head" }, h("div", { class: "choice-sign" }, sign(icon)), h("div", null, h("h2", { id: `${name}-title` }, title), h("p", null, why))),
    h("div", { class: "trouble" }),
    h("form", null, content),
  );
}

/**
 * @param {HTMLElement} card
 * @param {() => void} send
 */
function onSubmit(card, send) {
  card.querySelector("form")?.addEventListener("submit", (event) => {
    event.preventDefault();
    send();
  });
}

/** @param {string} test */
function myName(test) {
  let value = "";
  try {
    value = localStorage.getItem(MY_NAME) ?? "";
  } catch {
    // Then it is typed each time.
  }
  return field(W.welcome.myName, { hint: W.welcome.myNameHint, test, value, required: true, limit: 32, complete: "nickname" });
}

/** @param {string} name */
function remember(name) {
  try {
    localStorage.setItem(MY_NAME, name);
  } catch {
    // As above.
  }
}

/**
 * @param {HTMLElement} place
 * @param {import("./shell.js").Context} context
 */
function tellLacks(place, context) {
  const missing = /** @type {string[]} */ (context.live.status?.missing ?? []);
  if (place.dataset.lacks === missing.join("\n")) {
    return;
  }
  place.dataset.lacks = missing.join("\n");
  put(
    place,
    missing.length === 0
      ? null
      : h(
          "div",
          { class: "box fair" },
          sign("warn"),
          h("div", null, h("p", { class: "box-title" }, W.welcome.lacks), missing.map((text) => h("p", null, text)), button(W.welcome.lacksMore, { kind: "small" }, () => context.go("doctor"))),
        ),
  );
}

function steps() {
  return h("section", { class: "steps", "aria-label": W.welcome.steps }, h("ol", null, [W.welcome.step1, W.welcome.step2, W.welcome.step3].map((text) => h("li", null, h("span", null, text)))));
}
