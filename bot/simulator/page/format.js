/* How WhatsApp shows text, and how a Brazilian reads money, dates and sizes. */
import { h, safeUrl } from "./dom.js";

const ZONE = "America/Sao_Paulo";
const TIME = new Intl.DateTimeFormat("pt-BR", { timeZone: ZONE, hour: "2-digit", minute: "2-digit" });
const CLOCK = new Intl.DateTimeFormat("pt-BR", { timeZone: ZONE, hour: "2-digit", minute: "2-digit", second: "2-digit" });
const DAY = new Intl.DateTimeFormat("pt-BR", { timeZone: ZONE, day: "numeric", month: "long", year: "numeric" });
const DATE = new Intl.DateTimeFormat("pt-BR", { timeZone: ZONE, weekday: "long", day: "numeric", month: "long" });
const SHORT = new Intl.DateTimeFormat("pt-BR", { timeZone: ZONE, day: "2-digit", month: "2-digit" });
const WEEKDAY = new Intl.DateTimeFormat("pt-BR", { timeZone: ZONE, weekday: "long" });
const KEY = new Intl.DateTimeFormat("en-CA", { timeZone: ZONE, year: "numeric", month: "2-digit", day: "2-digit" });
const MONEY = new Intl.NumberFormat("pt-BR", { style: "currency", currency: "BRL" });

export const time = (iso) => TIME.format(new Date(iso));
export const clockFace = (ms) => CLOCK.format(new Date(ms));
export const longDate = (ms) => DATE.format(new Date(ms));
export const dayKey = (at) => KEY.format(new Date(at));
export const money = (cents) => MONEY.format((cents || 0) / 100);

const midnight = (at) => Date.parse(dayKey(at) + "T00:00:00Z");
const daysAgo = (iso, now) => Math.round((midnight(now) - midnight(iso)) / 86400000);

/** "Hoje", "Ontem", a weekday of the last week, or the date: WhatsApp's separators. */
export function dayName(iso, now) {
  const days = daysAgo(iso, now);
  if (days === 0) return "Hoje";
  if (days === 1) return "Ontem";
  return days > 1 && days < 7 ? WEEKDAY.format(new Date(iso)) : DAY.format(new Date(iso));
}

/** For lists: the time today, else the day. */
export function when(iso, now) {
  const days = daysAgo(iso, now);
  return days === 0 ? time(iso) : days === 1 ? "Ontem" : SHORT.format(new Date(iso));
}

/** 4500 → "1 h 15 min"; the two largest units. */
export function span(seconds) {
  const total = Math.round(Math.abs(seconds));
  const parts = [[Math.floor(total / 86400), "d"], [Math.floor(total / 3600) % 24, "h"], [Math.floor(total / 60) % 60, "min"]]
    .filter(([count]) => count > 0).slice(0, 2);
  return parts.length ? parts.map(([count, unit]) => `${count} ${unit}`).join(" ") : `${total} s`;
}

export function fileSize(bytes) {
  if (!bytes) return "";
  if (bytes < 1024) return bytes + " B";
  return bytes < 1048576 ? Math.round(bytes / 1024) + " kB" : (bytes / 1048576).toFixed(1).replace(".", ",") + " MB";
}

/** 5511987654321 → +55 11 98765-4321 */
export function phone(waId) {
  const parts = /^55(\d{2})(\d{4,5})(\d{4})$/.exec(waId || "");
  return parts ? `+55 ${parts[1]} ${parts[2]}-${parts[3]}` : waId ? "+" + waId : "";
}

const EDGE = "(?<![\\p{L}\\p{N}])";
const END = "(?![\\p{L}\\p{N}])";
const marked = (mark) => `${EDGE}${mark}(?=\\S)[^\\n]*?\\S${mark}${END}|${EDGE}${mark}[^\\s${mark}]${mark}${END}`;
const TOKEN = new RegExp(
  ["(?<block>```[\\s\\S]+?```)", "(?<code>`[^`\\n]+`)", "(?<url>https?:\\/\\/[^\\s<>\"]+)",
    `(?<bold>${marked("\\*")})`, `(?<italic>${marked("_")})`, `(?<strike>${marked("~")})`].join("|"), "gu");

/** *bold* _italic_ ~strike~ `code` ```mono``` and addresses, nested as WhatsApp does, as safe nodes. */
export function inline(text) {
  const nodes = [];
  let from = 0;
  for (const match of text.matchAll(TOKEN)) {
    if (match.index > from) nodes.push(text.slice(from, match.index));
    const [node, used] = token(match);
    nodes.push(node);
    from = match.index + used;
  }
  if (from < text.length) nodes.push(text.slice(from));
  return nodes;
}

function token(match) {
  const [all] = match;
  const { block, code, url, bold, italic } = match.groups;
  if (block) return [h("code.mono", {}, block.slice(3, -3)), all.length];
  if (code) return [h("code.inline-code", {}, code.slice(1, -1)), all.length];
  if (url) return link(url.replace(/[.,;:!?)\]}'*_~]+$/, ""));
  const tag = bold ? "strong" : italic ? "em" : "s";
  return [h(tag, {}, ...inline(all.slice(1, -1))), all.length];
}

function link(url) {
  const href = safeUrl(url);
  if (!href) return [url, url.length];
  return [h("a", { href, target: "_blank", rel: "noopener noreferrer" }, url), url.length];
}

/** A whole message: quotes (> ), bullets (- or * ) and paragraphs, line by line. */
export function formatted(text) {
  const mono = /```[\s\S]+?```/.test(text);
  if (mono) return inline(text);
  return text.split("\n").flatMap((line, index, lines) => {
    const quote = /^> (.+)$/.exec(line);
    const bullet = /^[-*] (.+)$/.exec(line);
    const last = index === lines.length - 1;
    if (quote) return [h("span.quote-line", {}, ...inline(quote[1]))];
    if (bullet) return [h("span.bullet-line", {}, ...inline(bullet[1]))];
    return [...inline(line), last ? "" : "\n"];
  });
}

/** One to three emoji alone are drawn large. */
export const onlyEmoji = (text) => /^(?:\p{Extended_Pictographic}[\u{1F3FB}-\u{1F3FF}\uFE0F]*(?:\u200D\p{Extended_Pictographic}\uFE0F?)*){1,3}$/u.test(text.trim());
