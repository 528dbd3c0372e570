/**
 * What stands around the sections: head, navigation, the banner of a lost connection, and which section is shown.
 *
 * @typedef {{api: import("./api.js").Api, live: import("./live.js").Live, go: (section: string) => void}} Context
 * @typedef {(root: HTMLElement, context: Context) => () => void} Section it shows itself, and gives what ends it
 */

import { h, mark, put, say, sign, theirs } from "./dom.js";
import { offersBanner } from "./offers.js";
import { announce, button } from "./parts.js";
import { toast } from "./toast.js";
import { W } from "./words.js";

const THEME = "lanrage.theme";

export class Shell {
  /**
   * @param {HTMLElement} app
   * @param {import("./api.js").Api} api
   * @param {import("./live.js").Live} live
   * @param {Record<string, Section>} sections
   */
  constructor(app, api, live, sections) {
    this.api = api;
    this.live = live;
    this.sections = sections;
    this.shown = "";
    this.lost = false;
    /** @type {() => void} */
    this.end = () => {};
    this.banner = h("div", { class: "banner", role: "status", hidden: true, "data-test": "banner" });
    this.where = h("span", { class: "where" });
    this.dot = h("span", { class: "pill", "data-test": "connection" }, h("span", { class: "dot" }), h("span", { class: "pill-text" }));
    this.links = this.makeLinks();
    this.main = h("main", { id: "main", tabindex: "-1" });
    const offers = offersBanner(api, live, () => this.visit("party"));
    put(app, this.head(), this.nav(), h("div", { class: "banners" }, this.banner, offers), this.main);
    live.on(() => this.tell());
    addEventListener("hashchange", () => location.hash.startsWith("#/") && this.go(location.hash.slice(2)));
    document.querySelector(".skip")?.addEventListener("click", (event) => {
      event.preventDefault();
      this.main.focus();
    });
  }

  head() {
    return h(
      "header",
      { class: "head" },
      h("a", { class: "brand", href: "#/party", "aria-label": `${W.app}: ${W.sections.party}` }, h("img", { src: "/icon.svg", alt: "", width: "30", height: "30" }), h("span", null, W.app)),
      this.where,
      h("div", { class: "head-end" }, this.dot, themeButton()),
    );
  }

  makeLinks() {
    return Object.fromEntries(
      Object.keys(this.sections).map((name) => {
        const text = W.sections[/** @type {"party"} */ (name)];
        const short = W.short[/** @type {"stats"} */ (name)] ?? text;
        return [
          name,
          h(
            "a",
            { href: `#/${name}`, "data-test": `nav-${name}`, "aria-label": text },
            sign(/** @type {any} */ (name)),
            h("span", { class: "long" }, text),
            h("span", { class: "short" }, short),
          ),
        ];
      }),
    );
  }

  nav() {
    return h("nav", { class: "nav", "aria-label": W.nav }, h("ul", null, Object.values(this.links).map((link) => h("li", null, link))));
  }

  /** @param {string} wanted */
  go(wanted) {
    const name = wanted in this.sections ? wanted : "party";
    if (name === this.shown) {
      return;
    }
    this.end();
    const first = this.shown === "";
    this.shown = name;
    for (const [each, link] of Object.entries(this.links)) {
      mark(link, "aria-current", each === name ? "page" : null);
    }
    const root = h("div", { class: `section section-${name}` });
    put(this.main, root);
    document.title = `${W.sections[/** @type {"party"} */ (name)]} · ${W.app}`;
    this.end = this.sections[name](root, { api: this.api, live: this.live, go: (section) => this.visit(section) });
    scrollTo(0, 0);
    if (!first) {
      this.main.focus({ preventScroll: true });
    }
  }

  /** @param {string} section */
  visit(section) {
    location.hash = `#/${section}`;
  }

  /** @param {import("./api.js").Connection} connection */
  connection(connection) {
    const lost = connection.state !== "open";
    document.body.toggleAttribute("data-stale", lost);
    if (lost && !this.lost) {
      put(
        this.banner,
        sign("warn"),
        h("span", null, W.connection.lost, " ", W.connection.retry),
        button(W.connection.now, { kind: "small" }, () => this.api.now()),
      );
    }
    this.banner.toggleAttribute("hidden", !lost);
    if (!lost && this.lost) {
      toast("good", W.connection.back);
    }
    this.lost = lost;
    this.tell();
  }

  /** What the head says of the node. */
  tell() {
    const status = this.live.status;
    const party = status?.party ?? null;
    const control = status?.control ?? null;
    let [tone, text] = ["none", W.loading];
    if (this.lost) {
      [tone, text] = ["bad", W.connection.retry];
    } else if (status !== null && party === null) {
      [tone, text] = ["none", W.connection.idle];
    } else if (status !== null && status.state === "in-party-without-card") {
      [tone, text] = ["bad", W.connection.cardless];
    } else if (status !== null) {
      [tone, text] = control?.connected ? ["good", W.connection.online] : ["fair", W.connection.offlineServer];
    }
    this.dot.className = `pill ${tone}`;
    mark(this.dot, "title", tone === "fair" ? W.connection.offlineHelp : null);
    const shown = /** @type {Element} */ (this.dot.lastElementChild);
    if (shown.textContent !== text && shown.textContent !== "" && status !== null) {
      announce(text, tone === "bad");
    }
    say(shown, text);
    const name = party?.name ?? "";
    if (this.where.textContent !== name) {
      put(this.where, name === "" ? null : theirs(name));
    }
  }
}

/** Which theme is shown. */
export function isDark() {
  const chosen = document.documentElement.dataset.theme;
  return chosen === undefined ? !matchMedia("(prefers-color-scheme: light)").matches : chosen === "dark";
}

function themeButton() {
  const root = document.documentElement;
  const element = h("button", { type: "button", class: "button bare", "data-test": "theme", on: { click: () => turn() } });
  const show = () => {
    put(element, sign(isDark() ? "sun" : "moon"));
    mark(element, "aria-label", isDark() ? W.theme.light : W.theme.dark);
    mark(element, "title", isDark() ? W.theme.light : W.theme.dark);
  };
  const turn = () => {
    const next = isDark() ? "light" : "dark";
    root.dataset.theme = next;
    try {
      localStorage.setItem(THEME, next);
    } catch {
      // Then it lasts as long as the tab.
    }
    show();
    dispatchEvent(new Event("themechange"));
  };
  matchMedia("(prefers-color-scheme: light)").addEventListener("change", show);
  show();
  return element;
}
