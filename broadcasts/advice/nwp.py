"""The hourly model of the Thai Meteorological Department (NWP), for the provinces where somebody wants advice.

Real numbers, times with their zone, `cond` from 1 to 12. One place a request and 60 requests a minute, so the
provinces that were asked for longest ago come first. Outside Thailand it redirects to a page.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

from sqlmodel import Session, col, func, select

from broadcasts.advice.prose import codes, limits_of, ordered
from broadcasts.source_reading import moment, number, part, position, read_json, records, text
from broadcasts.sources import BANGKOK, Answer, Request, SchemaDrift, Source, Visit
from storage import forecasts, place_points
from storage.farming import ADVICE
from storage.forecasts import Condition, Forecast
from storage.subscriptions import Subscription

NAME = "tmd_nwp"
HOURS = 72
MOST_PLACES = 50
"""Asked for in one visit: below the 60 a minute that the service allows."""

_WHOLE_DAY = 18
"""Hours of a day that must be forecast before it is called dry."""

_NUMBERS = {"tc": (-10.0, 50.0), "rain": (0.0, 500.0), "rh": (0.0, 100.0)}


@dataclass(kw_only=True)
class Day:
    """A day of Thailand at one place: hours that were forecast, mm of rain, °C, what the codes say."""

    hours: int = 0
    rain_mm: float = 0.0
    degrees: list[float] = field(default_factory=list)
    conditions: set[Condition] = field(default_factory=set)


@dataclass(frozen=True, kw_only=True)
class Hours:
    """The days of an answer, none of them before the time it was read."""

    days: dict[date, Day]


def read(data: bytes, at: datetime) -> Hours:
    """The days ahead; raises SchemaDrift. Hours that have passed say nothing."""
    places = records(read_json(data), "WeatherForecasts")
    if len(places) != 1:
        raise SchemaDrift("WeatherForecasts", f"has {len(places)} places where one was asked for")
    where = "WeatherForecasts[0]"
    located = part(places[0], "location", where)
    position(number(located, "lat", where), number(located, "lon", where), f"{where}.location")
    days: dict[date, Day] = {}
    seen: set[datetime] = set()
    for index, hour in enumerate(records(places[0], "forecasts")):
        here = f"{where}.forecasts[{index}]"
        happens_at = moment(text(hour, "time", here), f"{here}.time")
        if happens_at > at + timedelta(hours=2 * HOURS):
            raise SchemaDrift(f"{here}.time", f"is {happens_at:%Y-%m-%d}, too far ahead")
        # An hour that stands there twice rains once.
        if happens_at >= at - timedelta(hours=1) and happens_at not in seen:
            seen.add(happens_at)
            _add(
                days.setdefault(happens_at.astimezone(BANGKOK).date(), Day()), part(hour, "data", here), here
            )
    return Hours(days=days)


def store(session: Session, answers: Sequence[Answer[Hours]], visit: Visit) -> str:
    """Keep each province's days."""
    today = visit.at.astimezone(visit.zone).date()
    kept = 0
    for answer in answers:
        rows = [
            Forecast(
                source=NAME,
                area=answer.request.about,
                starts_on=on,
                ends_on=on,
                issued_on=today,
                conditions=[condition.value for condition in _conditions(day)],
                rain_mm=round(day.rain_mm, 1),
                low_from=min(day.degrees, default=None),
                high_to=max(day.degrees, default=None),
                at=visit.at,
            )
            for on, day in sorted(answer.value.days.items())
            if on >= today
        ]
        kept += forecasts.keep(session, NAME, answer.request.about, rows)
    return f"{kept} provinces"


def _add(day: Day, values: Any, where: str) -> None:
    found = {name: _value(values, name, where) for name in _NUMBERS if name in values}
    day.hours += 1
    day.rain_mm += found.get("rain") or 0.0
    if (degrees := found.get("tc")) is not None:
        day.degrees.append(degrees)
    code = number(values, "cond", where) if "cond" in values else None
    if code is not None and not (code.is_integer() and 1 <= code <= 12):
        raise SchemaDrift(f"{where}.data.cond", f"is {code:g}, not a code from 1 to 12")
    if code is not None and (said := codes().get(int(code))) is not None:
        day.conditions.add(said)


def _value(values: Any, name: str, where: str) -> float | None:
    value = number(values, name, f"{where}.data")
    low, high = _NUMBERS[name]
    if value is not None and not low <= value <= high:
        raise SchemaDrift(f"{where}.data.{name}", f"is {value:g}, which cannot be")
    return value


def _conditions(day: Day) -> tuple[Condition, ...]:
    """By the codes, and by the numbers of the whole day."""
    limits, found = limits_of(), set(day.conditions)
    if day.rain_mm >= limits["heavy_rain_mm"]:
        found.add(Condition.HEAVY_RAIN)
    if day.rain_mm >= limits["rain_mm"]:
        found.add(Condition.RAIN)
    if day.hours >= _WHOLE_DAY and day.rain_mm < limits["dry_mm"]:
        found.add(Condition.DRY)
    if max(day.degrees, default=0.0) >= limits["heat"]:
        found.add(Condition.HEAT)
    if min(day.degrees, default=limits["cold"]) < limits["cold"]:
        found.add(Condition.COLD)
    return ordered(found)


def _asked(session: Session, _visit: Visit) -> tuple[Request, ...]:
    """One request a province with subscribers, at the point of the district that most places lie in."""
    province = func.substr(col(Subscription.place), 1, 2)
    query = select(province).where(Subscription.topic == ADVICE, col(Subscription.until).is_(None)).distinct()
    known = dict(
        session.exec(
            select(Forecast.area, func.max(Forecast.at))
            .where(Forecast.source == NAME)
            .group_by(Forecast.area)
        ).all()
    )
    never = datetime(1970, 1, 1, tzinfo=UTC)
    wanted = sorted(session.exec(query), key=lambda code: (known.get(code) or never, code))
    requests = []
    for code in wanted[:MOST_PLACES]:
        # The province's capital district is its first.
        point = place_points.point_of(f"{code}01")
        if point is None:
            continue
        requests.append(
            Request(
                address="../hourly/at",
                parameters={
                    "lat": f"{point[0]:.4f}",
                    "lon": f"{point[1]:.4f}",
                    "fields": "tc,rh,rain,cond",
                    "duration": str(HOURS),
                },
                about=code,
            )
        )
    return tuple(requests)


SOURCE = Source(
    name=NAME,
    url="tmd_nwp_url",
    requests=_asked,
    read=read,
    store=store,
    bearer="tmd_nwp_token",
)
