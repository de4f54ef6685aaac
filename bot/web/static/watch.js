// Live progress: server-sent events put new numbers into the page; answers go on coming when all is sent. Without
// scripts, reload it.

const ANSWERS_MILLISECONDS = 15_000;

const part = document.querySelector("[data-watch]");
const numbers = new Intl.NumberFormat(document.documentElement.lang);

function put(selector, text) {
  const place = document.querySelector(selector);
  if (place && place.textContent !== text) place.textContent = text;
}

function showAnswers(told) {
  for (const [name, count] of Object.entries(told.answers ?? {})) put(`[data-answer="${name}"]`, numbers.format(count));
}

function show(told) {
  const bar = part.querySelector("[data-bar]");
  bar.max = told.planned || 1;
  bar.value = told.settled;
  for (const [name, count] of Object.entries(told.counts)) put(`[data-count="${name}"]`, numbers.format(count));
  put("[data-rate]", numbers.format(told.rate));
  put("[data-eta]", told.eta === null ? "-" : document.querySelector("[data-eta]").dataset.words.replace("#", numbers.format(told.eta)));
  const reasons = document.querySelector("[data-reasons]");
  const lines = Object.entries(told.reasons).map(([name, count]) => `${name}: ${numbers.format(count)}`);
  reasons.replaceChildren(...(lines.length ? lines : ["-"]).map((text) => Object.assign(document.createElement("li"), { textContent: text })));
  for (const [name, counts] of Object.entries(told.channels ?? {})) {
    const row = [...document.querySelectorAll("[data-channel]")].find((each) => each.dataset.channel === name);
    for (const cell of row?.querySelectorAll("[data-name]") ?? []) cell.textContent = numbers.format(counts[cell.dataset.name] ?? 0);
  }
  showAnswers(told);
  for (const [code, [has, of]] of Object.entries(told.districts ?? {})) {
    if (of === 0) continue;
    put(`[data-share="${code}"]`, `${numbers.format(has)} / ${numbers.format(of)}`);
    const land = document.querySelector(`[data-map] [data-code="${code}"]`);
    if (land) land.setAttribute("class", `land share-${Math.floor((4 * has) / of) * 25}`);
  }
}

if (part && !part.dataset.over) {
  const events = new EventSource(part.dataset.watch);
  events.onmessage = (event) => {
    const told = JSON.parse(event.data);
    part.querySelector("[data-lost]").hidden = true;
    show(told);
    if (told.over) {
      events.close();
      location.reload();
    }
  };
  events.onerror = () => {
    part.querySelector("[data-lost]").hidden = false;
  };
}

async function askForAnswers() {
  if (document.hidden) return;
  try {
    const answer = await fetch(`${part.dataset.watch}?only=answers`);
    if (answer.ok && !answer.redirected) showAnswers(JSON.parse((await answer.text()).slice("data: ".length)));
  } catch {
    // The next question is another chance.
  }
}

if (part?.dataset.over && document.querySelector("[data-answer]")) setInterval(askForAnswers, ANSWERS_MILLISECONDS);
