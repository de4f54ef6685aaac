"""What an alert means for Krajai: its hazard, level, language, places and what it refers to.

Pure functions of the alert as it was read; what they cannot tell, a person decides.
"""

import re
from datetime import datetime, timedelta
from typing import Literal

from broadcasts.alerts.cap_hazards import HAZARDS, hazard_of
from broadcasts.alerts.cap_model import CapAlert, CapInfo, Certainty, Reference, Severity, Urgency
from broadcasts.alerts.cap_places import POLYGON_WITHOUT_CODE, places_of

__all__ = [
    "HAZARDS",
    "POLYGON_WITHOUT_CODE",
    "Level",
    "hazard_of",
    "info_for",
    "infos_for",
    "language_of",
    "level_of",
    "places_of",
    "references_match",
]

Level = Literal["watch", "warning", "emergency"]

_HAPPENS = frozenset({Certainty.OBSERVED, Certainty.LIKELY})
# From the most to the least urgent: the first level whose three columns all fit.
_LEVELS: tuple[tuple[Level, frozenset[Severity], frozenset[Urgency], frozenset[Certainty]], ...] = (
    ("emergency", frozenset({Severity.EXTREME}), frozenset({Urgency.IMMEDIATE}), _HAPPENS),
    (
        "warning",
        frozenset({Severity.EXTREME, Severity.SEVERE}),
        frozenset({Urgency.IMMEDIATE, Urgency.EXPECTED}),
        _HAPPENS,
    ),
)

_THAI_LETTER = re.compile("[\u0e01-\u0e2e]")
_LATIN_LETTER = re.compile("[A-Za-z]")

_FILE_NAME = re.compile(r"(?:.*[/\\])?([^/\\?#]+)\.(?:xml|cap)(?:[?#].*)?", re.IGNORECASE | re.DOTALL)
_FEWEST_DIGITS = 8
# Some senders leave the seconds out of one of the two times, or write Thai time as if it were UTC.
_ALMOST = timedelta(minutes=1)
_THAI_OFFSET = timedelta(hours=7)


def level_of(info: CapInfo) -> Level | None:
    """How loudly to say it; None when it is not to be sent: unlikely, or past."""
    if info.certainty is Certainty.UNLIKELY or info.urgency is Urgency.PAST:
        return None
    for level, severities, urgencies, certainties in _LEVELS:
        if info.severity in severities and info.urgency in urgencies and info.certainty in certainties:
            return level
    return "watch"


def language_of(info: CapInfo) -> str:
    """The primary language subtag of what is written: ``th``, ``en``, ...

    The standard takes a missing tag for en-US, but the Thai Meteorological Department also leaves it
    out of Thai texts: text that is mostly in Thai letters is Thai, whatever the tag says, and text
    tagged as Thai without any Thai letter is English.
    """
    text = " ".join(filter(None, (info.headline, info.description, info.instruction)))
    text = text or " ".join((info.event, *(area.description for area in info.areas)))
    thai, latin = len(_THAI_LETTER.findall(text)), len(_LATIN_LETTER.findall(text))
    tagged = re.split("[-_]", (info.language or "en-US").strip().casefold())[0]
    if thai > latin:
        return "th"
    return "en" if tagged == "th" and latin and not thai else tagged


def infos_for(alert: CapAlert, language: str) -> tuple[CapInfo, ...]:
    """Every info block in that language; several are parts with areas or times of their own."""
    wanted = re.split("[-_]", language.casefold())[0]
    return tuple(info for info in alert.infos if language_of(info) == wanted)


def info_for(alert: CapAlert, language: str) -> CapInfo | None:
    """The first info block in that language (``th``, ``en``, ``en-GB``), or None."""
    infos = infos_for(alert, language)
    exact = (info for info in infos if (info.language or "").casefold() == language.casefold())
    return next(exact, infos[0] if infos else None)


def references_match(reference: Reference, identifier: str, sender: str, sent: datetime) -> bool:
    """Whether the reference means the message with these three, which together identify it (CAP 3.2.1).

    What the reference leaves out is not compared. A file's name matches the identifier that it is
    made from: CAPTMD20260925163420_2.xml is TMD20260925163420_2.
    """
    if reference.sender is not None and reference.sender.casefold() != sender.casefold():
        return False
    if reference.sent is not None and not _same_time(reference.sent, sent):
        return False
    return reference.identifier == identifier or _is_file_of(reference.identifier, identifier)


def _same_time(one: datetime, other: datetime) -> bool:
    apart = abs(one - other)
    return min(apart, abs(apart - _THAI_OFFSET)) < _ALMOST


def _is_file_of(name: str, identifier: str) -> bool:
    file_name = _FILE_NAME.fullmatch(name)
    if file_name is None:
        return False
    stem, wanted = file_name[1].casefold(), identifier.casefold()
    if stem == wanted:
        return True
    digits = re.findall("[0-9]+", stem)
    if digits != re.findall("[0-9]+", wanted) or sum(map(len, digits)) < _FEWEST_DIGITS:
        return False
    # The same minute of another agency has the same digits, so letters on both sides must agree.
    letters = "".join(re.findall("[a-z]+", stem)).removeprefix("cap")
    return not letters or letters == "".join(re.findall("[a-z]+", wanted)).removeprefix("cap")
