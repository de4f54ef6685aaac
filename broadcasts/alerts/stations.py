"""Measuring stations: where each stands, and what all of them together call for.

A station's district is found by boundaries where they are imported, else by names and distance. A danger is that of a
district; its words are those of the worst station there.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache
from typing import Any, Generic, TypeVar

from sqlmodel import Session

from broadcasts.alerts.episodes import Feed, Finding
from broadcasts.alerts.holding import Heard, follow_stations
from broadcasts.source_reading import each_of
from broadcasts.sources import Answer, SchemaDrift, Visit, newest
from storage import place_points, places
from storage.place_shapes import place_at

_CANDIDATES = 5


@dataclass(frozen=True, kw_only=True)
class Station:
    """One station and when it measured. `address` are texts that may name where it stands, in Thai or English."""

    station: str
    name_th: str
    address: tuple[str, ...]
    latitude: float
    longitude: float
    at: datetime
    district: str | None = None


T = TypeVar("T", bound=Station)


@dataclass(frozen=True, kw_only=True)
class Measured(Generic[T]):
    """All stations of an answer that have a value, and what was wrong with single others."""

    stations: tuple[T, ...]
    faults: tuple[str, ...]


def read_stations(found: list[Any], inside: str, read_one: Callable[[Any, str], T | None]) -> Measured[T]:
    """The stations of the list that is `inside` an answer. Raises SchemaDrift when there are none, or all are wrong."""
    if not found:
        raise SchemaDrift(inside, "is empty")
    stations, faults = each_of(found, read_one, inside)
    return Measured(stations=tuple(stations), faults=tuple(faults))


def place_stations(
    session: Session, answers: Sequence[Answer[Measured[T]]], _visit: Visit
) -> Sequence[Answer[Measured[T]]]:
    """The same with the stations' districts."""

    def placed(each: T) -> T:
        return replace(each, district=district_of(session, each.latitude, each.longitude, *each.address))

    return [
        replace(answer, value=replace(answer.value, stations=tuple(map(placed, answer.value.stations))))
        for answer in answers
    ]


def store_stations(
    session: Session,
    answers: Sequence[Answer[Measured[T]]],
    visit: Visit,
    *,
    feed: Feed,
    value: Callable[[T], float],
    finding: Callable[[str, T, Visit], Finding],
) -> str:
    """Draft what the stations call for: one danger a district, by its worst station, the one with the highest value."""
    stations = [each for answer in answers for each in answer.value.stations]
    faults = [each for answer in answers for each in answer.value.faults]
    fresh = [each for each in stations if visit.at - each.at <= feed.fresh]
    districts = worst_of_each_district(fresh, value)
    dangers = [
        [Heard(station=each.station, finding=finding(code, each, visit)) for each in there]
        for code, there in sorted(districts.items())
    ]
    told = f"{len(dangers)} districts: {follow_stations(session, feed, dangers, visit)}"
    if len(fresh) < len(stations):
        told += f"; {len(stations) - len(fresh)} stations too old"
    return told + (f"; {len(faults)} left out ({faults[0]})" if faults else "")


def worst_of_each_district(stations: Iterable[T], value: Callable[[T], float]) -> dict[str, list[T]]:
    """The stations of each district, each once with what it measured last, the worst first."""
    last: dict[str, T] = {}
    for each in sorted(stations, key=lambda each: (each.at, value(each))):
        last[each.station] = each
    found: dict[str, list[T]] = {}
    for each in sorted(last.values(), key=lambda each: (value(each), each.at), reverse=True):
        if each.district is not None:
            found.setdefault(each.district, []).append(each)
    return found


def measured_at(measured: Measured[Any]) -> datetime | None:
    """When the newest of the measurements was."""
    return newest([each.at for each in measured.stations])


def district_of(session: Session, latitude: float, longitude: float, *address: str) -> str | None:
    """The code of the district of a position in Thailand; `address` are texts that may name it, in Thai or English.

    Without boundaries the nearest district's point is right for three of four positions, so of the nearest few the one
    whose name stands in the address is taken. None when the position is far from every district.
    """
    found = place_at(session, latitude, longitude)
    if found is not None:
        return found[:4]
    near = _nearest(latitude, longitude)
    return next((code for code in near if _is_named(code, address)), near[0] if near else None)


@lru_cache(maxsize=5_000)
def _nearest(latitude: float, longitude: float) -> tuple[str, ...]:
    """Stations do not move, and there are hundreds of them every few minutes."""
    return place_points.nearest_districts(latitude, longitude, most=_CANDIDATES)


def _is_named(code: str, address: tuple[str, ...]) -> bool:
    place = places.require_place(code)
    texts = [" ".join(each.split()).casefold() for each in address]
    return any(_own_name(place.name_th) in text or place.name_en.casefold() in text for text in texts)


def _own_name(name: str) -> str:
    return name.removeprefix("เขต")
