/* Building elements. Whatever comes from outside enters as text or as a checked URL, never as markup. */

const SVG = "http://www.w3.org/2000/svg";

/** h("p.note", {onclick}, "text", node) → element. Props named `on…` are listeners, `data-…`/`aria-…` attributes. */
export function h(spec, props = {}, ...children) {
  const [tag, ...classes] = spec.split(".");
  const element = document.createElement(tag || "div");
  if (classes.length) element.className = classes.join(" ");
  for (const [name, value] of Object.entries(props)) setProp(element, name, value);
  append(element, children);
  return element;
}

function setProp(element, name, value) {
  if (value === undefined || value === null) return;
  if (/^(data|aria)-/.test(name)) {
    element.setAttribute(name, String(value));
    return;
  }
  if (value === false) return;
  if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
  else if (name.startsWith("--")) element.style.setProperty(name, String(value));
  else if (name in element && !name.includes("-") && name !== "list") element[name] = value;
  else element.setAttribute(name, value === true ? "" : String(value));
}

export function append(element, children) {
  for (const child of children.flat(Infinity)) {
    if (child === undefined || child === null || child === false || child === "") continue;
    element.append(child instanceof Node ? child : document.createTextNode(String(child)));
  }
}

/** Swap all children at once. */
export function fill(element, ...children) {
  const fragment = document.createDocumentFragment();
  append(fragment, children);
  element.replaceChildren(fragment);
}

/** Redraw `items` inside `parent`, re-using the element of every item whose drawing did not change (key + JSON). */
export function keyed(parent, items, key, draw) {
  const old = new Map([...parent.children].map((child) => [child.dataset.key, child]));
  const wanted = items.map((item, index) => {
    const name = String(key(item));
    const print = JSON.stringify(item);
    const known = old.get(name);
    if (known && known.print === print) return known;
    const made = draw(item, index);
    made.dataset.key = name;
    made.print = print;
    keepFocus(known, made);
    return made;
  });
  const keep = new Set(wanted);
  const focus = wanted.map((element) => element.focusLater).find(Boolean);
  for (const child of [...parent.children]) if (!keep.has(child)) child.remove();
  wanted.forEach((element, index) => {
    if (parent.children[index] !== element) parent.insertBefore(element, parent.children[index] || null);
    element.focusLater = null;
  });
  focus?.focus({ preventScroll: true });
}

/** What had the focus in the old drawing will have it in the new one. */
function keepFocus(old, made) {
  const held = old?.contains(document.activeElement) && document.activeElement.dataset.testid;
  if (held) made.focusLater = made.querySelector(`[data-testid="${held}"]`);
}

/** Only http(s) and our own paths may become a link or a picture. */
export function safeUrl(url) {
  try {
    const parsed = new URL(url, location.href);
    return ["http:", "https:"].includes(parsed.protocol) ? parsed.href : null;
  } catch {
    return null;
  }
}

export function svg(tag, attributes = {}, ...children) {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, String(value));
  append(element, children);
  return element;
}

const ICONS = {
  back: ["M15 5l-7 7 7 7"],
  more: ["M12 5.5v.01M12 12v.01M12 18.5v.01"],
  video: ["M3.5 7.5h11v9h-11zM14.5 11l6-3v8l-6-3z"],
  call: ["M6 3.5h3l1.5 4.5-2 1.5a11 11 0 0 0 6 6l1.5-2 4.5 1.5v3a2 2 0 0 1-2 2A16.5 16.5 0 0 1 4 5.5a2 2 0 0 1 2-2z"],
  emoji: ["M12 3.5a8.5 8.5 0 1 0 0 17 8.5 8.5 0 0 0 0-17z", "M8.5 14.2a4.2 4.2 0 0 0 7 0", "M9 9.6v.01M15 9.6v.01"],
  clip: ["M19.5 11.5l-7.7 7.7a4.6 4.6 0 0 1-6.5-6.5l8-8a3.1 3.1 0 0 1 4.4 4.4l-7.9 7.9a1.5 1.5 0 0 1-2.2-2.2l7-7"],
  camera: ["M4 8h3l1.5-2.5h7L17 8h3a1 1 0 0 1 1 1v9a1 1 0 0 1-1 1H4a1 1 0 0 1-1-1V9a1 1 0 0 1 1-1z", "M12 10a3.3 3.3 0 1 0 0 6.6 3.3 3.3 0 0 0 0-6.6z"],
  mic: ["M12 3.5a2.7 2.7 0 0 0-2.7 2.7v5.6a2.7 2.7 0 0 0 5.4 0V6.2A2.7 2.7 0 0 0 12 3.5z", "M6 11.5a6 6 0 0 0 12 0M12 17.5v3"],
  send: ["M4 12l16-8-5 16-3.5-6.5z", "M11.5 13.5L20 4"],
  reply: ["M10 6l-6 5.5L10 17v-3.5c5 0 8 1.5 10 4.5 0-5.5-3.5-8.5-10-8.5z"],
  list: ["M9 6.5h11M9 12h11M9 17.5h11M4.5 6.5v.01M4.5 12v.01M4.5 17.5v.01"],
  link: ["M14 4.5h5.5V10M19.5 4.5L11 13M17 13.5v5a1 1 0 0 1-1 1H5.5a1 1 0 0 1-1-1V8a1 1 0 0 1 1-1h5"],
  copy: ["M9 8.5h9.5a1 1 0 0 1 1 1V19a1 1 0 0 1-1 1H9a1 1 0 0 1-1-1V9.5a1 1 0 0 1 1-1z", "M15.5 8.5V5a1 1 0 0 0-1-1H5a1 1 0 0 0-1 1v9.5a1 1 0 0 0 1 1h3"],
  pin: ["M12 21s6.5-6 6.5-11A6.5 6.5 0 0 0 5.5 10c0 5 6.5 11 6.5 11z", "M12 7.7a2.3 2.3 0 1 0 0 4.6 2.3 2.3 0 0 0 0-4.6z"],
  close: ["M6 6l12 12M18 6L6 18"],
  check: ["M5 12.5l4.5 4.5L19 7.5"],
  down: ["M6 9.5l6 6 6-6"],
  play: ["M8 5.5v13l10.5-6.5z"],
  download: ["M12 4v11M7.5 11L12 15.5 16.5 11M5 19.5h14"],
  sticker: ["M5 4h14a1 1 0 0 1 1 1v9l-6 6H5a1 1 0 0 1-1-1V5a1 1 0 0 1 1-1z", "M20 14h-5a1 1 0 0 0-1 1v5", "M8.5 9.5v.01M14.5 9.5v.01M8.5 13a4 4 0 0 0 4 1.5"],
  image: ["M4.5 5h15a1 1 0 0 1 1 1v12a1 1 0 0 1-1 1h-15a1 1 0 0 1-1-1V6a1 1 0 0 1 1-1z", "M4 17l5-5 4 4 3-3 4 4", "M15.5 9v.01"],
  file: ["M7 3.5h7l4.5 4.5v12a.8.8 0 0 1-.8.8H7a.8.8 0 0 1-.8-.8V4.3A.8.8 0 0 1 7 3.5z", "M14 3.5V8h4.5"],
  chat: ["M5 5h14a1 1 0 0 1 1 1v9a1 1 0 0 1-1 1h-8l-4.5 3.5V16H5a1 1 0 0 1-1-1V6a1 1 0 0 1 1-1z"],
  bank: ["M4 9.5L12 4.5l8 5M5 9.5h14M6.5 10v7M10.2 10v7M13.8 10v7M17.5 10v7M4.5 19.5h15"],
  mail: ["M4 6h16a.8.8 0 0 1 .8.8v10.4a.8.8 0 0 1-.8.8H4a.8.8 0 0 1-.8-.8V6.8A.8.8 0 0 1 4 6z", "M4 7l8 6 8-6"],
  shop: ["M5 10v9.5h14V10M3.5 9.5L5.5 4.5h13l2 5a2.8 2.8 0 0 1-5.6 0 2.9 2.9 0 0 1-5.8 0 2.8 2.8 0 0 1-5.6 0zM9.5 19.5v-5h5v5"],
  clock: ["M12 3.5a8.5 8.5 0 1 0 0 17 8.5 8.5 0 0 0 0-17z", "M12 7.5V12l3 2"],
  plus: ["M12 5v14M5 12h14"],
  person: ["M12 4.5a3.7 3.7 0 1 0 0 7.4 3.7 3.7 0 0 0 0-7.4z", "M4.5 20c.6-4 3.6-6 7.5-6s6.9 2 7.5 6"],
  alert: ["M12 4.5l8.5 15h-17zM12 10v4.5M12 17v.01"],
  pix: ["M12 3.5l3.6 3.6L12 10.7 8.4 7.1zM12 13.3l3.6 3.6L12 20.5l-3.6-3.6zM7.1 8.4l3.6 3.6-3.6 3.6L3.5 12zM16.9 8.4l3.6 3.6-3.6 3.6-3.6-3.6z"],
};

export function icon(name, size = 22) {
  const solid = ["play", "reply"].includes(name) ? "currentColor" : "none";
  const paths = ICONS[name].map((d) => svg("path", { d }));
  return svg("svg", { viewBox: "0 0 24 24", width: size, height: size, fill: solid, stroke: "currentColor",
    "stroke-width": name === "more" ? 3.2 : 1.8, "stroke-linecap": "round", "stroke-linejoin": "round",
    "aria-hidden": "true", class: "icon icon-" + name }, ...paths);
}

/** One grey tick sent, two delivered, two blue read; a clock while on its way, a red mark when it failed. */
export function ticks(status) {
  const names = { sent: "enviada", delivered: "entregue", read: "lida", played: "ouvida", failed: "não enviada" };
  const seen = status === "read" || status === "played";
  const d = status === "failed" ? ["M8 2v6M8 10.2v.01"] : status === "sent" || seen || status === "delivered"
    ? ["M1.5 6.3l3.2 3.2 6-7", ...(status === "sent" ? [] : ["M7.6 8.9l.7.6 6-7"])]
    : ["M8 1.2a4.8 4.8 0 1 0 0 9.6 4.8 4.8 0 0 0 0-9.6zM8 3.5V6l1.7 1"];
  const drawing = svg("svg", { viewBox: "0 0 16 12", width: 16, height: 12, fill: "none", stroke: "currentColor",
    "stroke-width": 1.3, "stroke-linecap": "round", "stroke-linejoin": "round", "aria-hidden": "true" },
    ...d.map((path) => svg("path", { d: path })));
  return h("span.ticks", { "data-status": status || "pending", role: "img", "aria-label": names[status] || "na fila" }, drawing);
}

/** A round portrait with initials; the colour follows the name. */
export function avatar(name, size = 40, extra = "") {
  const words = String(name || "?").trim().split(/\s+/).filter((word) => /^\p{L}/u.test(word));
  const letters = words.length > 1 ? words[0][0] + words.at(-1)[0] : (words[0] || "?").slice(0, 1);
  const hue = [...String(name)].reduce((sum, char) => (sum * 31 + char.codePointAt(0)) % 360, 7);
  return h("span.avatar" + extra, { "--hue": hue, "--size": size + "px", "aria-hidden": "true" }, letters.toUpperCase());
}
