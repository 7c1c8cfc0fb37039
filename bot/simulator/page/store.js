/* The simulator's state in the page: what the server pushed, and what this window is looking at. */

export const state = { business: {}, clock: { offset: 0 }, people: [], chats: {}, bank: { charges: [] }, mailbox: [], sms: [],
  faults: {}, refusals: { count: 0 }, dialogues: [] };
export const view = { person: null, business: null, mail: null, seen: {}, tab: "chat" };

const listeners = new Set();
let drawn = 0;

export const subscribe = (listener) => listeners.add(listener);

/** Draw once per frame, however many changes came (a hidden window has no frames: then at once). */
export function changed() {
  if (drawn) return;
  const draw = () => { drawn = 0; for (const listener of listeners) listener(); };
  drawn = document.hidden ? setTimeout(draw, 0) : requestAnimationFrame(draw);
}

export const now = () => Date.now() + state.clock.offset * 1000;
export const person = () => state.people.find((someone) => someone.wa_id === view.person);
export const nameOf = (waId) => state.people.find((someone) => someone.wa_id === waId)?.name || waId;

/** Whose phone this window shows, through a reload. */
const remembered = () => sessionStorage.getItem("person");
export const remember = (waId) => { view.person = waId; sessionStorage.setItem("person", waId); };

/** The server sends only the parts that changed; chats come one by one. */
function merge(part) {
  for (const [name, value] of Object.entries(part)) {
    if (name === "chats") Object.assign(state.chats, value);
    else state[name] = value;
  }
  const known = new Set(state.people.map((someone) => someone.wa_id));
  for (const waId of Object.keys(state.chats)) if (!known.has(waId)) delete state.chats[waId];
  if (!known.has(view.person)) view.person = known.has(remembered()) ? remembered() : state.people.find((someone) => someone.kind !== "business")?.wa_id || null;
  changed();
}

export function connect(onLink) {
  const source = new EventSource("/api/events");
  source.addEventListener("state", (event) => merge(JSON.parse(event.data)));
  source.onopen = () => onLink(true);
  source.onerror = () => onLink(false);
}

let complain = () => {};
export const onComplaint = (listener) => { complain = listener; };

/** POST to the simulator; a refusal is shown to the user and becomes null. */
export async function post(path, body = {}) {
  const form = body instanceof FormData;
  try {
    const answer = await fetch("/api" + path, { method: "POST", body: form ? body : JSON.stringify(body),
      headers: form ? { "X-Simulator": "1" } : { "Content-Type": "application/json", "X-Simulator": "1" } });
    const reply = await answer.json();
    if (answer.ok) return reply;
    complain(reply.error || "O simulador recusou o pedido.");
  } catch {
    complain("O simulador não respondeu.");
  }
  return null;
}

const about = (suffix) => `/people/${encodeURIComponent(view.person)}/${suffix}`;
export const tell = (what, body) => (view.person ? post(about(what), body) : Promise.resolve(null));

/** What is on this person's phone: a message that failed never came there. */
export const onPhone = (waId) => (state.chats[waId] || []).filter((bubble) => bubble.direction === "out" || bubble.status !== "failed");

/** Unread = messages to this person since their chat was last on screen. */
const received = (waId) => onPhone(waId).filter((bubble) => bubble.direction === "in").length;
export const unread = (waId) => received(waId) - (view.seen[waId] || 0);
export const markSeen = (waId) => { view.seen[waId] = received(waId); };
