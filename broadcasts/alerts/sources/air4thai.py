"""PM2.5 of the Pollution Control Department's stations (Air4Thai).

`getNewAQI_JSON.php`: every number is text, -1 and -999 mean no value, date and time are Thai without saying so. `value`
is the mean of 24 hours in µg/m³, `aqi` its index. The index has another scale since 1 June 2023; a value that does not
fit the index of that scale is in another unit or wrong, and is not used.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlmodel import Session

from broadcasts.alerts.composing import InWords
from broadcasts.alerts.episodes import Feed, Finding, follow
from broadcasts.alerts.meaning import Level
from broadcasts.alerts.stations import district_of
from broadcasts.source_reading import (
    each_of,
    number,
    part,
    position,
    read_json,
    records,
    shortened,
    text,
    time,
)
from broadcasts.sources import Answer, SchemaDrift, Source, Visit, newest
from storage.wording import LANGUAGES, dates, say
from storage.wording.areas import area_in_words

ORANGE, RED = 37.6, 75.1
"""Where "begins to affect health" and "affects health" begin: mean of 24 hours, µg/m³. Notification of the Pollution
Control Department on the Air Quality Index of Thailand, in force since 1 June 2023."""

_THRESHOLDS: tuple[tuple[float, Level], ...] = ((RED, "warning"), (ORANGE, "watch"))
_SCALE_SINCE = datetime(2023, 5, 31, 17, tzinfo=UTC)
# The same notification: from value and index to value and index, straight lines between.
_SCALE = (
    (0.0, 0.0, 15.0, 25.0),
    (15.1, 26.0, 25.0, 50.0),
    (25.1, 51.0, 37.5, 100.0),
    (37.6, 101.0, 75.0, 200.0),
)
_INDEX_MAY_DIFFER = 4.0
_MOST_VALUE = 1000.0
_NO_VALUE = (-1.0, -999.0)

FEED = Feed(
    name="air4thai",
    lives=timedelta(hours=24),
    fresh=timedelta(hours=4),
    calm=timedelta(hours=3),
    renew_before=timedelta(hours=3),
)


@dataclass(frozen=True, kw_only=True)
class Reading:
    """One station's PM2.5: mean of 24 hours in µg/m³."""

    station: str
    name_th: str
    name_en: str
    area_th: str
    area_en: str
    latitude: float
    longitude: float
    at: datetime
    value: float
    district: str | None = None


@dataclass(frozen=True, kw_only=True)
class Readings:
    """All stations of an answer that have a value, and what was wrong with single others."""

    readings: tuple[Reading, ...]
    faults: tuple[str, ...]


def read(data: bytes, at: datetime) -> Readings:
    """The stations. Raises SchemaDrift."""
    found = records(read_json(data), "stations")
    if not found:
        raise SchemaDrift("stations", "is empty")
    readings, faults = each_of(found, lambda record, where: _reading(record, where, at), "stations")
    return Readings(readings=tuple(readings), faults=tuple(faults))


def resolve(
    session: Session, answers: Sequence[Answer[Readings]], _visit: Visit
) -> Sequence[Answer[Readings]]:
    """The same with the stations' districts."""
    return [replace(answer, value=_placed(session, answer.value)) for answer in answers]


def store(session: Session, answers: Sequence[Answer[Readings]], visit: Visit) -> str:
    """Draft what the readings call for: one danger a district, by its worst station."""
    worst: dict[str, Reading] = {}
    faults: list[str] = []
    for answer in answers:
        faults += answer.value.faults
        for reading in answer.value.readings:
            code = reading.district
            if code is not None and (code not in worst or _rank(reading) > _rank(worst[code])):
                worst[code] = reading
    findings = [_finding(code, reading, visit) for code, reading in sorted(worst.items())]
    done = follow(session, FEED, findings, visit)
    left_out = f"; {len(faults)} left out ({faults[0]})" if faults else ""
    return f"{len(findings)} districts: {done}{left_out}"


def level_of_value(value: float) -> Level | None:
    """The level of a mean of 24 hours in µg/m³.

    >>> level_of_value(37.5), level_of_value(37.6), level_of_value(75.1)
    (None, 'watch', 'warning')
    """
    return next((level for threshold, level in _THRESHOLDS if value >= threshold), None)


def index_of_value(value: float) -> float | None:
    """The index of the scale of 2023; None above 75 µg/m³, where it has no upper end.

    >>> round(index_of_value(34.1))
    87
    """
    for from_value, from_index, to_value, to_index in _SCALE:
        if value <= to_value:
            above = max(value - from_value, 0.0)
            return from_index + above * (to_index - from_index) / (to_value - from_value)
    return None


def _placed(session: Session, found: Readings) -> Readings:
    def district(reading: Reading) -> str | None:
        return district_of(session, reading.latitude, reading.longitude, reading.area_th, reading.area_en)

    return replace(found, readings=tuple(replace(each, district=district(each)) for each in found.readings))


def _reading(record: Any, where: str, at: datetime) -> Reading | None:
    last_name = "AQILast" if isinstance(record, dict) and "AQILast" in record else "LastUpdate"
    last = part(record, last_name, where)
    here = f"{where}.{last_name}"
    value = number(last, "PM25.value", here, no_value=_NO_VALUE)
    if value is None:
        return None
    if not 0 <= value <= _MOST_VALUE:
        raise SchemaDrift(f"{here}.PM25.value", f"is {value:g} µg/m³, which is no measurement")
    index = number(last, "PM25.aqi", here, no_value=_NO_VALUE)
    measured_at = time(f"{text(last, 'date', here)} {text(last, 'time', here)}", f"{here}.date", at)
    if measured_at >= _SCALE_SINCE:
        _check_index(value, index, f"{here}.PM25.aqi")
    latitude, longitude = position(
        number(record, "lat", where), number(record, "long", where), f"{where}.lat, long"
    )
    return Reading(
        station=text(record, "stationID", where),
        name_th=text(record, "nameTH", where),
        name_en=text(record, "nameEN", where),
        area_th=text(record, "areaTH", where),
        area_en=text(record, "areaEN", where),
        latitude=latitude,
        longitude=longitude,
        at=measured_at,
        value=value,
    )


def _check_index(value: float, index: float | None, where: str) -> None:
    expected = index_of_value(value)
    fits = index is not None and (
        index >= _SCALE[-1][3] if expected is None else abs(index - expected) <= _INDEX_MAY_DIFFER
    )
    if not fits:
        wanted = "more than 200" if expected is None else f"{expected:.0f}"
        raise SchemaDrift(
            where, f"is {shortened(index)} where {value:g} µg/m³ is {wanted}: another unit or scale"
        )


def _rank(reading: Reading) -> tuple[datetime, float]:
    """A station that measured at another hour says nothing about this one."""
    return reading.at.replace(minute=0), reading.value


def _finding(code: str, reading: Reading, visit: Visit) -> Finding:
    level = level_of_value(reading.value)
    return Finding(
        key=f"pm25:{code}",
        hazard="pm25",
        level=level,
        places=(code,),
        measured_at=reading.at,
        words=lambda: {language: _words(language, code, reading, level, visit) for language in LANGUAGES},
        source="Air4Thai, Pollution Control Department",
        web="http://air4thai.pcd.go.th",
    )


def _words(language: str, code: str, reading: Reading, level: Level | None, visit: Visit) -> InWords:
    value = say(language, "sources.pm25.value", value=f"{reading.value:.0f}")
    threshold = RED if level == "warning" else ORANGE
    return InWords(
        headline=say(language, "sources.pm25.headline", value=value, where=area_in_words([code], language)),
        evidence=say(
            language,
            "sources.pm25.evidence",
            station=f"{reading.name_th if language == 'th' else reading.name_en} ({reading.station})",
            value=f"{reading.value:g}",
            when=dates.stamp(reading.at, language, visit.zone),
            threshold=f"{threshold:g}",
        ),
        value=value,
    )


def _dated(readings: Readings) -> datetime | None:
    return newest([reading.at for reading in readings.readings])


SOURCE = Source(
    name=FEED.name,
    url="air4thai_url",
    read=read,
    resolve=resolve,
    store=store,
    dated=_dated,
    stale_after=timedelta(hours=6),
    total_seconds=45.0,
)
