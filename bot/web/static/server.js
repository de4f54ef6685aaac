// What the page asks of the server, and the stream of messages that comes from it.

import { language } from "./wording.js";

const PHONES = "/simulator/api/phones";
const RETRY_MILLISECONDS = [500, 1000, 2000, 3000];

async function ask(path, body) {
  const post = { method: "POST", headers: { "Content-Type": "application/json", "X-Krajai-Simulator": "1" } };
  const answer = await fetch(path, body ? { ...post, body: JSON.stringify(body) } : {});
  if (!answer.ok) throw await refusal(path, answer);
  return answer.json();
}

const phone = (address) => `${PHONES}/${encodeURIComponent(address)}`;

export const listCitizens = async () => (await ask(PHONES)).phones;
export const createCitizen = (name) => ask(PHONES, { name });
export const postEvent = (address, event) => ask(`${phone(address)}/events?lang=${language}`, event);
/** An answer that refuses: `said` is the server's own sentence for the reader, where it has one. */
async function refusal(path, answer) {
  const { detail } = await answer.json().catch(() => ({}));
  const said = typeof detail === "string" ? detail : "";
  return Object.assign(new Error(said || `${path} answered ${answer.status}`), { said });
}

/** Hand a file to the simulated network; the id by which the event names it. */
export async function uploadFile(address, file) {
  const answer = await fetch(`${phone(address)}/uploads`, {
    method: "POST",
    headers: { "Content-Type": file.type || "application/octet-stream", "X-Krajai-Simulator": "1" },
    body: file,
  });
  if (!answer.ok) throw await refusal("the upload", answer);
  return (await answer.json()).media;
}
export const listMessages = async (address, after) => (await ask(`${phone(address)}/messages?after=${after}`)).messages;

let stream = null;
let failures = 0;
let retry = 0;

/** Follow these phones from message id `after` on; replaces the stream before. No phones: no stream. */
export function follow(addresses, after, { onMessage, onConnected, onRetry }) {
  clearTimeout(retry);
  stream?.close();
  stream = null;
  if (addresses.length === 0) return;
  const opened = new EventSource(`/simulator/events?phones=${addresses.map(encodeURIComponent).join(",")}&after=${after}`);
  opened.addEventListener("message", (event) => onMessage(JSON.parse(event.data)));
  opened.addEventListener("open", () => {
    failures = 0;
    onConnected(true);
  });
  opened.addEventListener("error", () => {
    // The browser's own reconnection gives up for good on an answer such as 502; ours does not.
    opened.close();
    if (opened === stream) retryLater({ onConnected, onRetry });
  });
  stream = opened;
}

/** Call onRetry after a wait that grows; the reader is told from the second failure on. */
export function retryLater({ onConnected, onRetry }) {
  const wait = RETRY_MILLISECONDS[Math.min(failures, RETRY_MILLISECONDS.length - 1)];
  failures += 1;
  if (failures > 1) onConnected(false); // a single drop is mended unseen
  clearTimeout(retry);
  retry = setTimeout(onRetry, wait);
}
