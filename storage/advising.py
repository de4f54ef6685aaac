"""Which advice fits: the best single rule for a day, a place and what is grown there.

A rule is confirmed when its file says who checked it, or an officer confirmed these very words at the command; only
confirmed ones are sent out. Whom was told something on which day is kept, for one advice a day is enough.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Boolean, Date, literal
from sqlalchemy import select as sql_select
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Field, Session, SQLModel, col, or_, select

from storage.advice_rules import Rule, rules
from storage.audit import record
from storage.columns import BigId, UtcDateTime
from storage.farming import FarmCrop, with_wider
from storage.forecasts import Condition, Forecast, forecasts_for
from storage.people import Person

DAYS_AHEAD = 3
"""So many days of weather, from today on, are advised about: time to act, and a forecast that holds."""

_URGENCY = {condition: number for number, condition in enumerate(Condition)}


class AdviceConfirmation(SQLModel, table=True):
    """An officer of agriculture stands for a rule, as long as its words and bounds stay what they were."""

    __tablename__ = "advice_confirmation"

    rule: str = Field(primary_key=True)
    digest: str
    confirmed_by: str
    at: datetime = Field(sa_type=UtcDateTime)


class AdviceTold(SQLModel, table=True):
    """The last day on which a person was told an advice, whether that was a severe one, and the last day on which
    her prices came with one: these are not sent again without it."""

    __tablename__ = "advice_told"

    person_id: int = Field(
        primary_key=True, foreign_key="person.id", sa_type=BigId, sa_column_kwargs={"autoincrement": False}
    )
    told_on: date = Field(sa_type=Date)
    severe: bool = False
    with_prices_on: date | None = Field(default=None, sa_type=Date)


@dataclass(frozen=True, kw_only=True)
class Advice:
    """A rule and the weather that calls for it. The same advice has the same words for everybody in its `area`.

    `starts_on` to `ends_on` are days of Thailand, both included, none of them before the day it is for.
    """

    rule: Rule
    condition: Condition
    area: str
    starts_on: date
    ends_on: date
    forecast_by: str
    issued_on: date
    rain_percent: tuple[int, int] | None = None
    rain_mm: float | None = None
    low: float | None = None
    high: float | None = None
    confirmed: bool = False

    @property
    def severe(self) -> bool:
        """It may not wait, and may come beside another advice of the day."""
        return self.condition in self.rule.severe


def advice_for(
    session: Session,
    place: str,
    crops: Iterable[str],
    on: date,
    *,
    planted: Mapping[str, date] | None = None,
    also_unconfirmed: bool = False,
) -> Advice | None:
    """The best advice on a day for a place (code) and crops (product ids); None when no rule fits.

    `planted` is when a crop was planted, where that is known. Without `also_unconfirmed` only what an officer
    confirmed is given: anything that is sent to somebody who did not ask.
    """
    forecasts = forecasts_for(session, place, on, DAYS_AHEAD)
    if not forecasts:
        return None
    # Of a crop and its wider product, both told, the rules of the wider one are for the crop.
    grown = {
        each: crop
        for crop in sorted(set(crops), key=lambda crop: len(with_wider(crop)))
        for each in with_wider(crop)
    }
    known = confirmed_rules(session)
    fitting = [
        _advice(rule, condition, forecast, on, confirmed=rule.id in known)
        for rule in rules()
        if rule.crop in grown
        and (also_unconfirmed or rule.id in known)
        and (_fits_time(rule, on, (planted or {}).get(grown[rule.crop])))
        for forecast in forecasts
        for condition in rule.when
        if condition in forecast.conditions and _fits_amount(rule, forecast)
    ]
    return min(fitting, key=lambda each: _rank(each, grown), default=None)


def planting(grown: Sequence[FarmCrop]) -> dict[str, date]:
    """When which of a person's crops was planted, as far as she told."""
    return {each.crop: each.planted_on for each in grown if each.planted_on is not None}


def confirmed_rules(session: Session) -> set[str]:
    """The ids of the rules that somebody stands for."""
    by_officers = {row.rule: row.digest for row in session.exec(select(AdviceConfirmation))}
    return {
        rule.id for rule in rules() if rule.checked_on is not None or by_officers.get(rule.id) == rule.digest
    }


def confirm(session: Session, rule: Rule, at: datetime, *, by: str) -> None:
    """From now on `by` stands for the rule as it is."""
    row = session.get(AdviceConfirmation, rule.id) or AdviceConfirmation(
        rule=rule.id, digest="", confirmed_by=by, at=at
    )
    row.digest, row.confirmed_by, row.at = rule.digest, by, at
    session.add(row)
    session.flush()
    record(session, at, actor=by, action="advice.confirm", subject=f"rule/{rule.id}")


def note_told(
    session: Session, person_ids: Sequence[int], on: date, *, severe: bool = False, with_prices: bool = False
) -> list[int]:
    """Note that these are told an advice on that day, and give those who may be: who had none, or none as severe.

    Whoever is told in the same moment by somebody else is not given twice. `with_prices` notes that the prices of the
    day come in the same message.
    """
    if not person_ids:
        return []
    dialect = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    # From a table, since so many rows of values are slow to write into a statement, and writing keeps others waiting.
    noted: dict[str, Any] = {"told_on": literal(on, Date()), "severe": literal(severe, Boolean())}
    if with_prices:
        noted["with_prices_on"] = literal(on, Date())
    hers = sql_select(col(Person.id), *noted.values()).where(col(Person.id).in_(person_ids))
    statement = dialect.insert(AdviceTold).from_select(["person_id", *noted], hers)
    had_none = col(AdviceTold.told_on) < on
    may = or_(had_none, col(AdviceTold.severe).is_(False)) if severe else had_none
    statement = statement.on_conflict_do_update(index_elements=["person_id"], set_=noted, where=may)
    told = set(session.connection().execute(statement.returning(col(AdviceTold.person_id))).scalars())
    return [each for each in person_ids if each in told]


def _fits_time(rule: Rule, on: date, planted_on: date | None) -> bool:
    """By the age of the crop where that is known, else by the month."""
    if rule.days is not None and planted_on is not None:
        return rule.days[0] <= (on - planted_on).days <= rule.days[1]
    return not rule.months or on.month in rule.months


def _fits_amount(rule: Rule, forecast: Forecast) -> bool:
    return not rule.percent or (forecast.rain_percent_to or 0) >= rule.percent


def _advice(rule: Rule, condition: Condition, forecast: Forecast, on: date, *, confirmed: bool) -> Advice:
    first, last = forecast.rain_percent_from, forecast.rain_percent_to
    return Advice(
        rule=rule,
        condition=condition,
        area=forecast.area,
        starts_on=max(on, forecast.starts_on),
        ends_on=forecast.ends_on,
        forecast_by=forecast.source,
        issued_on=forecast.issued_on,
        rain_percent=None if last is None else (last if first is None else first, last),
        rain_mm=forecast.rain_mm,
        low=forecast.low_from,
        high=forecast.high_to,
        confirmed=confirmed,
    )


def _rank(advice: Advice, grown: Mapping[str, str]) -> tuple[int, int, date, int, int, str]:
    """What may not wait; the most pressing weather; the soonest; her very crop; what is for a time; then by name."""
    rule = advice.rule
    return (
        0 if advice.severe else 1,
        _URGENCY[advice.condition],
        advice.starts_on,
        0 if grown[rule.crop] == rule.crop else 1,
        0 if rule.days or rule.months else 1,
        rule.id,
    )
