"""Forecasts as far as advice needs them: for an area and some days, which conditions, and how much.

An area is a region of the forecaster (`north`) or the code of a province. Of a source and an area the newest forecast
is kept, whole; an older one never replaces it.
"""

import tomllib
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from enum import StrEnum
from functools import cache
from importlib.resources import files
from typing import Any

from sqlalchemy import CursorResult, Date, Index
from sqlmodel import Field, Session, SQLModel, col, delete, select

from storage.columns import BigId, Json, UtcDateTime

KEPT_DAYS = 30


class Condition(StrEnum):
    """What of the weather matters to a field, the most pressing first."""

    HEAVY_RAIN = "heavy_rain"
    THUNDERSTORM = "thunderstorm"
    WIND = "wind"
    COLD = "cold"
    HEAT = "heat"
    RAIN = "rain"
    DRY = "dry"


class Forecast(SQLModel, table=True):
    """One area's weather from one day to another, both included; days are of Thailand.

    `conditions` are values of Condition; percents are of the AREA that gets rain, not a probability; `rain_mm` is the
    amount of a day, temperatures are in °C. `source` is the feed's name, `issued_on` the day it was made.
    """

    __tablename__ = "forecast"
    __table_args__ = (Index("forecast_area", "area", "ends_on"),)

    id: int | None = Field(default=None, primary_key=True, sa_type=BigId)
    source: str
    area: str
    starts_on: date = Field(sa_type=Date)
    ends_on: date = Field(sa_type=Date)
    issued_on: date = Field(sa_type=Date)
    conditions: list[str] = Field(default_factory=list, sa_type=Json)
    rain_percent_from: int | None = None
    rain_percent_to: int | None = None
    rain_mm: float | None = None
    low_from: float | None = None
    high_to: float | None = None
    at: datetime = Field(sa_type=UtcDateTime)


def keep(session: Session, source: str, area: str, found: Sequence[Forecast]) -> bool:
    """Put the forecasts of an area in the place of those known; False when those are newer, or there is none."""
    if not found:
        return False
    known = select(col(Forecast.issued_on)).where(Forecast.source == source, Forecast.area == area)
    newest = max(session.exec(known), default=None)
    issued_on = max(each.issued_on for each in found)
    if newest is not None and newest > issued_on:
        return False
    session.connection().execute(
        delete(Forecast).where(col(Forecast.source) == source, col(Forecast.area) == area)
    )
    session.add_all(found)
    session.flush()
    return True


def forecasts_for(session: Session, place: str, on: date, days: int) -> list[Forecast]:
    """What is forecast for a place in `days` days from `on` on, the soonest first.

    Where there is a forecast for her province, it alone counts; else that of the region the province lies in.
    """
    for area in areas_of(place):
        query = select(Forecast).where(
            Forecast.area == area,
            col(Forecast.ends_on) >= on,
            col(Forecast.starts_on) < on + timedelta(days=days),
        )
        found = list(session.exec(query.order_by(col(Forecast.starts_on), col(Forecast.id))))
        if found:
            return found
    return []


def areas_of(place: str) -> tuple[str, ...]:
    """The areas whose forecasts are for a place, the nearest first.

    >>> areas_of("570906")
    ('57', 'north')
    """
    province = place[:2]
    return tuple(filter(None, (province, _region_of().get(province, ""))))


@cache
def regions() -> dict[str, dict[str, Any]]:
    """The regions of the seven-day forecast by id: names, and the codes of their provinces."""
    text = (files("knowledge") / "forecast_regions.toml").read_text(encoding="utf-8")
    found: dict[str, dict[str, Any]] = tomllib.loads(text)["regions"]
    return found


def forget_old(session: Session, at: datetime) -> int:
    """Delete forecasts whose days are long over; how many."""
    old = col(Forecast.ends_on) < at.date() - timedelta(days=KEPT_DAYS)
    result = session.connection().execute(delete(Forecast).where(old))
    assert isinstance(result, CursorResult)
    return result.rowcount


@cache
def _region_of() -> dict[str, str]:
    return {code: name for name, region in regions().items() for code in region["provinces"]}
