// Writing an alert: what is wrong with words is said while they are typed, places can be tapped on the map.
// Without scripts the same is said after the form was sent.

const PAUSE_MILLISECONDS = 600;

const csrf = document.querySelector('input[name="csrf"]')?.value ?? "";
const shown = document.querySelector("[data-lints]");
const found = new Map();
let waiting = 0;

async function lint(field) {
  const body = new URLSearchParams({ csrf, language: field.dataset.lint, text: field.value });
  try {
    const answer = await fetch("/console/alerts/lint", { method: "POST", body });
    if (!answer.ok || !(answer.headers.get("content-type") ?? "").includes("json")) return;
    found.set(field.name, await answer.json());
  } catch {
    return; // It is said when the form is sent.
  }
  const words = [...new Set([...found.values()].flat())];
  shown.replaceChildren(...words.map((text) => Object.assign(document.createElement("p"), { className: "note note-look", textContent: text })));
}

for (const field of document.querySelectorAll("[data-lint]")) {
  field.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(() => lint(field), PAUSE_MILLISECONDS);
  });
  if (field.value) lint(field); // Typed before this script was there, or kept from before.
}

for (const land of document.querySelectorAll("[data-map] [data-code]")) {
  land.addEventListener("click", () => {
    if (land.closest("[data-selects]")) {
      document.querySelector('select[name="province"]').value = land.dataset.code;
      document.querySelector('button[value="province"]').click();
      return;
    }
    const box = document.querySelector(`input[name="place"][value="${land.dataset.code}"]`);
    if (!box) return;
    box.checked = !box.checked;
    land.classList.toggle("is-chosen", box.checked);
  });
}

for (const box of document.querySelectorAll('input[name="place"]')) {
  box.addEventListener("change", () => document.querySelector(`[data-code="${box.value}"]`)?.classList.toggle("is-chosen", box.checked));
}

// A fill that no sentence of the chosen level has is not asked for.
function showFills() {
  const level = document.querySelector('input[name="level"]:checked')?.value;
  for (const row of document.querySelectorAll("[data-fill]")) {
    row.hidden = Boolean(level && row.dataset.fill) && !row.dataset.fill.split(" ").includes(level);
  }
}
for (const each of document.querySelectorAll('input[name="level"]')) each.addEventListener("change", showFills);
showFills();
