"""The announcements of the Thai Meteorological Department in free words (WeatherWarningNews, version 2).

They say no severity and no codes, so they become drafts of the lowest level whose hazard and provinces were read from
the words, and a person has to look at both; they are never released by themselves. XML and JSON have the same names;
texts end with Thai or English. With the public key the service goes on giving an announcement of years ago.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from sqlmodel import Session

from broadcasts.alerts.automatic import ORIGIN, actor_of
from broadcasts.alerts.cap import read_cap
from broadcasts.alerts.cap_model import CapRefused
from broadcasts.alerts.composing import Composed, InWords, compose
from broadcasts.alerts.importing import EXPIRY_UNLESS_SAID, import_alerts
from broadcasts.alerts.meaning import hazard_of
from broadcasts.source_reading import each_of, moment, read_json, read_xml, shortened, time
from broadcasts.sources import Answer, Request, SchemaDrift, Source, Stored, Visit, newest, partly_read
from storage import places

NAME = "tmd_warnings"
SENDER = "TMD"
LONGEST = timedelta(days=14)

_MOST_LETTERS = 8_000
_DAY_ONLY = re.compile(r"\d{4}-\d{1,2}-\d{1,2}|\d{1,2}/\d{1,2}/\d{4}")
_PROVINCES_BEGIN = re.compile("จังหวัด")
_WORD = re.compile(r"[^\s,;:()]+")


@dataclass(frozen=True, kw_only=True)
class Announcement:
    """One announcement; texts by language, as far as there are any."""

    number: str
    announced_at: datetime
    starts_at: datetime | None
    ends_at: datetime
    title: Mapping[str, str]
    headline: Mapping[str, str]
    description: Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class Announcements:
    """All announcements of an answer, and what was wrong with single others."""

    announcements: tuple[Announcement, ...]
    faults: tuple[str, ...]


def read(data: bytes, at: datetime) -> Announcements:
    """The announcements; none is no fault. Raises SchemaDrift."""
    found = (
        _of_json(read_json(data))
        if data.lstrip(b"\xef\xbb\xbf \r\n\t")[:1] in (b"{", b"[")
        else _of_xml(data)
    )
    announcements, faults = each_of(found, lambda record, where: _announcement(record, where, at), "Warning")
    return Announcements(announcements=tuple(announcements), faults=tuple(faults))


def store(session: Session, answers: Sequence[Answer[Announcements]], visit: Visit) -> Stored:
    """Keep the announcements that hold as drafts."""
    drafted = over = 0
    for answer in answers:
        for announcement in answer.value.announcements:
            if announcement.ends_at <= visit.at:
                over += 1
                continue
            drafted += _draft(session, announcement, visit)
    return partly_read(f"{drafted} drafted, {over} expired", answers)


def provinces_in(text: str) -> tuple[str, ...]:
    """The codes of the provinces that an announcement lists after the word for province.

    >>> provinces_in("ภาคเหนือ: จังหวัดเชียงราย พะเยา และน่าน ภาคตะวันออก: จังหวัดตราด")
    ('23', '55', '56', '57')
    """
    found: set[str] = set()
    for part in _PROVINCES_BEGIN.split(text)[1:]:
        for word in _WORD.findall(part):
            code = _provinces().get(word.removeprefix("และ"))
            if code is None:
                if word == "และ":
                    continue
                break
            found.add(code)
    return tuple(sorted(found))


@cache
def _provinces() -> dict[str, str]:
    named = {place.name_th: place.code for place in places.provinces()}
    return named | {"กรุงเทพฯ": places.BANGKOK}


def _draft(session: Session, announcement: Announcement, visit: Visit) -> bool:
    words = {
        language: InWords(
            headline=announcement.headline.get(language) or title,
            evidence=announcement.description.get(language) or announcement.headline.get(language) or title,
        )
        for language, title in announcement.title.items()
    }
    codes = provinces_in(" ".join((*announcement.headline.values(), *announcement.description.values())))
    said = Composed(
        identifier=f"{NAME}-{announcement.announced_at:%Y%m%dT%H%M}-{announcement.number}",
        sender=SENDER,
        sent=announcement.announced_at,
        hazard=None,
        event=next(iter(announcement.title.values())),
        level="watch",
        places=codes,
        words=words,
        onset=announcement.starts_at,
        expires=announcement.ends_at,
        certainty="Likely",
        web="https://www.tmd.go.th/warning-and-events/warning-storm",
    )
    data = compose(said, visit.zone)
    try:
        (imported,) = import_alerts(session, data, origin=f"{ORIGIN}{NAME}", by=actor_of(NAME), at=visit.at)
    except CapRefused:
        # The same announcement with other words: what was read first stays, as with every alert.
        return False
    if not imported.new:
        return False
    hazard = hazard_of(read_cap(data)[0].infos[0])
    imported.alert.remarks = [
        *imported.alert.remarks,
        f"read from free words: hazard {hazard or 'unknown'} and {len(codes)} provinces; compare with the text",
        f"the text: {shortened(' '.join(announcement.headline.values()))}",
    ]
    session.add(imported.alert)
    session.flush()
    return True


def _of_json(document: Any) -> list[Any]:
    for level in (document, *(document.values() if isinstance(document, dict) else ())):
        if isinstance(level, dict) and "Warnings" in level:
            found = level["Warnings"]
            found = found.get("Warning", []) if isinstance(found, dict) else found
            return found if isinstance(found, list) else [found] if found else []
    raise SchemaDrift("Warnings", "is missing")


def _of_xml(data: bytes) -> list[Any]:
    root = read_xml(data)
    if root.tag != "Warnings" and root.find(".//Warnings") is None:
        raise SchemaDrift("Warnings", f"is missing; the answer is <{root.tag}>")
    return [{str(child.tag): child.text for child in warning} for warning in root.iter("Warning")]


def _announcement(record: Any, where: str, at: datetime) -> Announcement:
    title = _texts(record, "Title", where)
    if not title:
        raise SchemaDrift(f"{where}.TitleThai", "is missing")
    announced_at = time(_required(record, "AnnounceDate", where), f"{where}.AnnounceDate", at)
    starts = _optional(record, "EffectStartDate")
    ends = _optional(record, "EffectEndDate")
    starts_at = moment(starts, f"{where}.EffectStartDate") if starts else None
    ends_at = announced_at + EXPIRY_UNLESS_SAID
    if ends:
        # A day without a time is meant to its end.
        ends_at = moment(ends, f"{where}.EffectEndDate") + timedelta(days=bool(_DAY_ONLY.fullmatch(ends)))
    for name, each in (("EffectStartDate", starts_at), ("EffectEndDate", ends_at)):
        if each is not None and each > announced_at + LONGEST:
            raise SchemaDrift(f"{where}.{name}", f"is {each:%Y-%m-%d}, too long after it was announced")
    return Announcement(
        number="".join(re.findall("[0-9]+", _optional(record, "IssueNo"))) or "0",
        announced_at=announced_at,
        starts_at=starts_at,
        ends_at=ends_at,
        title=title,
        headline=_texts(record, "Headline", where),
        description=_texts(record, "Description", where),
    )


def _texts(record: Any, name: str, where: str) -> dict[str, str]:
    found = dict(_written(record, name, where))
    return {language: found[language] for language in ("th", "en") if found.get(language)}


def _written(record: Any, name: str, where: str) -> Iterator[tuple[str, str]]:
    for field, language in ((name, "th"), (f"{name}Thai", "th"), (f"{name}English", "en")):
        value = _optional(record, field)
        if len(value) > _MOST_LETTERS:
            raise SchemaDrift(f"{where}.{field}", f"has {len(value)} letters")
        if value:
            yield language, value


def _required(record: Any, name: str, where: str) -> str:
    found = _optional(record, name)
    if not found:
        raise SchemaDrift(f"{where}.{name}", "is missing")
    return found


def _optional(record: Any, name: str) -> str:
    value = record.get(name) if isinstance(record, Mapping) else None
    return " ".join(value.split()) if isinstance(value, str) else str(value) if isinstance(value, int) else ""


def _asked(_session: Session, _visit: Visit) -> tuple[Request, ...]:
    return (Request(parameters={"format": "json"}),)


SOURCE = Source(
    name=NAME,
    url="tmd_warnings_url",
    requests=_asked,
    read=read,
    store=store,
    dated=lambda found: newest([each.announced_at for each in found.announcements]),
    query_credentials={"uid": "tmd_uid", "ukey": "tmd_ukey"},
)
