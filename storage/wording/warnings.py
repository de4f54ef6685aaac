"""Warnings as citizens read them: a frame for the kind and level, a body for the hazard.

A text is made of whole sentences of the catalogue only. What is not known is left out with its clause: no
time of the next message means "this warning lasts until ...", no shelter a body that says "high ground".
"""

import re
from collections.abc import Mapping
from typing import Literal

from storage.wording.catalogue import WordingError, fills_of, has, say
from storage.wording.issuers import issuer_name
from storage.wording.lengths import shorten, tidy, units, whole_clauses

__all__ = [
    "HAZARDS",
    "KINDS",
    "LEVELS",
    "Form",
    "free_warning",
    "hazard_name",
    "issuer_name",
    "limit_units",
    "shorten",
    "units",
    "warning",
    "what_happens",
]

Form = Literal["chat", "sms"]

HAZARDS: tuple[str, ...] = (
    "flood",
    "flash_flood",
    "heavy_rain",
    "dam_release",
    "storm",
    "landslide",
    "high_waves",
    "earthquake",
    "tsunami",
    "wildfire",
    "pm25",
    "heat",
    "cold",
    "water_shortage",
    "chemical_leak",
    "outbreak",
    "armed_violence",
)
LEVELS: tuple[str, ...] = ("watch", "warning", "emergency")
KINDS: tuple[str, ...] = ("alert", "update", "cancel", "all_clear", "exercise")

# What somebody needs to call for, by kind and level: the key help.<form>.<need>.
_NEEDS: dict[str, dict[str, str]] = {
    "alert": {"watch": "question", "warning": "rescue", "emergency": "emergency"},
    "update": {"watch": "call", "warning": "call", "emergency": "emergency"},
    "cancel": dict.fromkeys(LEVELS, "question"),
    "all_clear": dict.fromkeys(LEVELS, "question"),
}
# Hazards after which people go back into damaged houses.
_DAMAGE_HOUSES = frozenset(HAZARDS[: HAZARDS.index("wildfire") + 1])

_FILL = re.compile(r"\{([a-z_]+)\}")
_LINK = re.compile(r"(?:https?://|www\.)\S+", re.IGNORECASE)
_NEEDS_SPACE = re.compile(r"[ก-ฮ]{1,4}\.|[A-Za-z0-9]")
_GLUED_FILLS = ("shelter", "dam", "site", "disease", "symptom")
_GSM_EXTENSION = frozenset("^{}[]~\\|`")


def hazard_name(hazard: str, language: str) -> str:
    """The name: "น้ำป่า", "Flash flood". Raises WordingError for a hazard that is not in HAZARDS."""
    _require("hazard", hazard, HAZARDS)
    return say(language, f"hazard.{hazard}")


def warning(
    language: str,
    *,
    form: Form,
    kind: str,
    level: str,
    hazard: str,
    fills: Mapping[str, str],
    observed: bool = True,
    body: str | None = None,
) -> str:
    """The whole text of a warning.

    Needed fills: who, where; sent in a chat. These are left out with their clauses when missing or empty:
    phone, next, until, n (of an update), time (of the message that is replaced or cancelled), change and do
    (without change an update says the body again), reason (without it a cancel says only that the warning no
    longer holds, with it that it was sent in error), home_from (of an all-clear), help (of emergencies:
    give `help.sms.reply` where citizens can answer the sender, `help.group.emergency` where there are no buttons).
    The body takes when, level, value, shelter, dam, site, disease, symptom, prevent as the hazard has them;
    when one is missing the plain body is said, which needs where and when only. `observed` False (CAP
    certainty Likely or less) chooses the words of what is expected. `body` are an agency's own words in place of the
    catalogue's, said when all its fills are known. `order`, an office with that power, adds that it orders to leave.
    Raises WordingError for an unknown hazard, level, kind or form, and for a fill that no variant can do
    without.
    """
    known = _known_of(language, form, kind, level, hazard, fills)
    what = _what(language, form, kind, level, hazard, known, observed, body)
    after = kind == "all_clear" and hazard in _DAMAGE_HOUSES
    return _framed(language, form, kind, level, known | {"what": what}, after=after)


def what_happens(
    language: str,
    *,
    form: Form,
    kind: str,
    level: str,
    hazard: str,
    fills: Mapping[str, str],
    observed: bool = True,
    body: str | None = None,
) -> str:
    """As `warning`, without the frame: who says it, where to call and when the next word comes are said elsewhere."""
    known = _known_of(language, form, kind, level, hazard, fills)
    return tidy(_what(language, form, kind, level, hazard, known, observed, body))


def _known_of(
    language: str, form: Form, kind: str, level: str, hazard: str, fills: Mapping[str, str]
) -> dict[str, str]:
    _require("hazard", hazard, HAZARDS)
    _require("form", form, ("chat", "sms"))
    _require("kind", kind, KINDS)
    _require("level", level, LEVELS)
    name = hazard_name(hazard, language)
    # Thai words are written without a space between them, but not after a Latin name.
    return _known(language, fills) | {
        "hazard": f"{name} " if name[-1].isascii() and language != "en" else name
    }


def _what(
    language: str,
    form: Form,
    kind: str,
    level: str,
    hazard: str,
    known: Mapping[str, str],
    observed: bool,
    body: str | None,
) -> str:
    what = _event(language, form, kind, known)
    if what is None and body is not None and set(_FILL.findall(body)) <= known.keys():
        what = _FILL.sub(lambda found: known[found[1]], body)
    if what is None:
        key = f"body.{hazard}.{level}.{form}"
        variants = (key, f"{key}.plain") if observed else (f"{key}.expected", key, f"{key}.plain")
        what = _say_first(language, known, *variants)
    if kind in ("alert", "update") and (order := _say_known(language, known, f"order.{form}")):
        what = f"{what}{chr(10) if form == 'chat' else ' '}{order}"
    return what


def free_warning(
    language: str,
    *,
    form: Form,
    kind: str,
    level: str,
    who: str,
    sent: str,
    what: str,
    do: str | None,
    where: str,
    when: str | None,
    until: str | None,
    phone: str | None,
    time: str | None = None,
) -> str:
    """A warning whose hazard Krajai has no words for: the issuer's headline `what`, first advice `do`.

    Both are shortened by whole clauses to the room that the frame leaves; links are taken out. The other
    fills are never shortened, so a very long `where` may still pass the limit. Raises WordingError as
    `warning` does.
    """
    _require("form", form, ("chat", "sms"))
    _require("kind", kind, KINDS)
    _require("level", level, LEVELS)
    given = {
        "who": who,
        "sent": sent,
        "where": where,
        "when": when,
        "until": until,
        "phone": phone,
        "time": time,
    }
    known = _known(language, {name: value for name, value in given.items() if value})
    limit = limit_units(language, form, what + (do or ""))

    def text(headline: str, advice: str) -> str:
        facts = known | {"hazard": headline}
        free = say(language, f"free.{form}", what=headline, where=f"{where} {when or ''}".strip(), do=advice)
        event = _event(language, form, kind, facts) or free
        return _framed(language, form, kind, level, facts | {"what": event}, after=False)

    headline, advice = _without_links(what), _without_links(do or "")
    headline = shorten(headline, min(limit // 3, max(limit - units(text("", "")) - 1, 0))).rstrip(".")
    return text(headline, whole_clauses(advice, limit - units(text(headline, "")) - 1))


def limit_units(language: str, form: Form, text: str = "") -> int:
    """The most UTF-16 units of a warning: 300 in a chat, 134 (two segments) in a Thai SMS, 160 in GSM."""
    if form == "chat":
        return 300
    return 160 if language == "en" and text.isascii() and not _GSM_EXTENSION & set(text) else 134


def _event(language: str, form: Form, kind: str, known: Mapping[str, str]) -> str | None:
    """What happened to an earlier warning; None for an alert, and for an update that says the body again."""
    if kind == "alert" or (kind == "update" and "change" not in known):
        return None
    name = f"update.{form}.change" if kind == "update" else f"{kind}.{form}"
    variants = (name, f"{name}.plain", f"{name}.untimed")
    # Only who knows the reason knows that there is no danger, also where the text has no room for it.
    withdrawn = kind == "cancel" and "reason" not in known
    return _say_first(language, known, *variants[withdrawn:])


def _framed(
    language: str, form: Form, kind: str, level: str, known: Mapping[str, str], *, after: bool
) -> str:
    need = _NEEDS.get(kind, {}).get(level)
    pieces = {
        "help": known.get("help") if need == "emergency" else None,
        "then": _say_known(language, known, f"then.next.{level}", f"then.until.{level}", "then.until"),
        "count": _say_known(language, known, "update.count"),
        "replaces": _say_known(language, known, f"update.{form}.replaces"),
        "join": _say_known(language, known, "exercise.chat.join"),
        "after": say(language, f"all_clear.{form}.after") if after else "",
    }
    if need and not pieces["help"]:
        pieces["help"] = _say_known(language, known, f"help.{form}.{need}", f"help.{form}.{need}.plain")
    frame = f"frame.{form}.{kind}.{level}"
    frame = frame if has(language, frame) else f"frame.{form}.{kind}"
    missing = fills_of(language, frame) - known.keys() - pieces.keys()
    if missing:
        raise WordingError(f"a warning needs {', '.join(sorted(missing))}")
    said = {**known, **{name: piece or "" for name, piece in pieces.items()}}
    text = tidy(say(language, frame, **said))
    if units(text) > limit_units(language, form, text) and _says_until(known):
        return tidy(say(language, frame, **{**said, "then": ""}))
    return text


def _says_until(known: Mapping[str, str]) -> bool:
    """Whether the body names the end already, so that the last line need not when room is short."""
    return "next" not in known and known.get("until", "\n") in known["what"]


def _say_first(language: str, known: Mapping[str, str], *keys: str) -> str:
    """The first of the sentences whose fills are all known; WordingError names what the last one lacks."""
    present = [key for key in keys if has(language, key)]
    said = _say_known(language, known, *present)
    return said if said is not None else say(language, present[-1], **known)


def _say_known(language: str, known: Mapping[str, str], *keys: str) -> str | None:
    chosen = (key for key in keys if has(language, key) and fills_of(language, key) <= known.keys())
    key = next(chosen, None)
    return None if key is None else say(language, key, **known)


def _known(language: str, fills: Mapping[str, str]) -> dict[str, str]:
    """The fills that have words. A Thai verb and a name that starts with an abbreviation are parted."""
    known = {name: tidy(value) for name, value in fills.items() if value.strip()}
    if language != "en":
        for name in _GLUED_FILLS:
            if name in known and _NEEDS_SPACE.match(known[name]):
                known[name] = f" {known[name]}"
    return known


def _without_links(text: str) -> str:
    return _LINK.sub(" ", text)


def _require(name: str, value: str, allowed: tuple[str, ...]) -> None:
    if value not in allowed:
        raise WordingError(f"unknown {name} {value!r}: one of {', '.join(allowed)}")
