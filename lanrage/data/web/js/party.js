/** The section of the party: the first screen without one, and who is there with one. */

import { h, put, say, sign, theirs } from "./dom.js";
import { field } from "./forms.js";
import { many } from "./format.js";
import { confirmFirst, openDialog } from "./dialog.js";
import { guestsCard } from "./guests.js";
import { fresh, invitePanel } from "./invite.js";
import { machineCards } from "./machine.js";
import { LinkMap } from "./map.js";
import { membersTable } from "./members.js";
import { busy, button, copyButton, skeleton } from "./parts.js";
import { toast } from "./toast.js";
import { welcome } from "./welcome.js";
import { W } from "./words.js";

/** @type {import("./shell.js").Section} */
export function party(root, context) {
  const { live } = context;
  let shown = "";
  /** @type {{update: () => void, end: () => void}} */
  let view = { update: () => {}, end: () => {} };
  const show = () => {
    const wanted = live.status === null ? "nothing" : live.status.party !== null ? `party ${live.id}` : "welcome";
    if (wanted !== shown && !(shown === "welcome" && root.querySelector("[data-under-way]") !== null)) {
      view.end();
      shown = wanted;
      if (wanted === "nothing") {
        put(root, skeleton(6));
        view = { update: () => {}, end: () => {} };
      } else {
        view = wanted === "welcome" ? welcome(root, context, show) : inside(root, context);
      }
    }
    view.update();
  };
  const wished = () => {
    if (shown === "welcome" && root.querySelector("[data-under-way]") === null) {
      shown = "";
      show();
    }
  };
  const off = live.on(show);
  addEventListener("joinwished", wished);
  show();
  return () => {
    off();
    removeEventListener("joinwished", wished);
    view.end();
  };
}

/**
 * @param {HTMLElement} root
 * @param {import("./shell.js").Context} context
 */
function inside(root, context) {
  const { live } = context;
  const title = h("h1", { "data-test": "party-title", tabindex: "-1" }, theirs(live.status.party.name));
  const counted = h("span", null);
  const address = h("code", null);
  const alarms = h("div", null);
  const mine = h("div", { class: "say" });
  const table = membersTable(context);
  const map = new LinkMap();
  const alone = h("p", { class: "quiet alone", hidden: true }, W.party.alone);
  const actions = h("div", { class: "actions" });
  const invitation = invitePanel(context);
  const guests = guestsCard(context);
  const machine = machineCards(context);
  put(
    root,
    h("div", { class: "title" }, h("div", null, title, h("p", { class: "under" }, counted, " · ", `${W.party.address} `, address, copyButton(() => address.textContent ?? "", W.party.address, ""))), actions),
    alarms,
    invitation.element,
    h(
      "div",
      { class: "party-grid" },
      h("section", { class: "card", "aria-labelledby": "members-title" }, h("div", { class: "card-head" }, h("h2", { id: "members-title" }, W.party.members), mine), table.element, alone),
      h("section", { class: "card map-card", "aria-labelledby": "map-title" }, h("h2", { id: "map-title" }, W.party.map), map.element),
    ),
    guests.element,
    machine.element,
  );
  let governed = "";
  const update = () => {
    const shown = live.party;
    if (shown === null) {
      return;
    }
    if (title.textContent !== shown.name) {
      put(title, theirs(shown.name));
    }
    const online = shown.members.filter((/** @type {any} */ each) => each.online).length;
    const count = shown.members.length;
    say(counted, `${many(count, W.party.one)}, ${online} ${W.party.online}`);
    say(address, live.me?.address ?? "");
    tellAlarms(alarms, shown.alarms);
    table.update(shown.members);
    map.update(shown.members, live);
    const state = `${live.governs} ${live.me?.role}`;
    if (state !== governed) {
      governed = state;
      put(actions, partyActions(context, invitation));
      put(mine, sayButton(context));
    }
    guests.update();
    alone.hidden = count > 1;
    invitation.welcome(shown.members.length < 2 && live.governs);
  };
  const end = () => [invitation, guests, machine].forEach((each) => each.end());
  return { update, end };
}

/**
 * @param {HTMLElement} place
 * @param {string[]} alarms
 */
function tellAlarms(place, alarms) {
  if (place.dataset.alarms === alarms.join("\n")) {
    return;
  }
  place.dataset.alarms = alarms.join("\n");
  put(
    place,
    alarms.length === 0
      ? null
      : h("div", { class: "box bad", role: "alert" }, sign("warn"), h("div", null, h("p", { class: "box-title" }, W.party.alarms), alarms.map((text) => h("p", null, theirs(text))))),
  );
}

/**
 * @param {import("./shell.js").Context} context
 * @param {ReturnType<typeof invitePanel>} invitation
 */
function partyActions(context, invitation) {
  const { live } = context;
  return [
    live.governs ? button(W.party.invite, { kind: "primary", icon: "plus", test: "invite" }, () => invitation.open()) : null,
    live.me?.role === "host" ? button(W.party.rename, { kind: "quiet" }, () => rename(context)) : null,
    button(W.party.leave, { kind: "quiet", icon: "door", test: "leave" }, () => leave(context)),
  ];
}

/** @param {import("./shell.js").Context} context */
function leave(context) {
  const { api, live } = context;
  confirmFirst(W.party.leaveTitle, [h("p", null, W.party.leaveWhy), live.me?.role === "host" && live.party.members.length > 1 ? h("p", null, W.party.leaveHost) : null], W.party.leave, async () => {
    live.leaving = true;
    try {
      await api.call("party.leave", {});
      fresh.clear();
      toast("good", W.party.left);
      await live.hurry();
    } finally {
      live.leaving = false;
    }
  });
}

/** @param {import("./shell.js").Context} context */
function rename(context) {
  ask(context, W.party.rename, field(W.welcome.partyName, { value: context.live.party.name, limit: 32 }), (name) => context.api.call("party.rename", { name }));
}

/** @param {import("./shell.js").Context} context */
function sayButton(context) {
  return button(W.party.say, { kind: "small quiet" }, () =>
    ask(context, W.party.say, field(W.party.say, { value: context.live.me?.status ?? "", hint: W.party.sayHint, limit: 100 }), (text) => context.api.call("party.say", { text })),
  );
}

/**
 * One field, and what is done with it.
 * @param {import("./shell.js").Context} context
 * @param {string} title
 * @param {import("./forms.js").Field} asked
 * @param {(value: string) => Promise<unknown>} work
 */
function ask(context, title, asked, work) {
  const go = button(W.member.done, { kind: "primary", type: "submit" });
  const form = h("form", { on: { submit: (/** @type {Event} */ event) => send(event) } }, asked.element, h("div", { class: "row end" }, go));
  const dialog = openDialog(title, [form]);
  asked.input.focus();
  asked.input.select();
  async function send(/** @type {Event} */ event) {
    event.preventDefault();
    await busy(go, async () => {
      await work(asked.value());
      dialog.close();
      await context.live.hurry();
    });
  }
}

