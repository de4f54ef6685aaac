"""Who answers for a case: the agencies of `knowledge/agencies.toml` or of an operator's own file, and their hours."""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from storage import places
from storage.cases import CaseKind
from storage.cases_categories import categories
from storage.cases_deadlines import is_working_day

EVERYTHING = "*"

_KNOWN_KEYS = frozenset(
    {"id", "sample", "name_th", "name_en", "places", "categories", "days", "from", "until", "checked_on"}
)


class AgenciesRefused(Exception):
    """A file of agencies cannot be used; the message names the file, the row and the mend."""


@dataclass(frozen=True, kw_only=True)
class Hours:
    """Opening hours; `days` are ISO weekdays, 1 is Monday. Public holidays are closed."""

    days: tuple[int, ...] = (1, 2, 3, 4, 5)
    opens: time = time(8, 30)
    closes: time = time(16, 30)

    def are_open(self, at: datetime, zone: ZoneInfo) -> bool:
        local = at.astimezone(zone)
        return is_working_day(local.date(), self.days) and self.opens <= local.time() < self.closes

    def in_words(self) -> str:
        """ "8.30-16.30", as Thai writes hours."""
        return f"{self.opens.hour}.{self.opens:%M}-{self.closes.hour}.{self.closes:%M}"


@dataclass(frozen=True, kw_only=True)
class ResponsibleAgency:
    """`id` '' is the installation's own agency, which answers for all that nobody else does."""

    id: str
    name_th: str
    name_en: str
    places: tuple[str, ...] = ()
    categories: frozenset[str] = frozenset()
    hours: Hours = Hours()

    def name(self, language: str) -> str:
        return self.name_en if language == "en" else self.name_th

    def answers_for(self, about: str) -> bool:
        return about in self.categories or EVERYTHING in self.categories


@dataclass(frozen=True, kw_only=True)
class Agencies:
    """The agencies of an installation."""

    own: ResponsibleAgency
    others: tuple[ResponsibleAgency, ...] = ()

    def responsible(self, place: str | None, about: str) -> ResponsibleAgency:
        """Who answers for a category (or a kind of case) in a place: the one with the smallest place around it."""
        if place is None:
            return self.own
        around = [
            (len(code), each)
            for each in self.others
            if each.answers_for(about)
            for code in each.places
            if places.contains(code, place)
        ]
        return max(around, key=lambda found: found[0])[1] if around else self.own

    def named(self, agency_id: str) -> ResponsibleAgency:
        """The agency a case names; the own one where it is no longer listed."""
        return next((each for each in self.others if each.id == agency_id), self.own)


def read_agencies(
    own_name_th: str, own_name_en: str, file: Path | None = None, *, samples: bool = False
) -> Agencies:
    """The agencies of an operator's file, or of the one that comes with Krajai. Raises AgenciesRefused."""
    loaded = _loaded() if file is None else _load(file)
    source = "agencies.toml" if file is None else str(file)
    own = ResponsibleAgency(
        id="", name_th=own_name_th, name_en=own_name_en, hours=_hours(source, "own", loaded.get("own", {}))
    )
    others = tuple(
        _agency(source, row) for row in loaded.get("agency", []) if samples or not row.get("sample", False)
    )
    ids = [each.id for each in others]
    if twice := sorted({each for each in ids if ids.count(each) > 1}):
        raise AgenciesRefused(f"{source}: two agencies have the id {', '.join(twice)}")
    return Agencies(own=own, others=others)


def _agency(source: str, row: Mapping[str, Any]) -> ResponsibleAgency:
    name = str(row.get("id", ""))
    row_is = f"agency {name or '(without id)'}"
    if not name or not name.isascii() or name != name.strip():
        raise AgenciesRefused(f"{source}: {row_is} needs an id of Latin letters")
    if unknown := sorted(row.keys() - _KNOWN_KEYS):
        raise AgenciesRefused(f"{source}: {row_is} has {', '.join(unknown)}, which nothing reads")
    for key in ("name_th", "name_en"):
        if not str(row.get(key, "")).strip():
            raise AgenciesRefused(f"{source}: {row_is} needs a {key}")
    codes, answered = _texts(row, "places"), _texts(row, "categories")
    if wrong := [code for code in codes if places.place(code) is None]:
        raise AgenciesRefused(f"{source}: {row_is}: {', '.join(wrong)} is no place; see `krajai places find`")
    known = {EVERYTHING, *categories(), *CaseKind}
    if wrong := [each for each in answered if each not in known]:
        raise AgenciesRefused(
            f"{source}: {row_is}: {', '.join(wrong)} is no category of case_categories.toml"
        )
    if not codes or not answered:
        raise AgenciesRefused(f"{source}: {row_is} needs places and categories")
    return ResponsibleAgency(
        id=name,
        name_th=row["name_th"],
        name_en=row["name_en"],
        places=tuple(codes),
        categories=frozenset(answered),
        hours=_hours(source, row_is, row),
    )


def _hours(source: str, row_is: str, row: Mapping[str, Any]) -> Hours:
    default = Hours()
    try:
        found = Hours(
            days=tuple(int(day) for day in row.get("days", default.days)),
            opens=time.fromisoformat(row["from"]) if "from" in row else default.opens,
            closes=time.fromisoformat(row["until"]) if "until" in row else default.closes,
        )
    except (TypeError, ValueError) as fault:
        raise AgenciesRefused(
            f'{source}: {row_is}: hours are written from = "08:30", days = [1, 2]'
        ) from fault
    if not found.days or not set(found.days) <= set(range(1, 8)) or found.opens >= found.closes:
        raise AgenciesRefused(f"{source}: {row_is}: days are 1 to 7, and it closes after it opens")
    return found


def _texts(row: Mapping[str, Any], key: str) -> Sequence[str]:
    found = row.get(key, [])
    return [str(each) for each in found] if isinstance(found, list) else []


def _load(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as fault:
        raise AgenciesRefused(f"{file} cannot be read: {fault}") from fault


@cache
def _loaded() -> dict[str, Any]:
    return tomllib.loads((files("knowledge") / "agencies.toml").read_text(encoding="utf-8"))
