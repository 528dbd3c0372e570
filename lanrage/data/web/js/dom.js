/**
 * The one place that makes elements. Text goes in as text nodes alone; there is no way to hand markup in.
 *
 * @typedef {Node | string | number | null | undefined | false} Child
 * @typedef {Record<string, unknown>} Props
 */

const SVG = "http://www.w3.org/2000/svg";

/** What turns text around, hides it or moves the cursor: a name must not dress up the words beside it. Joiners stay, emoji need them. */
const TRICKS = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb]/gu;

/** Marks piled upon one character paint over the lines above: four are enough for any script. */
const PILES = /(\p{Mn}{4})\p{Mn}+/gu;

/** Attributes that may name an address; only ours, and pictures that are in the attribute itself. */
const ADDRESSES = new Set(["href", "src"]);
const SAFE_ADDRESS = /^(?:#|\/(?!\/)|data:image\/svg\+xml;base64,|blob:)/u;

/**
 * A text as it may be shown.
 * @param {unknown} text
 * @returns {string}
 */
export function clean(text) {
  return String(text).replace(TRICKS, "").replace(PILES, "$1");
}

/**
 * @param {Element} element
 * @param {Props} props `on` holds listeners by event, `prop` properties such as `value`; the rest are attributes.
 */
function dress(element, props) {
  for (const [name, value] of Object.entries(props)) {
    if (value === null || value === undefined || value === false) {
      continue;
    }
    if (name === "on") {
      for (const [event, call] of Object.entries(/** @type {Record<string, EventListener>} */ (value))) {
        element.addEventListener(event, call);
      }
    } else if (name === "prop") {
      Object.assign(element, value);
    } else if (/^on|^style$|^srcdoc$/u.test(name)) {
      throw new Error(`${name} is set nowhere`);
    } else if (ADDRESSES.has(name) && !SAFE_ADDRESS.test(String(value))) {
      throw new Error(`${name} leads away from this page`);
    } else {
      element.setAttribute(name, value === true ? "" : clean(value));
    }
  }
}

/**
 * @param {Element} element
 * @param {Child[]} children
 */
function fill(element, children) {
  for (const child of children.flat(Infinity)) {
    if (child === null || child === undefined || child === false) {
      continue;
    }
    element.append(child instanceof Node ? child : document.createTextNode(clean(child)));
  }
}

/**
 * An element of HTML.
 * @param {string} tag
 * @param {Props | null} [props]
 * @param {...(Child | Child[])} children
 * @returns {any}
 */
export function h(tag, props, ...children) {
  const element = document.createElement(tag);
  dress(element, props ?? {});
  fill(element, /** @type {Child[]} */ (children));
  return element;
}

/**
 * An element of SVG.
 * @param {string} tag
 * @param {Props | null} [props]
 * @param {...(Child | Child[])} children
 * @returns {SVGElement}
 */
export function svg(tag, props, ...children) {
  const element = document.createElementNS(SVG, tag);
  dress(element, props ?? {});
  fill(element, /** @type {Child[]} */ (children));
  return element;
}

/**
 * A text that somebody else wrote: it keeps its own direction to itself.
 * @param {unknown} text
 * @param {Props | null} [props]
 */
export function theirs(text, props) {
  return h("bdi", props ?? null, String(text));
}

/**
 * Change an element's text, if it is another.
 * @param {Element} element
 * @param {unknown} text
 */
export function say(element, text) {
  const wanted = clean(text);
  if (element.textContent !== wanted) {
    element.textContent = wanted;
  }
}

/**
 * Set or remove an attribute, if it is another.
 * @param {Element} element
 * @param {string} name
 * @param {unknown} value null or false removes it
 */
export function mark(element, name, value) {
  if (value === null || value === undefined || value === false) {
    element.removeAttribute(name);
  } else {
    const wanted = value === true ? "" : clean(value);
    if (element.getAttribute(name) !== wanted) {
      dress(element, { [name]: wanted });
    }
  }
}

/**
 * Show exactly these children.
 * @param {Element} element
 * @param {...(Child | Child[])} children
 */
export function put(element, ...children) {
  element.replaceChildren();
  fill(element, /** @type {Child[]} */ (children));
}

/** @type {WeakMap<Element, Map<string, {element: Element, update: (item: any) => void}>>} */
const followed = new WeakMap();

/**
 * Rows that follow their data and stay the same elements while they do, so that focus and place are kept.
 * @template T
 * @param {Element} parent
 * @param {readonly T[]} items
 * @param {(item: T) => string} key
 * @param {(item: T) => {element: Element, update: (item: T) => void}} make
 */
export function follow(parent, items, key, make) {
  const rows = followed.get(parent) ?? new Map();
  followed.set(parent, rows);
  const wanted = new Set(items.map(key));
  for (const [name, row] of rows) {
    if (!wanted.has(name)) {
      row.element.remove();
      rows.delete(name);
    }
  }
  items.forEach((item, place) => {
    const name = key(item);
    let row = rows.get(name);
    if (row === undefined) {
      row = make(item);
      rows.set(name, row);
    }
    row.update(item);
    if (parent.children[place] !== row.element) {
      parent.insertBefore(row.element, parent.children[place] ?? null);
    }
  });
}

/** The names of the signs below, drawn on a field of 24 by 24. */
const SIGNS = {
  party: "M9 11a3.2 3.2 0 1 0 0-6.4 3.2 3.2 0 0 0 0 6.4ZM3 19c.4-3.4 2.8-5.2 6-5.2s5.600 1.800 6 5.200M16 10.800a2.600 2.600 0 1 0-.6-5.100M17 13.900c2.300.3 3.800 1.900 4 4.600",
  servers: "M4 5h16v5H4zM4 14h16v5H4zM7.500 7.500h.01M7.500 16.500h.01M12 7.500h5M12 16.500h5",
  games: "M8 8h8a5 5 0 0 1 5 5.200c0 2.500-1.200 4.300-2.800 4.300-1.700 0-2.200-2-3.700-2h-5c-1.500 0-2 2-3.700 2C4.200 17.500 3 15.700 3 13.200A5 5 0 0 1 8 8ZM8.500 10.500v3M7 12h3M15.500 11h.01M17 13h.01",
  stats: "M4 4v16h16M8 15l3-4 3 2.500L19 8",
  settings: "M4 7h9M17 7h3M4 17h3M11 17h9M13 4.800v4.400M17 4.800v4.400H13V4.800ZM7 14.800h4v4.400H7z",
  logs: "M5 4h14v16H5zM8.500 8.500h7M8.500 12h7M8.500 15.500h4",
  doctor: "M12 20s-7.500-4.500-7.500-10A4.300 4.300 0 0 1 12 7.300 4.300 4.300 0 0 1 19.500 10c0 5.500-7.500 10-7.500 10ZM7.500 12h2.500l1.500-2.500 2 4.500 1.200-2h1.800",
  copy: "M9 9h10v11H9zM6 15H5V4h10v2",
  check: "M5 12.500l4.500 4.500L19 7.500",
  cross: "M6 6l12 12M18 6L6 18",
  star: "M12 4l2.500 5.100 5.500.8-4 3.900 1 5.500-5-2.700-5 2.700 1-5.500-4-3.900 5.500-.8z",
  plus: "M12 5v14M5 12h14",
  door: "M13 4h6v16h-6M4 12h10M10.500 8.500 14 12l-3.500 3.500",
  sun: "M12 8a4 4 0 1 0 0 8 4 4 0 0 0 0-8ZM12 3v1.500M12 19.500V21M3 12h1.500M19.500 12H21M5.600 5.600l1.100 1.100M17.300 17.300l1.100 1.100M5.600 18.400l1.100-1.100M17.300 6.700l1.100-1.100",
  moon: "M19.500 14.500A8 8 0 0 1 9.500 4.500a8 8 0 1 0 10 10Z",
  warn: "M12 4 21 19.500H3zM12 10v4.500M12 17h.01",
  info: "M12 4a8 8 0 1 0 0 16 8 8 0 0 0 0-16ZM12 11v5M12 8h.01",
  search: "M10.500 5a5.500 5.500 0 1 0 0 11 5.500 5.500 0 0 0 0-11ZM14.800 14.800 20 20",
  more: "M9.500 6l6 6-6 6",
  play: "M8 5.500v13l10.500-6.500z",
  refresh: "M19.500 12a7.500 7.500 0 1 1-2.300-5.400M19.500 4v4h-4",
};

/**
 * A sign; it says nothing by itself, the words beside it do.
 * @param {keyof typeof SIGNS} name
 */
export function sign(name) {
  return svg(
    "svg",
    { class: `sign sign-${name}`, viewBox: "0 0 24 24", "aria-hidden": "true", focusable: "false" },
    svg("path", { d: SIGNS[name] }),
  );
}
