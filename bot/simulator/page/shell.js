/* Around the phone: tabs on a small screen, short notices, the clipboard. */
import { h, icon } from "./dom.js";
import { changed, view } from "./store.js";

const TABS = [["chat", "Conversa", "chat"], ["bank", "Banco", "bank"], ["mail", "E-mail", "mail"], ["business", "Negócio", "shop"], ["clock", "Relógio", "clock"]];

export function mountTabs(nav) {
  for (const [name, label, glyph] of TABS) {
    nav.append(h("button.tab", { type: "button", "data-testid": "tab-" + name, "data-name": name, onclick: () => openTab(name) },
      h("span.tab-icon", {}, icon(glyph, 24), h("span.badge", { hidden: true })), label));
  }
  openTab("chat");
}

export function openTab(name) {
  view.tab = name;
  document.body.dataset.tab = name;
  for (const tab of document.querySelectorAll(".tab")) tab.setAttribute("aria-current", tab.dataset.name === name ? "page" : "false");
  changed();
}

export function badge(name, count) {
  const mark = document.querySelector(`.tab[data-name="${name}"] .badge`);
  mark.hidden = !count;
  mark.textContent = count || "";
}

export function toast(text, kind = "info") {
  const note = h("p.toast", { "data-kind": kind }, text);
  document.getElementById("toasts").append(note);
  setTimeout(() => note.remove(), kind === "error" ? 6000 : 2600);
}

export async function copyText(text, notice) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    const area = h("textarea", { value: text, className: "off-screen" });
    document.body.append(area);
    area.select();
    document.execCommand("copy");
    area.remove();
  }
  toast(notice);
}
