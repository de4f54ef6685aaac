// The list is fetched anew every 15 seconds while somebody looks at it; without scripts, reload the page.

const EVERY_MILLISECONDS = 15_000;

async function refresh() {
  if (document.hidden) return;
  const place = document.querySelector("[data-refresh]");
  if (place.contains(document.activeElement)) return;
  try {
    const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
    if (!answer.ok || answer.redirected) return;
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").querySelector("[data-refresh]");
    if (fresh && fresh.innerHTML !== place.innerHTML) place.replaceChildren(...fresh.childNodes);
  } catch {
    // The next look is another chance.
  }
}

setInterval(refresh, EVERY_MILLISECONDS);
