// The simulator's page: who the citizens are, whose phones are open, and the stream that feeds them.
// Data enters the page as textContent only; the page draws what the server says.

import { drawBlocked, drawClock, fillPhone, makePhone, receive } from "./phone.js";
import { createCitizen, follow, listCitizens, retryLater } from "./server.js";
import { language, word } from "./wording.js";

const MOST_PHONES = 4;
const CLOCK_MILLISECONDS = 5000;
const START_AGAIN_MILLISECONDS = 2000;
const AVATAR_COLOURS = 6; // as in krajai.css
const narrow = matchMedia("(max-width: 719px)"); // as in krajai.css: one phone fills the screen

const citizens = new Map(); // address -> {address, name, behaves_like, blocked?}
const phones = new Map(); // address -> an open phone
let shown = null; // address of the phone that a narrow screen shows

const byId = (id) => document.getElementById(id);

// ---- citizens ------------------------------------------------------------------------------------------------

async function loadCitizens() {
  const listed = await listCitizens();
  citizens.clear();
  for (const citizen of listed) citizens.set(citizen.address, citizen);
  for (const [address, phone] of [...phones]) {
    if (citizens.has(address)) drawBlocked(phone, { ...phone.citizen, ...citizens.get(address) });
    else dropPhone(address);
  }
  if (!phones.has(shown)) show([...phones.keys()].at(-1) ?? null);
  drawCitizens();
}

function drawCitizens() {
  const list = byId("citizens");
  const focused = list.contains(document.activeElement) ? document.activeElement.dataset.address : null;
  list.replaceChildren();
  for (const citizen of citizens.values()) {
    const item = byId("citizen-template").content.firstElementChild.cloneNode(true);
    const button = item.querySelector("button");
    const pressed = narrow.matches ? citizen.address === shown : phones.has(citizen.address);
    button.dataset.address = citizen.address;
    button.setAttribute("aria-pressed", String(pressed));
    button.querySelector(".citizen-name").textContent = citizen.name;
    button.addEventListener("click", () => {
      if (pressed && !narrow.matches) closePhone(citizen.address);
      else openPhones([citizen.address]);
    });
    drawAvatar(button.querySelector(".avatar"), citizen);
    const unread = phones.get(citizen.address)?.unread ?? 0;
    button.querySelector(".citizen-unread").hidden = unread === 0;
    button.querySelector(".citizen-unread").firstElementChild.textContent = String(unread);
    list.append(item);
    if (citizen.address === focused) button.focus();
  }
  const seen = list.querySelector(".citizen-unread:not([hidden])") ?? list.querySelector(`[data-address="${CSS.escape(shown)}"]`);
  seen?.scrollIntoView({ block: "nearest", inline: "nearest" });
  byId("welcome").hidden = phones.size > 0;
  byId("welcome-some").hidden = citizens.size === 0;
  byId("welcome-none").hidden = citizens.size > 0;
}

function drawAvatar(avatar, { address, name }) {
  // A Thai name's first consonant stands for it: a vowel that is written before it means nothing alone.
  const letter = /[\u0e01-\u0e2e]|(?![\u0e40-\u0e44])\p{L}/u.exec(name);
  avatar.textContent = letter ? letter[0].toUpperCase() : "•";
  avatar.dataset.colour = String([...address].reduce((sum, sign) => sum + sign.codePointAt(0), 0) % AVATAR_COLOURS);
}

// ---- which phones are open -----------------------------------------------------------------------------------

async function openPhones(addresses) {
  const fresh = addresses.filter((address) => citizens.has(address) && !phones.has(address)).slice(0, MOST_PHONES);
  while (phones.size + fresh.length > MOST_PHONES) dropPhone(phones.keys().next().value);
  for (const address of fresh) {
    phones.set(address, makePhone(citizens.get(address), () => closePhone(address)));
    byId("phones").append(phones.get(address).root);
  }
  show(addresses.findLast((address) => phones.has(address)) ?? shown);
  if (fresh.length === 0) return;
  await Promise.allSettled(fresh.map((address) => fillPhone(phones.get(address)))); // the rest comes with the stream
  connect();
}

function dropPhone(address) {
  phones.get(address).root.remove();
  phones.delete(address);
}

function closePhone(address) {
  dropPhone(address);
  connect();
  show(phones.has(shown) ? shown : ([...phones.keys()].at(-1) ?? null));
}

function show(address) {
  shown = address;
  for (const [other, { root }] of phones) root.classList.toggle("is-shown", other === shown);
  const phone = phones.get(shown);
  if (phone) {
    phone.unread = 0;
    phone.root.scrollIntoView({ block: "nearest", inline: "nearest" });
  }
  drawCitizens();
  writeAddress();
}

/** The open phones stand in the page's address, so that a reload and the other language keep them. */
function writeAddress() {
  const open = [...phones.keys()].map(encodeURIComponent).join(",");
  const rest = phones.size > 0 ? `&phones=${open}&shown=${encodeURIComponent(shown)}` : "";
  const link = byId("language");
  history.replaceState(null, "", `?lang=${language}${rest}`);
  link.href = `?lang=${link.hreflang}${rest}`;
}

// ---- the stream ----------------------------------------------------------------------------------------------

const streamActs = {
  onMessage(message) {
    const phone = phones.get(message.address);
    if (!phone || !receive(phone, message, true)) return;
    if (message.from === "citizen" || !narrow.matches || message.address === shown) return;
    phone.unread += 1;
    drawCitizens();
  },
  onConnected(connected) {
    byId("banner").textContent = connected ? "" : word("connection_lost");
    document.body.classList.toggle("is-lost", !connected);
  },
  onRetry: reconnect,
};

function connect() {
  follow([...phones.keys()], Math.min(...[...phones.values()].map((phone) => phone.lastId)), streamActs);
}

async function reconnect() {
  try {
    await loadCitizens();
  } catch {
    retryLater(streamActs);
    return;
  }
  connect();
}

// ---- a new citizen, and the start ----------------------------------------------------------------------------

function openCreate() {
  byId("create-form").reset();
  byId("create-error").textContent = "";
  byId("create").showModal();
}

async function create(name) {
  byId("create-error").textContent = "";
  try {
    const { address } = await createCitizen(name);
    await loadCitizens();
    byId("create").close();
    await openPhones([address]);
  } catch {
    byId("create-error").textContent = word("not_created");
  }
}

async function start() {
  const query = new URLSearchParams(location.search);
  try {
    await loadCitizens();
  } catch {
    streamActs.onConnected(false);
    setTimeout(start, START_AGAIN_MILLISECONDS);
    return;
  }
  streamActs.onConnected(true);
  await openPhones((query.get("phones") ?? "").split(","));
  if (phones.has(query.get("shown"))) show(query.get("shown"));
}

byId("new-citizen").addEventListener("click", openCreate);
byId("welcome-new").addEventListener("click", openCreate);
byId("create").querySelector("[data-do=cancel]").addEventListener("click", () => byId("create").close());
byId("create-form").addEventListener("submit", (event) => {
  event.preventDefault();
  if (byId("create-name").value.trim()) create(byId("create-name").value.trim());
});
for (const button of byId("create").querySelectorAll("[data-name]")) {
  button.addEventListener("click", () => create(button.dataset.name));
}
narrow.addEventListener("change", () => show(shown));
window.addEventListener("online", reconnect);
document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && reconnect());
setInterval(() => phones.forEach(drawClock), CLOCK_MILLISECONDS);

start();
