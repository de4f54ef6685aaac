"""Water levels of the Hydro-Informatics Institute's stations (ThaiWater).

`waterlevel_load`: levels are text in metres above mean sea level, banks numbers, times Thai without saying so.
`situation_level` is the institute's own judgement, 5 the worst: the water is above the lower bank. It is believed only
where it agrees with level and bank, so that a sensor in another unit floods nobody.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlmodel import Session

from broadcasts.alerts.composing import InWords
from broadcasts.alerts.episodes import Feed, Finding
from broadcasts.alerts.stations import (
    Measured,
    Station,
    measured_at,
    place_stations,
    read_stations,
    store_stations,
)
from broadcasts.source_reading import named, number, part, position, read_json, records, text, time
from broadcasts.sources import Answer, SchemaDrift, Source, Visit
from storage.wording import LANGUAGES, dates, say
from storage.wording.areas import area_in_words

OVER_THE_BANK = 5
"""`situation_level` of water above the lower bank, on ThaiWater's scale of 1 to 5."""

_SITUATIONS = frozenset({1, 2, 3, 4, 5})
_LEVELS = (-10.0, 1500.0)
_MOST_OVER = 10.0
_MAY_DIFFER = 0.5

FEED = Feed(
    name="thaiwater",
    lives=timedelta(hours=12),
    fresh=timedelta(hours=3),
    calm=timedelta(hours=2),
    renew_before=timedelta(hours=2),
)


@dataclass(frozen=True, kw_only=True)
class Level(Station):
    """One station: `over` is how many metres the water is above its lower bank, None where no bank is known."""

    level: float
    over: float | None
    situation: int


def read(data: bytes, at: datetime) -> Measured[Level]:
    """The stations, with or without the envelope. Raises SchemaDrift."""
    document = read_json(data)
    inside = "waterlevel_data.data" if isinstance(document, dict) and "data" not in document else "data"
    return read_stations(records(document, inside), inside, lambda record, where: _level(record, where, at))


resolve = place_stations


def store(session: Session, answers: Sequence[Answer[Measured[Level]]], visit: Visit) -> str:
    """Draft what the levels call for: one danger a district, by its worst station."""
    return store_stations(session, answers, visit, feed=FEED, value=_value, finding=_finding)


def _level(record: Any, where: str, at: datetime) -> Level | None:
    situation = number(record, "situation_level", where)
    level = number(record, "waterlevel_msl", where, no_value=(-999.0, -9999.0))
    if situation is None or level is None:
        return None
    if situation not in _SITUATIONS:
        raise SchemaDrift(named(where, "situation_level"), f"is {situation:g}, not 1 to 5")
    if not _LEVELS[0] <= level <= _LEVELS[1]:
        raise SchemaDrift(named(where, "waterlevel_msl"), f"is {level:g}, which is no level in metres")
    station = part(record, "station", where)
    here = f"{where}.station"
    bank = number(station, "min_bank", here, no_value=(-999.0,)) if "min_bank" in station else None
    over = None if bank is None else level - bank
    if situation == OVER_THE_BANK:
        _check_over(record, level, bank, over, where)
    latitude, longitude = position(
        number(station, "tele_station_lat", here),
        number(station, "tele_station_long", here),
        f"{here}.tele_station_lat, tele_station_long",
    )
    return Level(
        station=str(part(station, "id", here)),
        name_th=text(station, "tele_station_name.th", here),
        address=_address(record),
        latitude=latitude,
        longitude=longitude,
        at=time(text(record, "waterlevel_datetime", where), f"{where}.waterlevel_datetime", at),
        level=level,
        over=over,
        situation=int(situation),
    )


def _check_over(record: Any, level: float, bank: float | None, over: float | None, where: str) -> None:
    """Raise SchemaDrift unless level, bank and the stated difference agree that the water is over the bank."""
    if bank is None or over is None:
        raise SchemaDrift(
            f"{where}.station.min_bank", "is missing where the water is said to be over the bank"
        )
    if not 0 <= over <= _MOST_OVER:
        raise SchemaDrift(
            f"{where}.waterlevel_msl",
            f"is {level:g} with a bank of {bank:g}: not over it, or in another unit",
        )
    stated = number(record, "diff_wl_bank", where) if "diff_wl_bank" in record else None
    if stated is not None and abs(abs(stated) - over) > _MAY_DIFFER:
        raise SchemaDrift(f"{where}.diff_wl_bank", f"is {stated:g} where level and bank differ by {over:.2f}")


def _address(record: Any) -> tuple[str, ...]:
    geocode = record.get("geocode")
    names = (geocode.get("amphoe_name"), geocode.get("province_name")) if isinstance(geocode, dict) else ()
    texts = [each.get("th") for each in names if isinstance(each, dict)]
    return (" ".join(each for each in texts if isinstance(each, str)),)


def _value(level: Level) -> float:
    """How bad it is: that it is over the bank before by how much, which stays below `_MOST_OVER`."""
    return (2 * _MOST_OVER if level.situation == OVER_THE_BANK else 0.0) + min(level.over or 0.0, _MOST_OVER)


def _finding(code: str, level: Level, visit: Visit) -> Finding:
    return Finding(
        key=f"level:{code}",
        hazard="flood",
        level="warning" if level.situation == OVER_THE_BANK else None,
        places=(code,),
        measured_at=level.at,
        words=lambda: {language: _words(language, code, level, visit) for language in LANGUAGES},
        source="ThaiWater, Hydro-Informatics Institute",
        web="https://www.thaiwater.net",
    )


def _words(language: str, code: str, level: Level, visit: Visit) -> InWords:
    return InWords(
        headline=say(language, "sources.flood.headline", where=area_in_words([code], language)),
        evidence=say(
            language,
            "sources.flood.evidence",
            station=f"{level.name_th} ({level.station})",
            level=f"{level.level:.2f}",
            over=f"{level.over or 0.0:.2f}",
            situation=level.situation,
            when=dates.stamp(level.at, language, visit.zone),
        ),
    )


SOURCE = Source(
    name=FEED.name,
    url="thaiwater_url",
    read=read,
    resolve=resolve,
    store=store,
    dated=measured_at,
    stale_after=timedelta(hours=4),
    total_seconds=60.0,
    most_bytes=8_000_000,
)
