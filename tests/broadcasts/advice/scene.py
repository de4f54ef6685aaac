"""Farmers, a forecast and confirmed rules."""

from datetime import UTC, date, datetime, timedelta

from sqlmodel import Session

from storage import advising, forecasts
from storage.advice_rules import rules
from storage.farming import ADVICE, follow_advice, note_crop
from storage.forecasts import Forecast
from storage.subscriptions import subscribe
from tests.builders import citizen

MORNING = datetime(2026, 11, 20, 23, 30, tzinfo=UTC)
"""6.30 น. of Saturday 21 November 2569 in Bangkok."""

TODAY = date(2026, 11, 21)


def farmer(
    session: Session,
    address: str,
    *crops: str,
    place: str = "5709",
    planted_on: date | None = None,
    account_id: int | None = None,
    language: str = "th",
) -> int:
    """Somebody who grows this and wants advice in a place; her number."""
    before = MORNING - timedelta(days=1)
    contact, person = citizen(
        session, address, places=(place,), account_id=account_id, language=language, at=before
    )
    assert person.id is not None
    assert contact.id is not None
    subscribe(session, person.id, contact.id, ADVICE, place, before)
    for crop in crops:
        row = note_crop(session, person.id, crop, before)
        assert row is not None
        row.planted_on = planted_on
    follow_advice(session, person.id, contact.id, before)
    return person.id


def weather(
    session: Session, *conditions: str, area: str = "north", percent: int = 60, days: int = 3
) -> None:
    """What is forecast for an area from today on."""
    row = Forecast(
        source="tmd_forecast",
        area=area,
        starts_on=TODAY,
        ends_on=TODAY + timedelta(days=days - 1),
        issued_on=TODAY,
        conditions=list(conditions),
        rain_percent_from=percent,
        rain_percent_to=percent,
        at=MORNING,
    )
    assert forecasts.keep(session, row.source, area, [row])


def confirmed(session: Session) -> None:
    """An officer stands for every rule."""
    for rule in rules():
        advising.confirm(session, rule, MORNING, by="tester")
