"""PM2.5 of the Pollution Control Department's stations (Air4Thai).

`getNewAQI_JSON.php`: every number is text, -1 and -999 mean no value, date and time are Thai without saying so. `value`
is the mean of 24 hours in µg/m³, `aqi` its index. The index has another scale since 1 June 2023; a value that does not
fit the index of that scale is in another unit or wrong, and is not used.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlmodel import Session

from broadcasts.alerts.composing import InWords
from broadcasts.alerts.episodes import Feed, Finding
from broadcasts.alerts.meaning import Level
from broadcasts.alerts.stations import (
    Measured,
    Station,
    measured_at,
    place_stations,
    read_stations,
    store_stations,
)
from broadcasts.source_reading import (
    number,
    part,
    position,
    read_json,
    records,
    shortened,
    text,
    time,
)
from broadcasts.sources import Answer, SchemaDrift, Source, Visit
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
class Reading(Station):
    """One station's PM2.5: mean of 24 hours in µg/m³."""

    name_en: str
    value: float


def read(data: bytes, at: datetime) -> Measured[Reading]:
    """The stations. Raises SchemaDrift."""
    found = records(read_json(data), "stations")
    return read_stations(found, "stations", lambda record, where: _reading(record, where, at))


resolve = place_stations


def store(session: Session, answers: Sequence[Answer[Measured[Reading]]], visit: Visit) -> str:
    """Draft what the readings call for: one danger a district, by its worst station."""
    return store_stations(
        session, answers, visit, feed=FEED, value=lambda reading: reading.value, finding=_finding
    )


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
    taken_at = time(f"{text(last, 'date', here)} {text(last, 'time', here)}", f"{here}.date", at)
    if taken_at >= _SCALE_SINCE:
        _check_index(value, index, f"{here}.PM25.aqi")
    latitude, longitude = position(
        number(record, "lat", where), number(record, "long", where), f"{where}.lat, long"
    )
    return Reading(
        station=text(record, "stationID", where),
        name_th=text(record, "nameTH", where),
        name_en=text(record, "nameEN", where),
        address=(text(record, "areaTH", where), text(record, "areaEN", where)),
        latitude=latitude,
        longitude=longitude,
        at=taken_at,
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


SOURCE = Source(
    name=FEED.name,
    url="air4thai_url",
    read=read,
    resolve=resolve,
    store=store,
    dated=measured_at,
    stale_after=timedelta(hours=6),
    total_seconds=45.0,
)
