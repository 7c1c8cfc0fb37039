/* The simulator's page: mounts the phone and the panels, listens to the server, redraws what changed. */
import { drawBusiness, mountBusiness } from "./business.js";
import { drawChat, drawClock, mountChat } from "./chat.js";
import { drawBank, drawClockPanel, drawDialogues, drawFaults, drawMail, drawPeople, mountBank, mountClock, mountPeople } from "./panels.js";
import { badge, mountTabs, toast } from "./shell.js";
import { connect, onComplaint, state, subscribe, unread, view } from "./store.js";

const live = document.getElementById("live");

function link(on) {
  live.dataset.on = on;
  document.getElementById("live-text").textContent = on ? "ao vivo" : "reconectando…";
}

function draw() {
  drawChat();
  drawPeople();
  drawDialogues();
  drawFaults();
  drawBank();
  drawMail();
  drawBusiness();
  tick();
  badge("chat", view.tab === "chat" || !view.person ? 0 : Math.max(0, unread(view.person)));
  document.title = state.business.name ? `${state.business.name} · Balcão` : "Balcão · simulador";
}

function tick() {
  drawClock();
  drawClockPanel();
}

mountTabs(document.getElementById("tabs"));
mountChat(document.getElementById("phone"));
mountBusiness(document.getElementById("business"));
mountPeople();
mountBank();
mountClock();
subscribe(draw);
onComplaint((text) => toast(text, "error"));
setInterval(tick, 1000);
setInterval(drawBank, 20000);
draw();
connect(link);
