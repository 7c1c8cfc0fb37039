/* One message as WhatsApp draws it. `direction` is the phone's own view: "in" came to this person, "out" they sent. */
import { append, avatar, h, icon, safeUrl, svg, ticks } from "./dom.js";
import { fileSize, formatted, money, onlyEmoji, phone, time } from "./format.js";

/** act: {tap(bubble, option), open(bubble), copy(text, notice), location(bubble)}; `act` is null on a phone that only watches. */
export function drawBubble(bubble, { act, tail, mirror = false }) {
  const direction = mirror ? flip(bubble.direction) : bubble.direction;
  const bare = bubble.type === "sticker" || (bubble.type === "text" && onlyEmoji(bubble.text || ""));
  const box = h("article.bubble" + (tail ? ".tail" : "") + (bare ? ".bare" : ""), {
    "data-testid": mirror ? "business-bubble" : "bubble", "data-direction": direction, "data-type": bubble.type,
    "data-id": bubble.id, "aria-label": direction === "out" ? "Mensagem enviada" : "Mensagem recebida" });
  append(box, [quoted(bubble, mirror), body(bubble, direction, act)]);
  const row = h("div.bubble-row", { "data-direction": direction }, box);
  if (bubble.reaction) row.append(h("span.reaction", { "aria-label": "Reação" }, bubble.reaction));
  return row;
}

const flip = (direction) => (direction === "in" ? "out" : "in");

function body(bubble, direction, act) {
  const draw = DRAW[bubble.type] || unknown;
  return [...draw(bubble, direction, act), ...actions(bubble, act), failure(bubble, direction)].filter(Boolean);
}

function quoted(bubble, mirror) {
  if (!bubble.quoted) return null;
  const mine = bubble.quoted.mine !== mirror;
  return h("blockquote.quoted", { "data-mine": mine }, h("strong", {}, mine ? "Você" : mirror ? "Cliente" : bubble.quoted.name),
    h("span", {}, bubble.quoted.text.replace(/[*_~`]/g, "")));
}

function meta(bubble, direction) {
  return h("span.meta", {}, h("time", { dateTime: bubble.at }, time(bubble.at)), direction === "out" && ticks(bubble.status));
}

/** The text and, at the end of its last line, room for time and ticks: nothing moves when a tick changes. */
function words(text, bubble, direction) {
  const room = h("span.meta-room" + (direction === "out" ? ".with-ticks" : ""));
  const last = bubble.footer ? h("p.bubble-footer", {}, bubble.footer, room) : room;
  return h("div.words", {}, h("span.text", {}, ...formatted(text)), last, meta(bubble, direction));
}

const header = (bubble) => {
  const top = bubble.header;
  if (!top) return null;
  if (top.type === "text") return h("strong.bubble-header", {}, top.text);
  return top.type === "document" ? documentCard(top) : picture(top, top.type);
};

function picture(media, type, floating = null) {
  const url = safeUrl(media.url);
  const ratio = media.width && media.height ? Math.min(Math.max(media.width / media.height, 0.75), 1.91) : 4 / 3;
  if (type === "video") return h("div.picture", { "--ratio": ratio }, url && h("video", { src: url, controls: true, preload: "metadata" }));
  return h("a.picture", { href: url, target: "_blank", rel: "noopener noreferrer", "--ratio": ratio, "aria-label": "Abrir imagem" },
    url && h("img", { src: url, alt: "Imagem", loading: "lazy", decoding: "async" }), floating);
}

function documentCard(media) {
  const name = media.filename || "documento";
  const kind = (/\.([a-z0-9]{2,4})$/i.exec(name)?.[1] || "arq").toUpperCase();
  const detail = [media.pages && `${media.pages} páginas`, fileSize(media.size), kind].filter(Boolean).join(" · ");
  return h("a.document", { href: safeUrl(media.url), target: "_blank", rel: "noopener noreferrer", "data-testid": "document", download: false },
    h("span.document-icon", { "data-kind": kind, "aria-hidden": "true" }, kind),
    h("span.document-name", {}, h("b", {}, name), h("small", {}, detail)), icon("download", 20));
}

/* --- one function a type: each returns the nodes of the bubble --------------------------------------------------- */

const text = (bubble, direction) => [header(bubble), words(bubble.text || "", bubble, direction)].filter(Boolean);

function captioned(bubble, direction) {
  const shown = bubble.type === "document" ? documentCard(bubble.media) : picture(bubble.media, bubble.type,
    bubble.text ? null : h("span.on-picture", {}, meta(bubble, direction)));
  if (bubble.text) return [shown, words(bubble.text, bubble, direction)];
  return bubble.type === "image" ? [shown] : [shown, h("div.words.words-short", {}, meta(bubble, direction))];
}

function audio(bubble, direction) {
  const bars = Array.from({ length: 34 }, (_, at) => 3 + ((at * 7919 + bubble.id.length * 31) % 13) * (0.5 + Math.abs(Math.sin(at / 3)) / 1.4));
  const wave = svg("svg", { viewBox: "0 0 136 24", width: 136, height: 24, class: "wave", "aria-hidden": "true" },
    ...bars.map((tall, at) => svg("rect", { x: at * 4, y: 12 - tall / 2, width: 2.2, height: tall, rx: 1.1, fill: "currentColor" })));
  return [h("div.audio", { role: "img", "aria-label": "Áudio" }, icon("play", 28), wave, h("span.audio-mic", {}, icon("mic", 20))),
    h("div.words.words-short", {}, h("small.audio-length", {}, bubble.duration || "0:03"), meta(bubble, direction))];
}

function sticker(bubble, direction) {
  const url = safeUrl(bubble.media?.url);
  return [url ? h("img.sticker", { src: url, alt: "Figurinha", width: 144, height: 144 }) : h("span.sticker", {}, icon("sticker", 96)),
    h("span.on-sticker", {}, meta(bubble, direction))];
}

function place(bubble, direction) {
  const { latitude, longitude, name, address } = bubble.location || {};
  const label = name || address || `${Number(latitude).toFixed(4)}, ${Number(longitude).toFixed(4)}`;
  return [streets(), h("div.words", {}, h("span.text", {}, h("strong", {}, label), name && address && h("br"), name && address),
    h("span.meta-room.with-ticks"), meta(bubble, direction))];
}

function streets() {
  const road = (d, wide) => svg("path", { d, class: "road", "stroke-width": wide });
  return svg("svg", { viewBox: "0 0 260 120", class: "map", role: "img", "aria-label": "Mapa" },
    svg("rect", { width: 260, height: 120, class: "land" }), svg("path", { d: "M0 0h84l-16 46L0 62z", class: "park" }),
    svg("path", { d: "M190 120c8-30 40-34 70-30v30z", class: "water" }),
    road("M-5 78L265 36", 9), road("M92-5l34 130", 9), road("M-5 30L120 4", 5), road("M40 125L70-5", 5), road("M170-5l22 130", 5), road("M100 100L265 76", 5),
    svg("g", { class: "pin", transform: "translate(130 52)" }, svg("path", { d: "M0 14S11 2 11-7A11 11 0 0 0-11-7C-11 2 0 14 0 14z" }), svg("circle", { cy: -7, r: 4 })));
}

function contacts(bubble, direction) {
  const [first] = bubble.contacts || [];
  return [h("div.contact", {}, avatar(first?.name, 44), h("span", {}, h("b", {}, first?.name || "Contato"), h("small", {}, phone(first?.phone)))),
    h("div.words.words-short", {}, meta(bubble, direction))];
}

function order(bubble, direction, act) {
  const sheet = bubble.order;
  const paid = sheet.status === "captured" || sheet.status === "completed";
  const off = sheet.status === "canceled";
  const lines = sheet.items.map((item) => h("li", {}, h("span", {}, item.quantity > 1 ? `${item.quantity} × ${item.name}` : item.name), h("span", {}, money(item.amount * item.quantity))));
  const code = sheet.pix_code;
  return [h("div.order", { "data-paid": paid, "data-testid": "order" },
    header(bubble),
    h("div.order-top", {}, h("span.order-icon", {}, icon("pix", 24)), h("span", {}, h("b", {}, money(sheet.total)), h("small", {}, `Pedido ${sheet.reference_id}`)),
      h("span.order-state", { "data-state": paid ? "paid" : off ? "off" : "open" }, paid ? "Pago" : off ? "Cancelado" : "Pendente")),
    h("ul.order-items", {}, lines)),
  words(bubble.text || "", bubble, direction),
  code && !paid && !off && h("button.bubble-action", { type: "button", "data-testid": "pix-copy", disabled: !act,
    onclick: () => act.copy(code, "Código Pix copiado") }, icon("copy", 18), "Copiar código Pix"),
  paid && h("p.order-paid", {}, icon("check", 18), "Pagamento confirmado")].filter(Boolean);
}

function unknown(bubble, direction) {
  return [words(bubble.text || `Mensagem do tipo ${bubble.type}`, bubble, direction)];
}

const DRAW = { text, buttons: text, button: text, list: text, cta_url: text, location_request: text, template: text, interactive: text, flow: text, order_status: text,
  request_contact: text, image: captioned, video: captioned, document: captioned, audio, sticker, location: place, contacts, order_details: order };

/* --- what can be touched under the words ------------------------------------------------------------------------- */

function actions(bubble, act) {
  const made = (bubble.buttons || []).map((option) => button(bubble, option, act));
  if (bubble.list) made.push(h("button.bubble-action", { type: "button", "data-testid": "chat-list", disabled: !act,
    onclick: () => act.open(bubble) }, icon("list", 18), bubble.list.button));
  if (bubble.type === "location_request") made.push(h("button.bubble-action", { type: "button", "data-testid": "chat-location", disabled: !act,
    onclick: () => act.location(bubble) }, icon("pin", 18), "Enviar localização"));
  return made.length ? [h("div.bubble-actions", {}, made)] : [];
}

function button(bubble, option, act) {
  if (option.kind === "url") return h("a.bubble-action", { href: safeUrl(option.url), target: "_blank", rel: "noopener noreferrer",
    "data-testid": "chat-link" }, icon("link", 18), option.title);
  if (option.kind === "copy") return h("button.bubble-action", { type: "button", disabled: !act, "data-testid": "chat-copy",
    onclick: () => act.copy(option.code, "Código copiado") }, icon("copy", 18), option.title);
  return h("button.bubble-action", { type: "button", "data-testid": "chat-option", "data-tapped": bubble.tapped === option.id,
    disabled: !act, onclick: () => act.tap(bubble, option) }, icon("reply", 17), option.title);
}

function failure(bubble, direction) {
  if (bubble.status !== "failed" || direction !== "out") return "";
  return h("p.bubble-failure", {}, bubble.error || "Não enviada");
}
