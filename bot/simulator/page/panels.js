/* The panels beside the phone: people, dialogue, clock, faults, bank, mailbox. */
import { avatar, fill, h, icon, keyed, safeUrl } from "./dom.js";
import { clockFace, fileSize, inline, longDate, money, phone, span, time, when } from "./format.js";
import { changed, nameOf, now, post, state, unread, view } from "./store.js";
import { badge, copyText } from "./shell.js";
import { look } from "./chat.js";

const at = (id) => document.getElementById(id);

/* --- people ------------------------------------------------------------------------------------------------------ */

export function mountPeople() {
  fill(at("new-person"), icon("plus", 18), "Nova pessoa");
  at("new-person").addEventListener("click", async () => {
    const made = await post("/people");
    if (made) look(made.wa_id);
  });
}

export function drawPeople() {
  const people = state.people.map((someone) => ({ ...someone, unread: someone.wa_id === view.person && view.tab === "chat" ? 0 : unread(someone.wa_id), on: someone.wa_id === view.person }));
  keyed(at("people"), people, (someone) => someone.wa_id, (someone) => h("li", {}, h("button.person", { type: "button", "data-testid": "person",
    "data-wa-id": someone.wa_id, "aria-pressed": someone.on ? "true" : "false", onclick: () => look(someone.wa_id) },
    avatar(someone.name, 36), h("span.person-name", {}, h("b", {}, someone.name), h("small", {}, someone.kind === "business" ? "Equipe ou parceiro" : phone(someone.wa_id))),
    someone.unread > 0 && h("span.badge", { "aria-label": `${someone.unread} não lidas` }, someone.unread))));
}

/* --- where each dialogue stands ---------------------------------------------------------------------------------- */

const FLOOR = { bot: "Robô", human: "Atendente", parked: "Em espera" };

export function drawDialogues() {
  const mine = state.dialogues.filter((one) => one.wa_id === view.person);
  const others = state.dialogues.filter((one) => one.wa_id !== view.person);
  const items = [...mine, ...others].map((one) => ({ ...one, name: nameOf(one.wa_id), mine: one.wa_id === view.person }));
  keyed(at("dialogues"), items.length ? items : [{ wa_id: "none" }], (one) => one.wa_id, drawDialogue);
}

function drawDialogue(one) {
  if (one.wa_id === "none") return h("p.empty", {}, "Ninguém escreveu ainda. Mande um “oi” no celular.");
  const steps = one.of > 0 && one.step ? h("div.progress", { role: "progressbar", "aria-valuenow": one.step, "aria-valuemin": 0, "aria-valuemax": one.of,
    "aria-label": "Passo" }, h("i", { "--done": Math.min(1, one.step / one.of) })) : null;
  return h("div.dialogue", { "data-mine": one.mine, "data-testid": "dialogue", "data-state": one.state },
    h("div.dialogue-top", {}, h("b", {}, one.name), h("span.chip", { "data-floor": one.floor }, FLOOR[one.floor] || one.floor)),
    h("div.dialogue-state", {}, h("code", {}, one.dialogue), icon("back", 14), h("code", {}, one.state), steps && h("span.steps", {}, `passo ${one.step} de ${one.of}`)),
    one.beneath && h("div.dialogue-state", { "data-testid": "dialogue-beneath" }, one.beneath.paused ? "em pausa" : "dentro de",
      h("code", {}, one.beneath.dialogue), icon("back", 14), h("code", {}, one.beneath.state)),
    steps, one.mailbox_depth > 0 && h("small.waiting", {}, `${one.mailbox_depth} na caixa, à espera do turno`));
}

/* --- clock ------------------------------------------------------------------------------------------------------- */

const JUMPS = [[60, "+1 min", "clock-minute"], [900, "+15 min", "clock-quarter"], [3600, "+1 h", "clock-hour"], [86400, "+1 dia", "clock-day"]];
const face = { time: h("b.clock-time", { "data-testid": "clock-time" }), date: h("small") };

export function mountClock() {
  fill(at("clock"), h("div.clock-face", {}, face.time, face.date), h("div.clock-jumps", {}, JUMPS.map(([seconds, label, name]) =>
    h("button.button", { type: "button", "data-testid": name, onclick: () => post("/clock", { seconds }) }, label))));
}

export function drawClockPanel() {
  face.time.textContent = clockFace(now());
  face.date.textContent = longDate(now());
  const offset = at("clock-offset");
  offset.hidden = state.clock.offset < 1;
  offset.textContent = "+ " + span(state.clock.offset);
}

/* --- faults ------------------------------------------------------------------------------------------------------ */

/* Name of the switch, label, what it does. The server knows the same names (switches.py). */
const FAULTS = [["meta_slow", "Meta lenta", "cada envio demora"], ["meta_throttled", "Meta limitada", "recusa por ritmo"],
  ["meta_duplicated", "Avisos duplicados", "chegam duas vezes"], ["meta_reordered", "Avisos trocados", "fora de ordem"],
  ["meta_down", "Meta fora do ar", "nenhum envio passa"],
  ["bank_down", "Banco fora do ar", "cobranças não saem"], ["bank_silent", "Banco calado", "recebe e não avisa"], ["cep_down", "CEP fora do ar", "endereço não vem"],
  ["mail_down", "E-mail fora do ar", "códigos não saem"], ["sms_down", "SMS fora do ar", "códigos não saem"]];

export function drawFaults() {
  const shown = FAULTS.filter(([name]) => name in state.faults);
  keyed(at("faults"), shown.map(([name, label, hint]) => ({ name, label, hint, on: Boolean(state.faults[name]) })), (fault) => fault.name, (fault) => {
    const box = h("input", { type: "checkbox", role: "switch", checked: fault.on, "data-testid": "fault-" + fault.name.replace("_", "-"),
      onchange: (event) => post("/faults", { [fault.name]: event.target.checked }) });
    return h("label.switch", { title: fault.hint }, h("span", {}, h("b", {}, fault.label), h("small", {}, fault.hint)), box, h("i", { "aria-hidden": "true" }));
  });
  const on = shown.filter(([name]) => state.faults[name]).length;
  keyed(at("refusals"), state.refusals.count ? [state.refusals] : [], () => "refusals", ({ count, code, details }) => h("p.refusals", { "data-testid": "refusals" },
    icon("alert", 16), h("span", {}, h("b", {}, `A Meta recusou ${count} ${count === 1 ? "envio" : "envios"}`), h("small", {}, `(${code}) ${details}`))));
  at("faults-count").hidden = !on;
  at("faults-count").textContent = on === 1 ? "1 ligada" : `${on} ligadas`;
}

/* --- bank -------------------------------------------------------------------------------------------------------- */

const CHARGE = { open: "Aguardando", paid: "Paga", expired: "Expirada", canceled: "Cancelada", short: "Valor menor", over: "Valor maior", twice: "Paga 2 vezes" };
const WAY = {
  exact: ["Pagar", "bank-pay", "Paga o valor certo"],
  twice: ["Pagar 2×", "bank-pay-twice", "Paga duas vezes"],
  again: ["Pagar de novo", "bank-pay-twice", "Paga outra vez a mesma cobrança"],
  short: ["A menos", "bank-pay-short", "Paga menos que o valor"],
  over: ["A mais", "bank-pay-over", "Paga mais que o valor"],
  late: ["Atrasado", "bank-pay-late", "Avança o relógio até vencer e paga"],
};
const WAYS = { open: ["exact", "twice", "short", "over", "late"], expired: ["exact", "late"], canceled: ["late"] };

/** Pays what was copied in the chat, as in any bank's app. */
export function mountBank() {
  const code = h("input.bank-code", { type: "text", placeholder: "Pix copia e cola", "aria-label": "Pix copia e cola", "data-testid": "bank-code", autocomplete: "off", spellcheck: false });
  const form = h("form.bank-paste", { onsubmit: async (event) => {
    event.preventDefault();
    if (code.value.trim() && (await post("/bank/pay", { txid: code.value.trim(), mode: "exact" }))) code.value = "";
  } }, code, h("button.button", { type: "submit", "data-testid": "bank-code-pay" }, "Pagar"));
  at("bank").before(form);
}

export function drawBank() {
  const charges = state.bank.charges.map((charge) => ({ ...charge, left: charge.state === "open" ? Math.max(0, Math.ceil((Date.parse(charge.expires_at) - now()) / 60000)) : null }));
  keyed(at("bank"), charges.length ? charges : [{ txid: "none" }], (charge) => charge.txid, drawCharge);
  badge("bank", charges.filter((charge) => charge.state === "open").length);
}

function drawCharge(charge) {
  if (charge.txid === "none") return h("p.empty", {}, "Nenhuma cobrança ainda. Quando o Pix chegar na conversa, ele aparece aqui para pagar.");
  const due = charge.state === "open" ? (charge.left > 0 ? `vence em ${span(charge.left * 60)}` : "vencendo") : `criada às ${time(charge.created_at)}`;
  return h("article.charge", { "data-testid": "charge", "data-state": charge.state, "data-txid": charge.txid, "aria-label": `Cobrança de ${money(charge.amount)}` },
    h("div.charge-top", {}, h("span.charge-icon", {}, icon("pix", 22)),
      h("span.charge-what", {}, h("b", {}, money(charge.amount)), h("small", {}, charge.description || "Cobrança Pix")),
      h("span.chip", { "data-charge": charge.state }, CHARGE[charge.state] || charge.state)),
    h("div.charge-line", {}, h("span", {}, charge.payer_name ? `${charge.payer_name} · ${due}` : due),
      h("button.text-button", { type: "button", "aria-label": "Copiar código Pix da cobrança", onclick: () => copyText(charge.br_code, "Código Pix copiado") }, icon("copy", 14), charge.txid.slice(0, 8))),
    h("div.charge-ways", {}, (WAYS[charge.state] || ["again"]).map((mode) => way(charge, mode))),
    charge.payments.length > 0 && h("ul.payments", {}, charge.payments.map((payment) => h("li", {}, icon("check", 14), `${money(payment.amount)} às ${time(payment.at)}`,
      payment.refunded > 0 && h("em", {}, ` · devolvido ${money(payment.refunded)}`)))));
}

function way(charge, mode) {
  const [label, name, title] = WAY[mode];
  return h("button.button" + (mode === "exact" && charge.state === "open" ? ".button-main" : ""), { type: "button", title, "data-testid": name,
    onclick: (event) => pay(event.currentTarget, charge, mode === "again" ? "twice" : mode) }, label);
}

async function pay(button, charge, mode) {
  button.disabled = true;
  await post("/bank/pay", { txid: charge.txid, mode });
  button.disabled = false;
}

/* --- mailbox and SMS --------------------------------------------------------------------------------------------- */

export function drawMail() {
  const letters = [...state.mailbox.map((mail) => ({ ...mail, kind: "mail" })), ...state.sms.map((sms) => ({ ...sms, kind: "sms" }))]
    .sort((one, other) => (one.at < other.at ? 1 : -1)).map((letter) => ({ ...letter, open: view.mail === letter.id }));
  keyed(at("mail"), letters.length ? letters : [{ id: "none" }], (letter) => letter.id, drawLetter);
  at("mail-count").hidden = !letters.length;
  at("mail-count").textContent = letters.length;
  badge("mail", letters.length);
}

function drawLetter(letter) {
  if (letter.id === "none") return h("p.empty", {}, "Nada por aqui. Códigos e contratos chegam nesta caixa.");
  const subject = letter.kind === "sms" ? "SMS" : letter.subject;
  const head = h("button.letter-head", { type: "button", "data-testid": letter.kind + "-item", "aria-expanded": letter.open ? "true" : "false",
    onclick: () => { view.mail = letter.open ? null : letter.id; changed(); } },
    h("span.letter-icon", { "data-kind": letter.kind }, icon(letter.kind === "sms" ? "chat" : "mail", 20)),
    h("span.letter-what", {}, h("b", {}, subject), h("small", {}, letter.open ? `para ${letter.to}` : letter.text.replace(/\s+/g, " ").slice(0, 90))),
    h("time", { dateTime: letter.at }, when(letter.at, now())));
  return h("article.letter", {}, head, letter.open && h("div.letter-body", { "data-testid": "mail-body" }, h("p", {}, ...inline(letter.text)),
    (letter.attachments || []).map((file) => h("a.attachment", { href: safeUrl(file.url), download: file.filename, "data-testid": "mail-attachment" },
      icon("file", 18), h("span", {}, file.filename), h("small", {}, fileSize(file.size)), icon("download", 16)))));
}

