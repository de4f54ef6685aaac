"""Agencies: who answers for which places. One table for cases and for officers' rights.

The rows of `knowledge/agencies.toml` (or of KRAJAI_AGENCIES_FILE) are put into it when a process starts; admins add
others in the console. The agency '' is the installation's own.
"""

from collections.abc import Iterable
from datetime import datetime, time
from enum import StrEnum
from typing import Any

from sqlmodel import Field, Session, SQLModel, col, select

from storage import places as register
from storage.cases_agencies import Agencies, Hours, ResponsibleAgency
from storage.columns import Json, UtcDateTime

OWN = ""
"""The id of the installation's own agency."""


class AgencyLevel(StrEnum):
    CENTRAL = "central"
    PROVINCIAL = "provincial"
    LOCAL = "local"


class AgencyOrigin(StrEnum):
    FILE = "file"
    """The file says all of it but the own agency's level, places and telephone."""

    CONSOLE = "console"


class Agency(SQLModel, table=True):
    """`places` are codes down to villages, for which its officers may act; an agency without any acts nowhere.

    `categories` are those of the cases that it answers for; opening hours are minutes of the day.
    """

    __tablename__ = "agency"

    id: str = Field(primary_key=True)
    name_th: str
    name_en: str
    level: str = AgencyLevel.LOCAL
    places: list[str] = Field(default_factory=list, sa_type=Json)
    categories: list[str] = Field(default_factory=list, sa_type=Json)
    days: list[int] = Field(default_factory=lambda: list(Hours().days), sa_type=Json)
    opens_minute: int = 8 * 60 + 30
    closes_minute: int = 16 * 60 + 30
    phone: str = ""
    origin: str = AgencyOrigin.CONSOLE
    created_at: datetime = Field(sa_type=UtcDateTime)

    def name(self, language: str) -> str:
        return self.name_en if language == "en" and self.name_en else self.name_th


def agencies(session: Session) -> list[Agency]:
    """All agencies, the installation's own first, then by name."""
    found = session.exec(select(Agency).order_by(col(Agency.name_th)))
    return sorted(found, key=lambda agency: agency.id != OWN)


def agency(session: Session, agency_id: str) -> Agency | None:
    """The agency of this id."""
    return session.get(Agency, agency_id)


def whole_country() -> list[str]:
    """The places of an agency that acts everywhere: every province."""
    return [each.code for each in register.provinces()]


def is_joined(session: Session, read: Agencies) -> bool:
    """Whether the table says what the file says."""
    return all(
        (kept := session.get(Agency, each.id)) is not None and _of_file(kept) == _said(each)
        for each in (read.own, *read.others)
    )


def join_file(session: Session, read: Agencies, at: datetime) -> None:
    """Put what the file says into the table; agencies that it no longer names keep their name and get no cases."""
    listed = (read.own, *read.others)
    for each in listed:
        kept = session.get(Agency, each.id)
        if kept is None:
            kept = Agency(id=each.id, name_th="", name_en="", created_at=at, level=_level(each.places))
        for name, value in _said(each).items():
            setattr(kept, name, value)
        session.add(kept)
    ids = {each.id for each in listed}
    for gone in session.exec(select(Agency).where(Agency.origin == AgencyOrigin.FILE)):
        if gone.id not in ids and gone.categories:
            gone.categories = []
            session.add(gone)
    session.flush()


def for_cases(session: Session) -> Agencies:
    """The agencies as cases are given to them: those that answer for a category somewhere, and the own one."""
    found = {each.id: _responsible(each) for each in agencies(session)}
    own = found.pop(OWN)
    return Agencies(own=own, others=tuple(each for each in found.values() if each.places and each.categories))


def _responsible(kept: Agency) -> ResponsibleAgency:
    return ResponsibleAgency(
        id=kept.id,
        name_th=kept.name_th,
        name_en=kept.name_en,
        places=tuple(kept.places),
        categories=frozenset(kept.categories),
        hours=Hours(days=tuple(kept.days), opens=_time(kept.opens_minute), closes=_time(kept.closes_minute)),
    )


def _said(read: ResponsibleAgency) -> dict[str, Any]:
    said: dict[str, Any] = {
        "name_th": read.name_th,
        "name_en": read.name_en,
        "categories": sorted(read.categories),
        "days": list(read.hours.days),
        "opens_minute": _minute(read.hours.opens),
        "closes_minute": _minute(read.hours.closes),
        "origin": AgencyOrigin.FILE.value,
    }
    # The own agency's places stand in no file: an admin sets them.
    return said if read.id == OWN else {**said, "places": list(read.places)}


def _of_file(kept: Agency) -> dict[str, Any]:
    names = ["name_th", "name_en", "categories", "days", "opens_minute", "closes_minute", "origin"]
    return {name: getattr(kept, name) for name in names + (["places"] if kept.id != OWN else [])}


def _level(codes: Iterable[str]) -> str:
    codes = list(codes)
    if len({code[:2] for code in codes}) > 1:
        return AgencyLevel.CENTRAL
    return AgencyLevel.PROVINCIAL if any(len(code) == 2 for code in codes) else AgencyLevel.LOCAL


def _minute(at: time) -> int:
    return at.hour * 60 + at.minute


def _time(minute: int) -> time:
    return time(minute // 60, minute % 60)
