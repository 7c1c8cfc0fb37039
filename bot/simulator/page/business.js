/* The business's phone: its inbox as WhatsApp Business shows it, and one chat seen from the business's side. */
import { avatar, fill, h, icon, keyed, ticks } from "./dom.js";
import { drawLog } from "./chat.js";
import { phone, when } from "./format.js";
import { changed, now, state, view } from "./store.js";

const parts = {};

export function mountBusiness(root) {
  parts.list = h("ul.inbox");
  parts.log = h("div.log.log-small", { role: "log", "aria-label": "Conversa vista pelo negócio", tabIndex: 0 });
  parts.head = h("header.inbox-head");
  parts.chat = h("div.inbox-chat", { hidden: true }, parts.head, parts.log);
  fill(root, parts.list, parts.chat);
}

export function drawBusiness() {
  document.getElementById("business-number").textContent = phone(state.business.number);
  const open = state.people.find((someone) => someone.wa_id === view.business);
  parts.list.hidden = Boolean(open);
  parts.chat.hidden = !open;
  if (open) drawOpen(open);
  else drawInbox();
}

const SNIPPET = { image: "📷 Foto", video: "🎥 Vídeo", audio: "🎤 Áudio", sticker: "Figurinha", document: "📄 ", location: "📍 Localização", contacts: "👤 Contato", order_details: "💠 Pedido com Pix" };

function snippet(bubble) {
  const words = (bubble.text || "").replace(/[*_~`]/g, "").replace(/\s+/g, " ");
  const mark = SNIPPET[bubble.type];
  if (bubble.type === "document") return mark + (bubble.media?.filename || "Documento");
  return mark ? (words && bubble.type !== "order_details" ? `${mark.split(" ")[0]} ${words}` : mark) : words || "Mensagem";
}

function drawInbox() {
  const rows = state.people.map((someone) => ({ ...someone, last: (state.chats[someone.wa_id] || []).at(-1),
    floor: state.dialogues.find((one) => one.wa_id === someone.wa_id)?.floor }))
    .filter((row) => row.last).sort((one, other) => (one.last.at < other.last.at ? 1 : -1));
  keyed(parts.list, rows.length ? rows : [{ wa_id: "none" }], (row) => row.wa_id, (row) => {
    if (row.wa_id === "none") return h("li", {}, h("p.empty", {}, "A caixa do negócio está vazia."));
    return h("li", {}, h("button.inbox-row", { type: "button", "data-testid": "business-row", onclick: () => { view.business = row.wa_id; changed(); } },
      avatar(row.name, 40), h("span.inbox-what", {}, h("span", {}, h("b", {}, row.name), h("time", {}, when(row.last.at, now()))),
        h("span", {}, h("small", {}, row.last.direction === "in" && ticks(row.last.status), snippet(row.last)),
          row.floor === "human" && h("span.chip.chip-warn", {}, "pede atendente")))));
  });
}

function drawOpen(someone) {
  const close = h("button.icon-button", { type: "button", "aria-label": "Voltar à caixa do negócio", onclick: () => { view.business = null; changed(); } }, icon("back", 20));
  if (parts.head.dataset.person !== someone.wa_id) {
    parts.head.dataset.person = someone.wa_id;
    parts.log.replaceChildren();
    fill(parts.head, close, avatar(someone.name, 32), h("span.chat-name", {}, h("b", {}, someone.name), h("small", {}, phone(someone.wa_id))));
  }
  const low = parts.log.scrollHeight - parts.log.scrollTop - parts.log.clientHeight < 60;
  const empty = !parts.log.childElementCount;
  drawLog(parts.log, state.chats[someone.wa_id] || [], { act: null, mirror: true });
  if (low || empty) parts.log.scrollTop = parts.log.scrollHeight;
}

