/** A guest is added: a form, then the configuration, which is shown once and kept nowhere. */

import { h, put, sign, theirs } from "./dom.js";
import { openDialog } from "./dialog.js";
import { ApiError, asError, sentence } from "./errors.js";
import { blame, field, tick } from "./forms.js";
import { showQr } from "./invite.js";
import { button, copyButton, errorBox, skeleton } from "./parts.js";
import { toast } from "./toast.js";
import { G } from "./words_guests.js";
import { W } from "./words.js";

const T = G.guests;
/** A name of a tunnel, as WireGuard's applications take it from a file's name. */
const TUNNEL = { limit: 15, wrong: /[^\w=+.-]+/gu, plain: "lanrage" };

/**
 * How the file is called.
 * @param {string} name of the guest
 */
export function fileName(name) {
  const kept = name.normalize("NFKD").replace(/\p{M}/gu, "").replace(TUNNEL.wrong, "-").replace(/^[-.]+|[-.]+$/gu, "").slice(0, TUNNEL.limit);
  return `${kept === "" ? TUNNEL.plain : kept}.conf`;
}

/** @param {import("./shell.js").Context} context */
export function guestDialog(context) {
  const { api, live } = context;
  const name = field(T.name, { hint: T.nameHint, required: true, limit: 32, test: "guest-name" });
  const lasts = field(T.lasts, { choices: T.lives, value: "168", test: "guest-lasts" });
  const via = field(T.via, { hint: T.viaHint, choices: ways(live.party?.members ?? []), value: "", test: "guest-via" });
  const address = field(T.address, { hint: T.addressHint, limit: 260, test: "guest-address" });
  const plain = tick(T.plain);
  const go = button(T.addGo, { kind: "primary", type: "submit", test: "guest-go" });
  const trouble = h("div", null);
  const form = h("form", null, trouble, name.element, lasts.element, via.element, address.element, h("details", null, h("summary", null, W.more), plain.element), h("div", { class: "row end" }, go));
  let ended = false;
  let forget = () => {};
  const dialog = openDialog(T.add, [h("p", { class: "quiet" }, T.lead), form], {
    wide: true,
    closed: () => {
      ended = true;
      forget();
    },
  });
  name.input.focus();
  form.addEventListener("submit", async (/** @type {Event} */ event) => {
    event.preventDefault();
    if (go.getAttribute("aria-busy") === "true") {
      return;
    }
    go.setAttribute("aria-busy", "true");
    put(trouble);
    try {
      const added = await api.call("party.guest_add", { name: name.value(), expires_hours: Number(lasts.value()), via: via.value(), address: address.value(), plain: plain.input.checked });
      if (ended) {
        toast("bad", h("span", null, theirs(added.guest.name), ": ", T.unseen));
      } else {
        forget = showAdded(context, dialog, added);
      }
    } catch (failure) {
      const error = asError(failure);
      if (!blame({ name, expires_hours: lasts, via, address }, error)) {
        put(trouble, errorBox(error));
      }
    } finally {
      go.removeAttribute("aria-busy");
    }
  });
}

/**
 * Members who can serve a guest: this one is named by nothing, the others by their fingerprints, which are nobody else's.
 * @param {any[]} members
 * @returns {[string, string][]}
 */
function ways(members) {
  const others = members.filter((each) => !each.me && each.standing === "full");
  return [["", T.here], ...others.map((each) => /** @type {[string, string]} */ ([each.identity, each.name]))];
}

/**
 * @param {import("./shell.js").Context} context
 * @param {ReturnType<typeof openDialog>} dialog
 * @param {any} added
 * @returns {() => void} what forgets the file
 */
function showAdded(context, dialog, added) {
  const { guest, config } = added;
  const picture = h("div", { class: "qr" }, skeleton(1));
  showQr(context, picture, config, { under: T.qr, alt: T.qrAlt, test: "guest-qr" });
  const file = URL.createObjectURL(new Blob([config], { type: "application/octet-stream" }));
  const download = h("a", { class: "button primary", href: file, download: fileName(guest.name), "data-test": "guest-download" }, h("span", null, T.download));
  const warning = h("div", { class: "box info", tabindex: "-1" }, sign("info"), h("div", null, h("p", { class: "box-title" }, T.once), h("p", null, T.onceWhy)));
  // A click beside the window must not lose what cannot be shown again.
  dialog.element.toggleAttribute("data-firm", true);
  put(
    dialog.body,
    warning,
    h("p", null, h("strong", null, theirs(guest.name)), ` · ${T.isServed} `, h("code", null, guest.address), ` · ${T.servedBy} `, theirs(guest.server), ` · ${T.calls} `, h("code", null, added.endpoint)),
    doubts(added),
    h(
      "div",
      { class: "invite-grid" },
      h("div", null, h("pre", { class: "config", tabindex: "0", role: "group", "aria-label": T.config, "data-test": "guest-config" }, config), h("div", { class: "row wrap" }, download, copyButton(() => config, T.config))),
      picture,
    ),
  );
  put(dialog.foot, button(T.done, { test: "guest-done" }, () => dialog.close()));
  warning.focus();
  return () => URL.revokeObjectURL(file);
}

/** @param {any} added */
function doubts(added) {
  const names = added.others.flatMap((/** @type {string} */ each, /** @type {number} */ place) => [place > 0 ? ", " : "", theirs(each)]);
  return [
    added.doubt === "" ? null : h("div", { class: "box fair" }, sign("warn"), h("div", null, h("p", { class: "box-title" }, T.doubt), h("p", null, theirs(sentence(new ApiError("doubt", added.doubt)))))),
    names.length === 0 ? null : h("p", { class: "quiet" }, `${T.others} `, names),
  ];
}
