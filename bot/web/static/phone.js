// One phone: its chat, its buttons and sheets, and what its citizen sends.
// What a citizen does is posted, stands in the chat as pending, and is replaced when the stream brings it back.

import { listMessages, postEvent, uploadFile } from "./server.js";
import { clock, day, dayKey, word } from "./wording.js";

const NEAR_THE_END_PIXELS = 120;
const SIGNS = { "🟡": "watch", "🟠": "warning", "🔴": "emergency", "⚪": "over", "✅": "good" };
const CHANNELS = { line: "LINE", telegram: "Telegram", sms: "SMS" };
const WITHOUT_ECHO = new Set(["follow", "unfollow"]);

/** A phone for `citizen` {address, name, behaves_like, blocked?}; onClose is called by its close button. */
export function makePhone(citizen, onClose) {
  const root = document.getElementById("phone-template").content.firstElementChild.cloneNode(true);
  const find = (selector) => root.querySelector(selector);
  const phone = {
    root, citizen, log: find(".log"), quick: find(".quick"), jump: find(".jump"),
    lastId: 0, last: null, lastDay: "", pending: [], unread: 0, atEnd: true, opener: null,
  };
  const channel = CHANNELS[citizen.behaves_like] ?? citizen.behaves_like;
  const label = word("phone_of", { name: citizen.name });
  root.setAttribute("aria-label", label);
  phone.log.setAttribute("aria-label", label);
  find(".phone-name").textContent = citizen.name;
  find(".phone-channel").textContent = word("behaves_like", { channel });
  find("[data-do=close]").addEventListener("click", onClose);
  drawClock(phone);
  drawBlocked(phone, citizen);
  listen(phone, find);
  return phone;
}

/** Everything said so far, not read aloud. Raises when the server does not answer. */
export async function fillPhone(phone) {
  phone.log.setAttribute("aria-busy", "true");
  try {
    let before;
    do {
      before = phone.lastId;
      for (const message of await listMessages(phone.citizen.address, before)) receive(phone, message, false);
    } while (phone.lastId !== before); // the server may answer in pages
  } finally {
    phone.log.removeAttribute("aria-busy");
  }
}

/** Draw a message {id, from, at, bubbles: [{text, buttons, lasting}], note}; false when it was drawn before. */
export function receive(phone, message, live) {
  if (message.id <= phone.lastId) return false;
  const at = new Date(message.at);
  const mine = message.from === "citizen";
  phone.lastId = message.id;
  phone.last = message;
  if (mine) settle(phone, message.bubbles[0]?.text);
  const pending = phone.log.querySelector(".is-pending");
  if (dayKey(at) !== phone.lastDay) phone.log.insertBefore(element("p", "day", day(at)), pending);
  phone.lastDay = dayKey(at);
  const drawn = drawMessage(phone, message, clock(at), live);
  phone.log.insertBefore(drawn, pending);
  drawQuick(phone);
  if (phone.atEnd || mine || !live) toEnd(phone);
  else phone.jump.hidden = false;
  if (live && drawn.offsetHeight > phone.log.clientHeight) showStart(phone, drawn);
  return true;
}

/** What the list of citizens says of this one now; `blocked` undefined: not known, so both ways are offered. */
export function drawBlocked(phone, citizen) {
  const { blocked } = citizen;
  phone.citizen = citizen;
  phone.root.querySelector(".phone-state").textContent = blocked ? word("blocked") : "";
  phone.root.querySelector("[data-event=unfollow]").hidden = blocked === true;
  phone.root.querySelector("[data-event=follow]").hidden = blocked === false;
}

export function drawClock(phone) {
  phone.root.querySelector(".phone-clock").textContent = clock(Date.now());
}

function listen(phone, find) {
  const { log, jump, root } = phone;
  const box = find("textarea");
  const each = (selector, act) => {
    for (const button of root.querySelectorAll(selector)) button.addEventListener("click", () => act(button));
  };
  each("[data-text]", ({ dataset }) => sendText(phone, dataset.text));
  each("[data-latitude]", ({ dataset }) => sendLocation(phone, dataset));
  each("[data-event]", (button) => attach(phone, button.dataset.event, button.textContent.trim()));
  each("[data-do=attach]", () => openSheet(phone, "attach"));
  each("[data-do=cancel], .shade", () => closeSheet(phone));
  each(".jump", () => toEnd(phone));
  root.addEventListener("keydown", (event) => event.key === "Escape" && closeSheet(phone));
  log.addEventListener("scroll", () => {
    phone.atEnd = log.scrollHeight - log.scrollTop - log.clientHeight < NEAR_THE_END_PIXELS;
    if (phone.atEnd) jump.hidden = true;
  });
  new ResizeObserver(() => phone.atEnd && toEnd(phone)).observe(log);
  box.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    box.form.requestSubmit();
  });
  box.form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (box.value.trim()) sendText(phone, box.value.trim());
    box.value = "";
  });
  find(".own-position").addEventListener("submit", (event) => {
    event.preventDefault();
    sendLocation(phone, Object.fromEntries(new FormData(event.target)));
  });
}

function openSheet(phone, name) {
  closeSheet(phone);
  phone.opener = document.activeElement;
  phone.root.querySelector(".phone-screen").inert = true;
  phone.root.querySelector(".shade").hidden = false;
  phone.root.querySelector(`[data-sheet=${name}]`).show();
}

function closeSheet(phone) {
  const sheet = phone.root.querySelector("dialog[open]");
  if (!sheet) return;
  sheet.close();
  phone.root.querySelector(".shade").hidden = true;
  phone.root.querySelector(".phone-screen").inert = false;
  (phone.root.contains(phone.opener) ? phone.opener : phone.log).focus({ preventScroll: true });
}

// ---- drawing -------------------------------------------------------------------------------------------------

function element(tag, className, text = "") {
  const made = document.createElement(tag);
  made.className = className;
  made.textContent = text;
  return made;
}

function drawMessage(phone, { from, bubbles, note }, under, live) {
  const mine = from === "citizen";
  const drawn = element("div", mine ? "message from-citizen" : "message from-krajai");
  drawn.classList.toggle("is-new", live);
  if (bubbles.length > 0) {
    drawn.append(element("span", "unseen", mine ? phone.citizen.name : word("krajai")));
    drawn.append(...bubbles.map((bubble) => drawBubble(phone, bubble)), element("p", "under", under));
  }
  if (note) drawn.append(element("p", "note", note));
  return drawn;
}

function drawBubble(phone, { text, buttons = [], lasting }) {
  const bubble = element("div", "bubble");
  const paragraph = element("p", "text");
  const sign = [...text][0];
  if (sign in SIGNS) {
    const firstLine = element("strong", "", text.slice(sign.length).split("\n")[0]);
    firstLine.prepend(element("span", "sign", sign));
    bubble.classList.add("signed", `is-${SIGNS[sign]}`);
    paragraph.append(firstLine);
    writeLinked(paragraph, text.slice(firstLine.textContent.length));
  } else writeLinked(paragraph, text);
  bubble.append(paragraph);
  if (lasting && buttons.length > 0) {
    const card = element("div", "card-buttons");
    card.append(...buttons.map((button) => drawButton(phone, button, "card-button")));
    bubble.append(card);
  }
  return bubble;
}

function writeLinked(parent, text) {
  for (const part of text.split(/(https?:\/\/[\x21-\x7e]+)/)) {
    if (/^https?:\/\//.test(part)) {
      const link = element("a", "", part);
      Object.assign(link, { href: part, target: "_blank", rel: "noopener noreferrer" });
      parent.append(link);
    } else parent.append(part);
  }
}

function drawButton(phone, { label, action, kind }, className) {
  const button = element("button", className, label);
  button.type = "button";
  button.addEventListener("click", () => {
    if (kind === "location" || kind === "photo") attach(phone, kind, label);
    else send(phone, { type: "tap", action, label }, label);
  });
  return button;
}

/** The buttons of the last message that do not last: they vanish with the next message, as in LINE. */
function drawQuick(phone) {
  const answered = phone.pending.some((pending) => !pending.failed);
  const bubbles = answered ? [] : (phone.last?.bubbles ?? []);
  const buttons = bubbles.filter((bubble) => !bubble.lasting).flatMap((bubble) => bubble.buttons ?? []);
  const hadFocus = phone.quick.contains(document.activeElement);
  phone.quick.replaceChildren(...buttons.map((button) => drawButton(phone, button, "chip")));
  phone.quick.scrollLeft = 0;
  if (hadFocus) phone.log.focus({ preventScroll: true });
}

function toEnd(phone) {
  phone.log.scrollTop = phone.log.scrollHeight;
  phone.atEnd = true;
  phone.jump.hidden = true;
}

/** A message taller than the screen is read from its first line. */
function showStart(phone, drawn) {
  phone.log.scrollTop += drawn.getBoundingClientRect().top - phone.log.getBoundingClientRect().top;
}

// ---- sending -------------------------------------------------------------------------------------------------

function attach(phone, kind, label) {
  closeSheet(phone);
  if (kind === "location") openSheet(phone, "location");
  else if (kind === "photo") choosePhoto(phone, label);
  else send(phone, { type: kind }, label);
}

function choosePhoto(phone, label) {
  const chooser = element("input", "");
  Object.assign(chooser, { type: "file", accept: "image/*" });
  chooser.addEventListener("change", () => {
    if (chooser.files.length > 0) send(phone, { type: "photo", file: chooser.files[0] }, label);
  });
  chooser.click();
}

function sendText(phone, text) {
  send(phone, { type: "text", text }, text);
}

function sendLocation(phone, { latitude, longitude }) {
  closeSheet(phone);
  send(phone, { type: "location", latitude: Number(latitude), longitude: Number(longitude) }, word("send_location"));
}

function send(phone, event, text) {
  const drawn = drawMessage(phone, { from: "citizen", bubbles: [{ text }] }, "", true);
  const pending = { event, text, drawn, failed: false };
  drawn.classList.add("is-pending");
  phone.pending.push(pending);
  phone.log.append(drawn);
  post(phone, pending);
}

async function post(phone, pending) {
  const { event, drawn } = pending;
  const under = drawn.querySelector(".under");
  pending.failed = false;
  under.replaceChildren(word("sending"));
  drawQuick(phone);
  toEnd(phone);
  try {
    const { file, ...told } = event;
    if (file) told.media = await uploadFile(phone.citizen.address, file);
    await postEvent(phone.citizen.address, told);
  } catch (refused) {
    pending.failed = true;
    if (!phone.pending.includes(pending)) {
      phone.pending.push(pending); // shown by the stream, yet not taken: it must not look sent
      phone.log.append(drawn);
    }
    const again = element("button", "again", refused.said || word("not_sent"));
    again.type = "button";
    again.addEventListener("click", () => post(phone, pending));
    under.replaceChildren(again);
    drawQuick(phone);
    toEnd(phone);
    return;
  }
  under.replaceChildren(clock(Date.now()));
  if (!WITHOUT_ECHO.has(event.type)) return;
  remove(phone, pending);
  drawBlocked(phone, { ...phone.citizen, blocked: event.type === "unfollow" });
}

/** The stream has brought back what the citizen did: the pending copy goes. */
function settle(phone, text) {
  const same = phone.pending.find((pending) => pending.text === text);
  const other = phone.pending.find((pending) => pending.event.type !== "text" && !pending.failed);
  if (same ?? other) remove(phone, same ?? other);
}

function remove(phone, pending) {
  phone.pending = phone.pending.filter((kept) => kept !== pending);
  pending.drawn.remove();
}
