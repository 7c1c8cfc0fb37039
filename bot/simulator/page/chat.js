/* The customer's phone: header, conversation, composer, and the sheet a list message opens. */
import { avatar, fill, h, icon, keyed } from "./dom.js";
import { drawBubble } from "./bubble.js";
import { clockFace, dayKey, dayName } from "./format.js";
import { changed, markSeen, now, onPhone, person, remember, state, tell, view } from "./store.js";
import { copyText, openTab } from "./shell.js";

const EMOJI = [..."😀😂🥰😍😊😉🤔😅😢😭😡👍👎🙏👏💪❤️💚🎉🔥✅❌📍📎📷💳🏠👶🐶⏰☕🇧🇷".matchAll(/\p{Regional_Indicator}{2}|\p{Extended_Pictographic}\uFE0F?/gu)].map(([one]) => one);
const parts = {};
let shownPerson = null;
let pinned = true;

const act = {
  tap: (bubble, option) => tell("tap", { message_id: bubble.id, option_id: option.id, title: option.title }),
  open: openSheet,
  location: (bubble) => tell("location", { context: bubble.id }),
  copy: (code, notice) => copyText(code, notice),
};

export function mountChat(phone) {
  parts.clock = h("span.phone-time");
  parts.title = h("div.chat-title");
  parts.log = h("div.log", { role: "log", "aria-live": "polite", "aria-label": "Conversa", tabIndex: 0, onscroll: watchScroll });
  parts.jump = h("button.jump", { type: "button", "aria-label": "Ir para o fim", hidden: true, onclick: () => toEnd(true) }, icon("down", 22));
  parts.sheet = h("div.sheet-layer", { hidden: true, onclick: (event) => event.target === parts.sheet && closeSheet() });
  parts.popover = h("div.popover", { hidden: true });
  fill(phone, statusBar(), chatHeader(), h("div.conversation", {}, parts.log, parts.jump), composer(), h("div.home-bar", { "aria-hidden": "true" }), parts.sheet);
  phone.addEventListener("keydown", (event) => event.key === "Escape" && (closeSheet(), closePopover()));
}

function statusBar() {
  return h("div.statusbar", { "aria-hidden": "true" }, parts.clock, h("span.camera-hole"), h("span.statusbar-right", {},
    h("i.signal"), h("span", {}, "5G"), h("i.battery")));
}

function chatHeader() {
  return h("header.chat-header", {},
    h("button.icon-button.back", { type: "button", "aria-label": "Voltar para pessoas", onclick: () => openTab("business") }, icon("back", 24)),
    parts.title,
    h("span.chat-header-icons", { "aria-hidden": "true" }, icon("video", 24), icon("call", 22), icon("more", 22)));
}

/* --- composer ---------------------------------------------------------------------------------------------------- */

function composer() {
  parts.input = h("textarea.chat-input", { rows: 1, placeholder: "Mensagem", maxLength: 4096, "aria-label": "Mensagem", "data-testid": "chat-input",
    oninput: grow, onkeydown: (event) => { if (event.key === "Enter" && !event.shiftKey && !event.isComposing) { event.preventDefault(); send(); } } });
  parts.send = h("button.send", { type: "button", "aria-label": "Enviar", "data-testid": "chat-send", hidden: true, onclick: send }, icon("send", 22));
  parts.mic = h("button.send", { type: "button", "aria-label": "Enviar áudio", "data-testid": "chat-audio", onclick: () => tell("audio") }, icon("mic", 24));
  parts.file = h("input", { type: "file", hidden: true, "aria-label": "Escolher arquivo", "data-testid": "chat-file", accept: "image/jpeg,image/png,application/pdf", onchange: upload });
  return h("div.composer", {}, parts.popover, parts.file,
    h("div.composer-field", {},
      h("button.icon-button", { type: "button", "aria-label": "Emoji", onclick: () => popover("emoji", emojiGrid) }, icon("emoji", 24)),
      parts.input,
      h("button.icon-button", { type: "button", "aria-label": "Anexar", "data-testid": "chat-attach", onclick: () => popover("attach", attachMenu) }, icon("clip", 23)),
      h("button.icon-button.camera", { type: "button", "aria-label": "Enviar foto de exemplo", onclick: () => tell("media", { kind: "image" }) }, icon("camera", 23))),
    parts.send, parts.mic);
}

function grow() {
  parts.input.style.height = "auto";
  parts.input.style.height = Math.min(parts.input.scrollHeight, 120) + "px";
  const empty = !parts.input.value.trim();
  parts.send.hidden = empty;
  parts.mic.hidden = !empty;
}

async function send() {
  const text = parts.input.value.trim();
  if (!text || !person()) return;
  parts.input.value = "";
  grow();
  pinned = true;
  if (!(await tell("say", { text })) && !parts.input.value) { parts.input.value = text; grow(); }
}

function popover(kind, build) {
  if (!parts.popover.hidden && parts.popover.dataset.kind === kind) return closePopover();
  parts.popover.dataset.kind = kind;
  fill(parts.popover, build());
  parts.popover.hidden = false;
  parts.popover.querySelector("button")?.focus();
}

const closePopover = () => { parts.popover.hidden = true; };

function emojiGrid() {
  return EMOJI.map((emoji) => h("button.emoji", { type: "button", "aria-label": emoji, onclick: () => {
    parts.input.setRangeText(emoji, parts.input.selectionStart, parts.input.selectionEnd, "end");
    parts.input.focus();
    grow();
  } }, emoji));
}

function attachMenu() {
  const option = (name, label, hue, run) => h("button.attach", { type: "button", "data-testid": "attach-" + name, onclick: () => { closePopover(); run(); } },
    h("span.attach-icon", { "--hue": hue }, icon(name, 24)), label);
  return [
    option("file", "Arquivo", 262, () => parts.file.click()),
    option("image", "Foto", 208, () => tell("media", { kind: "image" })),
    option("pin", "Localização", 152, () => tell("location")),
    option("sticker", "Figurinha", 182, () => tell("sticker")),
    option("mic", "Áudio", 24, () => tell("audio")),
    option("person", "Contato", 200, () => tell("contact")),
  ];
}

async function upload() {
  const [file] = parts.file.files;
  parts.file.value = "";
  if (!file) return;
  const form = new FormData();
  form.append("file", file, file.name);
  await tell("media", form);
}

/* --- the list sheet ---------------------------------------------------------------------------------------------- */

function openSheet(bubble) {
  const before = document.activeElement;
  const sections = bubble.list.sections.map((section) => h("section", {}, section.title && h("h4", {}, section.title),
    section.rows.map((row) => h("button.sheet-row", { type: "button", "data-testid": "chat-row", "data-id": row.id, onclick: () => pick(bubble, row) },
      h("span", {}, h("b", {}, row.title), row.description && h("small", {}, row.description)), h("i.radio", { "aria-hidden": "true" })))));
  fill(parts.sheet, h("div.sheet", { role: "dialog", "aria-modal": "true", "aria-label": bubble.list.button },
    h("header", {}, h("button.icon-button", { type: "button", "aria-label": "Fechar", onclick: closeSheet }, icon("close", 22)), h("h3", {}, bubble.list.button)),
    h("div.sheet-body", {}, sections)));
  parts.sheet.hidden = false;
  parts.sheet.before = before;
  parts.sheet.onkeydown = trap;
  parts.sheet.querySelector(".sheet-row")?.focus({ preventScroll: true });
}

function trap(event) {
  const buttons = [...parts.sheet.querySelectorAll("button")];
  const at = buttons.indexOf(document.activeElement);
  const step = { ArrowDown: 1, ArrowUp: -1, Tab: event.shiftKey ? -1 : 1 }[event.key];
  if (!step) return;
  event.preventDefault();
  buttons[(at + step + buttons.length) % buttons.length].focus();
}

function closeSheet() {
  if (parts.sheet.hidden) return;
  parts.sheet.hidden = true;
  parts.sheet.replaceChildren();
  parts.sheet.before?.focus?.({ preventScroll: true });
}

async function pick(bubble, row) {
  closeSheet();
  pinned = true;
  await tell("pick", { message_id: bubble.id, row_id: row.id, title: row.title, description: row.description });
}

/* --- drawing ----------------------------------------------------------------------------------------------------- */

export function drawClock() {
  parts.clock.textContent = clockFace(now()).slice(0, 5);
}

export function drawChat() {
  const someone = person();
  const bubbles = onPhone(someone?.wa_id);
  if (shownPerson !== someone?.wa_id) { shownPerson = someone?.wa_id; pinned = true; closeSheet(); closePopover(); parts.log.replaceChildren(); }
  drawTitle(someone);
  const grew = drawLog(parts.log, bubbles, { act, typing: someone?.typing, name: state.business.name });
  parts.input.disabled = !someone;
  if (someone && view.tab === "chat") markSeen(someone.wa_id);
  if (pinned) toEnd();
  else if (grew) parts.jump.dataset.new = "true";
}

function drawTitle(someone) {
  const print = JSON.stringify([state.business.name, someone?.typing, someone?.wa_id]);
  if (parts.title.print === print) return;
  parts.title.print = print;
  fill(parts.title, avatar(state.business.name || "Balcão", 40, ".avatar-business"), h("span.chat-name", {},
    h("b", {}, state.business.name || "Balcão", h("span.verified", { title: "Conta comercial", role: "img", "aria-label": "Conta comercial" }, icon("check", 11))),
    h("small", {}, someone?.typing ? "digitando…" : "conta comercial")));
}

/** Day separators, bubbles (a tail on the first of each run) and the typing dots; true when messages were added. */
export function drawLog(log, bubbles, { act: hands, typing, mirror = false }) {
  const items = [];
  bubbles.forEach((bubble, index) => {
    const before = bubbles[index - 1];
    if (!before || dayKey(before.at) !== dayKey(bubble.at)) items.push({ key: "day-" + dayKey(bubble.at), day: dayName(bubble.at, now()) });
    const first = !before || before.direction !== bubble.direction || items.at(-1).day;
    items.push({ key: bubble.id, bubble, tail: Boolean(first) });
  });
  if (!bubbles.length && !mirror) items.push({ key: "empty", empty: true });
  if (typing) items.push({ key: "typing", typing });
  const before = log.childElementCount;
  keyed(log, items, (item) => item.key, (item) => drawItem(item, hands, mirror));
  return log.childElementCount > before;
}

function drawItem(item, hands, mirror) {
  if (item.day) return h("div.day", {}, h("span", {}, item.day));
  if (item.typing) return h("div.bubble-row", { "data-direction": "in" }, h("div.bubble.tail.typing", { "data-testid": "typing", "aria-label": "digitando" }, h("i"), h("i"), h("i")));
  if (item.empty) return h("div.empty-chat", {}, h("p", {}, "Esta é uma conversa com um negócio de faz de conta. Mande um "), h("button.hello", { type: "button",
    "data-testid": "say-hello", onclick: () => tell("say", { text: "oi" }) }, "oi"), h("p", {}, " para começar."));
  return drawBubble(item.bubble, { act: hands, tail: item.tail, mirror });
}

function watchScroll() {
  pinned = parts.log.scrollHeight - parts.log.scrollTop - parts.log.clientHeight < 60;
  parts.jump.hidden = pinned;
  if (pinned) parts.jump.dataset.new = "false";
}

function toEnd(smooth = false) {
  parts.log.scrollTo({ top: parts.log.scrollHeight, behavior: smooth ? "smooth" : "instant" });
  parts.jump.hidden = true;
  pinned = true;
}

export function look(waId) {
  remember(waId);
  markSeen(waId);
  changed();
  if (matchMedia("(max-width: 760px)").matches) openTab("chat");
}

