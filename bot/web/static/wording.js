// Words, times and days as the page's language writes them.

const words = JSON.parse(document.getElementById("words").textContent);
export const language = document.documentElement.lang;

const DAY_MILLISECONDS = 86_400_000;
const zone = { timeZone: "Asia/Bangkok" };
const clockFormat = new Intl.DateTimeFormat("en-GB", { ...zone, hour: "2-digit", minute: "2-digit" });
const dayKeyFormat = new Intl.DateTimeFormat("en-CA", zone);
const dayFormat = new Intl.DateTimeFormat(language === "th" ? "th-TH-u-ca-buddhist" : "en-GB", {
  ...zone, weekday: "long", day: "numeric", month: "short", year: "numeric",
});

/** The text of the catalogue's `simulator.<key>` with its {fills}. */
export function word(key, fills = {}) {
  if (!(key in words)) throw new Error(`the page was given no word "${key}"`);
  return words[key].replace(/\{(\w+)\}/g, (_, name) => fills[name]);
}

/** 19.40 */
export function clock(at) {
  return clockFormat.format(at).replace(":", ".");
}

/** 2026-11-21: equal for two times of one day in Thailand. */
export function dayKey(at) {
  return dayKeyFormat.format(at);
}

/** Today, yesterday, or weekday and date, in Thai with the Buddhist year. */
export function day(at) {
  if (dayKey(at) === dayKey(Date.now())) return word("today");
  if (dayKey(at) === dayKey(Date.now() - DAY_MILLISECONDS)) return word("yesterday");
  return dayFormat.format(at);
}
