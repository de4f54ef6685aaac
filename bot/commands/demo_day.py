"""A day in the simulator: the morning's prices, a threshold, advice, and the draft of a flood warning.

All of it is made up, in the shapes of the real sources, and goes through the same code. Each part is a step of its own;
one whose code an installation lacks is left out, with a word. What was made up for a step is taken away after it, so
that a real source finds no trace of it; the draft stays, marked as a rehearsal.
"""

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from importlib.util import find_spec
from typing import Any

from sqlalchemy import event
from sqlmodel import Session, col, delete, select

from bot.wiring import Krajai
from storage import advising, farming, forecasts, people
from storage.advice_rules import rule
from storage.advising import AdviceConfirmation, AdviceTold
from storage.alerts import Alert
from storage.forecasts import Condition, Forecast
from storage.people import Person
from storage.subscriptions import subscribe

ACTOR = "demo"
RULE = "rubber/no-tapping-in-rain"
PLACE = "5709"
PRODUCT = "rubber_latex"
MADE_UP = "ตัวอย่าง ไม่ใช่ราคาจริง"
"""Whom made-up prices are said to be of."""

PAUSE_SECONDS = 6.0
"""Between two steps, for whoever looks at the phone."""

_DAY = timedelta(days=1)


@dataclass(frozen=True, kw_only=True)
class Day:
    """The farmer of the day, by her contact on the simulator."""

    krajai: Krajai
    person_id: int
    contact_id: int


@dataclass(frozen=True, kw_only=True)
class Step:
    """`needs` are modules without which the step is left out."""

    name: str
    needs: tuple[str, ...]
    play: Callable[[Day], str]


def play(krajai: Krajai, address: str, pause: Callable[[float], None] = time.sleep) -> Iterator[str]:
    """Play the day for the demo's citizen at `address`; what each step did, as it is done."""
    with krajai.database.write() as session:
        day, her_hour = _farmer(session, krajai, address, krajai.database.now(session))
    try:
        for step in STEPS:
            lacking = [name for name in step.needs if find_spec(name) is None]
            yield (
                f"{step.name}: left out, {lacking[0]} is not here"
                if lacking
                else f"{step.name}: {step.play(day)}"
            )
            pause(PAUSE_SECONDS)
    finally:
        _tidy(day, her_hour)


def _farmer(session: Session, krajai: Krajai, address: str, at: datetime) -> tuple[Day, int | None]:
    """She grows rubber, and wants advice, and prices at this hour; also at which hour she really wanted them."""
    contact, person = people.contact_at(session, krajai.local_account_id, address, at)
    assert contact.id is not None
    assert person.id is not None
    her_hour, person.routine_hour = person.routine_hour, at.astimezone(krajai.settings.zone).hour
    row = farming.note_crop(session, person.id, "rubber", at)
    if row is not None:
        row.rai = 12
    for topic in (farming.ADVICE, f"price:{PRODUCT}"):
        subscribe(session, person.id, contact.id, topic, PLACE, at - _DAY)
    farming.follow_advice(session, person.id, contact.id, at)
    # A day is played as often as somebody likes.
    session.connection().execute(delete(AdviceTold).where(col(AdviceTold.person_id) == person.id))
    return Day(krajai=krajai, person_id=person.id, contact_id=contact.id), her_hour


def _morning(day: Day) -> str:
    from broadcasts.prices.mornings import send_mornings

    with day.krajai.database.write() as session:
        now = day.krajai.database.now(session)
        _price(session, now, yesterday=60_70, today=61_20)
    return send_mornings(day.krajai.database, now)


def _threshold(day: Day) -> str:
    from broadcasts.prices.thresholds import watch
    from storage.price_thresholds import wait_for
    from storage.price_units import Unit

    with day.krajai.database.write() as session:
        now = day.krajai.database.now(session)
        wait_for(
            session,
            person_id=day.person_id,
            contact_id=day.contact_id,
            product=PRODUCT,
            op=">",
            amount=65_00,
            unit=Unit.BAHT_PER_KG,
            once=True,
            at=now,
        )
        _price(session, now, yesterday=60_70, today=65_10)
    return watch(day.krajai.database, now)


def _price(session: Session, now: datetime, *, yesterday: int, today: int) -> None:
    """Made-up prices in satang of a kilogram."""
    from storage.price_units import Unit
    from storage.prices import NewPrice, store_prices

    def price(satang: int, days_ago: int) -> NewPrice:
        return NewPrice(
            product=PRODUCT,
            stage="wholesale",
            unit=Unit.BAHT_PER_KG,
            low=satang,
            high=satang,
            price_on=(now - days_ago * _DAY).date(),
        )

    store_prices(session, MADE_UP, [price(yesterday, 1), price(today, 0)], now)


def _advice(day: Day) -> str:
    from broadcasts.advice import daily

    database, zone = day.krajai.database, day.krajai.settings.zone
    known = rule(RULE)
    if known is None:
        return f"left out, there is no rule {RULE}"
    with database.write() as session:
        now = database.now(session)
        today = now.astimezone(zone).date()
        made = Forecast(
            source=ACTOR,
            area=PLACE[:2],
            starts_on=today,
            ends_on=today + 2 * _DAY,
            issued_on=today,
            conditions=[Condition.THUNDERSTORM, Condition.RAIN],
            rain_percent_from=60,
            rain_percent_to=80,
            at=now,
        )
        forecasts.keep(session, made.source, made.area, [made])
        confirmed = known.id in advising.confirmed_rules(session)
        if not confirmed:
            advising.confirm(session, known, now, by=ACTOR)
    try:
        return daily.tell(database, now, zone=zone)
    finally:
        with database.write() as session:
            session.connection().execute(delete(Forecast).where(col(Forecast.source) == ACTOR))
            if not confirmed:
                session.connection().execute(
                    delete(AdviceConfirmation).where(col(AdviceConfirmation.rule) == RULE)
                )


def _flood(day: Day) -> str:
    from broadcasts.alerts.sources import thaiwater
    from broadcasts.sources import Answer, Request, Visit
    from storage.alert_episodes import AlertEpisode

    with day.krajai.database.write() as session:
        now = day.krajai.database.now(session)
        before = set(session.exec(select(Alert.id)))
        # A draft that only a simulator may ever hear of, from its first moment on: that is never changed afterwards.
        event.listen(session, "before_flush", _made_up)
        visit = Visit(at=now, zone=day.krajai.settings.zone)
        answer = Answer(request=Request(), value=thaiwater.read(_station(now), now))
        done = thaiwater.store(session, thaiwater.resolve(session, [answer], visit), visit)
        new = [alert for alert in session.exec(select(Alert)) if alert.id not in before]
        # A real measurement of the same danger must find none that is followed already.
        episodes = col(AlertEpisode.alert_id).in_([alert.id for alert in new])
        session.connection().execute(delete(AlertEpisode).where(episodes))
    if not new:
        return done
    return f"{done}; draft {new[0].id} waits for an officer: krajai alert show {new[0].id}"


def _made_up(session: Any, _flush: object, _instances: object) -> None:
    for each in session.new:
        if isinstance(each, Alert):
            each.rehearsal = True
            each.remarks = [*each.remarks, "made up by krajai demo --day"]


def _station(now: datetime) -> bytes:
    """A station in Mae Sai over its bank, in the shape of ThaiWater's answers."""
    from broadcasts.sources import BANGKOK

    record = {
        "waterlevel_datetime": f"{now.astimezone(BANGKOK):%Y-%m-%d %H:%M}",
        "waterlevel_msl": "398.60",
        "situation_level": 5,
        "diff_wl_bank": "0.60",
        "station": {
            "id": 1,
            "tele_station_name": {"th": "สถานีตัวอย่าง แม่น้ำสาย"},
            "tele_station_lat": 20.4335,
            "tele_station_long": 99.8762,
            "min_bank": 398.0,
        },
        "geocode": {"province_name": {"th": "เชียงราย"}, "amphoe_name": {"th": "แม่สาย"}},
    }
    return json.dumps({"waterlevel_data": {"result": "OK", "data": [record]}}, ensure_ascii=False).encode()


def _tidy(day: Day, her_hour: int | None) -> None:
    with day.krajai.database.write() as session:
        session.get_one(Person, day.person_id).routine_hour = her_hour
        if find_spec("storage.prices") is not None:
            from storage.prices import Price

            session.connection().execute(delete(Price).where(col(Price.source) == MADE_UP))


STEPS: tuple[Step, ...] = (
    Step(name="morning prices", needs=("storage.prices", "broadcasts.prices.mornings"), play=_morning),
    Step(name="a threshold", needs=("storage.prices", "broadcasts.prices.thresholds"), play=_threshold),
    Step(name="advice", needs=("broadcasts.advice.daily",), play=_advice),
    Step(name="a flood draft", needs=("broadcasts.alerts.sources.thaiwater",), play=_flood),
)
