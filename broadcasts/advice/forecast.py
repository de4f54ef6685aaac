"""The seven-day forecast by region of the Thai Meteorological Department (WeatherForecast7DaysByRegion, version 2).

Thai prose a region, with Buddhist years, line breaks and runs of spaces; the heading names the seven days, a region's
text may name parts of them. The percent of rain is of the AREA. Reuse is not commercial, with credit to the
department (data.tmd.go.th).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from sqlmodel import Session

from broadcasts.advice.periods import Period, periods_in
from broadcasts.advice.prose import Weather, weather_in
from broadcasts.source_reading import each_of, part, read_json, records, shortened, text
from broadcasts.sources import BANGKOK, Answer, Request, SchemaDrift, Source, Visit, but_for, newest
from storage import forecasts
from storage.forecasts import Forecast

NAME = "tmd_forecast"

MOST_AHEAD = timedelta(days=2)
"""A forecast begins on the day it is made, or the day after."""

_MOST_LETTERS = 4_000
_HEADING = "OverallForecast.Date"


@dataclass(frozen=True, kw_only=True)
class Part:
    """Some days of a region."""

    region: str
    period: Period
    weather: Weather


@dataclass(frozen=True, kw_only=True)
class SevenDays:
    """One answer: the days of its heading, the parts of all regions, and what was wrong with single regions."""

    period: Period
    parts: tuple[Part, ...]
    faults: tuple[str, ...]


def read(data: bytes, at: datetime) -> SevenDays:
    """The forecast; raises SchemaDrift. One of days gone by is no fault: it is kept by nobody, and its age is seen."""
    document = part(read_json(data), "OverallForecast")
    heading = text(document, "Date", "OverallForecast")
    found = [period for period, _, _ in periods_in(heading, _HEADING)]
    if len(found) != 1:
        raise SchemaDrift(_HEADING, f"names no span of days but {shortened(heading)}")
    period = found[0]
    if period.first > at.astimezone(BANGKOK).date() + MOST_AHEAD:
        raise SchemaDrift(_HEADING, f"begins on {period.first}, which lies ahead")
    read_parts, faults = each_of(
        records(document, "RegionForecast"),
        lambda record, where: _region(record, where, period),
        "RegionForecast",
    )
    if not read_parts:
        raise SchemaDrift("RegionForecast", "has no region")
    return SevenDays(
        period=period, parts=tuple(each for parts in read_parts for each in parts), faults=tuple(faults)
    )


def store(session: Session, answers: Sequence[Answer[SevenDays]], visit: Visit) -> str:
    """Keep what is not over yet, region by region."""
    today = visit.at.astimezone(visit.zone).date()
    kept = 0
    for answer in answers:
        issued_on = answer.value.period.first
        by_region: dict[str, list[Forecast]] = {}
        # A region may stand in an answer twice.
        for each in dict.fromkeys(answer.value.parts):
            if each.period.last >= today:
                by_region.setdefault(each.region, []).append(_row(each, issued_on, visit.at))
        kept += sum(forecasts.keep(session, NAME, region, rows) for region, rows in by_region.items())
    over = all(answer.value.period.last < today for answer in answers)
    faults = [fault for answer in answers for fault in answer.value.faults]
    return but_for("the forecast is of days gone by" if over else f"{kept} regions", faults)


def _region(record: Any, where: str, whole: Period) -> list[Part] | None:
    name = text(record, "RegionNameThai", where)
    region = _regions_by_name().get(_key(name))
    if region is None:
        raise SchemaDrift(f"{where}.RegionNameThai", f"is no region that is known but {shortened(name)}")
    prose = text(record, "DescriptionThai", where)
    here = f"{where}.DescriptionThai"
    if not prose or len(prose) > _MOST_LETTERS:
        raise SchemaDrift(here, f"has {len(prose)} letters")
    return [
        Part(region=region, period=period, weather=weather_in(words, here, prose))
        for period, words in _sections(prose, here, whole)
    ]


def _sections(prose: str, where: str, whole: Period) -> list[tuple[Period, str]]:
    """Each span of days with the words up to the next; words before the first are for all days."""
    named = periods_in(prose, where, whole)
    if not named:
        return [(whole, prose)]
    starts = sorted({start for _, start, _ in named})
    sections: list[tuple[Period, str]] = []
    if weather_in(prose[: starts[0]], where).conditions:
        sections.append((whole, prose[: starts[0]]))
    for period, start, end in named:
        if not whole.holds(period):
            raise SchemaDrift(
                where, f"speaks of {period.first} to {period.last}, outside of the forecast's days"
            )
        following = next((each for each in starts if each > start), len(prose))
        sections.append((period, prose[end:following]))
    return sections


def _row(each: Part, issued_on: date, at: datetime) -> Forecast:
    low, high = each.weather.rain_percent or (None, None)
    return Forecast(
        source=NAME,
        area=each.region,
        starts_on=each.period.first,
        ends_on=each.period.last,
        issued_on=issued_on,
        conditions=[condition.value for condition in each.weather.conditions],
        rain_percent_from=low,
        rain_percent_to=high,
        low_from=each.weather.low_from,
        high_to=each.weather.high_to,
        at=at,
    )


def _regions_by_name() -> dict[str, str]:
    return {_key(name): region for region, known in forecasts.regions().items() for name in known["names"]}


def _key(name: str) -> str:
    return "".join(name.split()).casefold()


def _dated(found: SevenDays) -> datetime:
    return datetime(
        found.period.first.year, found.period.first.month, found.period.first.day, tzinfo=BANGKOK
    ).astimezone(UTC)


SOURCE = Source(
    name=NAME,
    url="tmd_forecast_url",
    requests=lambda _session, _visit: (Request(parameters={"format": "json"}),),
    read=read,
    store=store,
    dated=lambda found: newest([_dated(found)]),
    stale_after=timedelta(days=2),
    query_credentials={"uid": "tmd_uid", "ukey": "tmd_ukey"},
)
