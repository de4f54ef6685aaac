"""Prices every morning, for those who asked for them: one message with all her products, at her hour.

People are counted by the products they get, the words are made once for each such set, and the planner groups all who
read the same into full batches. A set of which nothing is new since yesterday is not sent: a push costs quota.
"""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlmodel import Session, col, select

from broadcasts.audience import listed
from broadcasts.audience.listed import MORNINGS, PRICE_TOPIC
from broadcasts.prices.releasing import Released, release_variants
from storage.broadcasts import Broadcast, BroadcastKind, Form
from storage.database import Database
from storage.price_catalogue import products
from storage.price_series import Quote, is_old, newest_on, quotes
from storage.prices import Price
from storage.replies import Bubble, Button
from storage.wording import prices as words
from storage.wording import say
from storage.wording.dates import BANGKOK
from storage.wording.lengths import units

NEW_FOR = timedelta(hours=24)
"""A price that came in so recently is new to those who get one message a day."""

MOST_KINDS = 3
"""Of one product, in a message with others."""

_PAGE = 10_000


def send_mornings(database: Database, at: datetime) -> str:
    """Release the prices of the hour that `at` lies in; once an hour, however often it is called."""
    hour = at.astimezone(BANGKOK).hour
    whom = {"of": MORNINGS, "hour": hour, "at": at.isoformat()}
    with database.read() as session:
        needed = listed.count(session, whom)
    if not needed:
        return "nobody gets prices at this hour"
    with database.write() as session:
        if _was_released(session, at):
            return "released before"
        released = release_mornings(session, whom, needed, at)
    copies = sum(needed.values())
    what = f"{copies} people in {len(released.broadcasts)} broadcasts"
    return "; ".join([what, *released.refused])


def release_mornings(
    session: Session, whom: dict[str, object], needed: Counter[tuple[str, int]], at: datetime
) -> Released:
    """Release to those counted in `needed`, but for the sets of products of which nothing is new."""
    known = {
        name: quotes(session, name)
        for name in {product for variant, _ in needed for product in variant.split("+")}
        if name in products()
    }
    new = {name for name, found in known.items() if any(_is_new(quote, at) for quote in found)}
    wanted = Counter({key: copies for key, copies in needed.items() if new.intersection(key[0].split("+"))})

    def said(variant: str, language: str, form: Form) -> Sequence[Bubble]:
        return _bubbles(variant.split("+"), known, language, form)

    return release_variants(
        session,
        kind=BroadcastKind.MORNING_PRICES,
        topic=PRICE_TOPIC,
        listed=whom,
        needed=wanted,
        say=said,
        at=at,
    )


def _was_released(session: Session, at: datetime) -> bool:
    hour = at.replace(minute=0, second=0, microsecond=0)
    query = select(Broadcast.id).where(
        Broadcast.kind == BroadcastKind.MORNING_PRICES.value,
        col(Broadcast.released_at) >= hour,
        col(Broadcast.released_at) < hour + timedelta(hours=1),
    )
    return session.exec(query.limit(1)).first() is not None


def _is_new(quote: Quote, at: datetime) -> bool:
    latest: Price = quote.latest
    fresh = not is_old(latest.price_on, at.astimezone(BANGKOK).date())
    return fresh and at - latest.fetched_at < NEW_FOR


def _bubbles(
    names: Sequence[str], known: dict[str, list[Quote]], language: str, form: Form
) -> Sequence[Bubble]:
    found = [quote for name in names for quote in known.get(name, ())[:MOST_KINDS]]
    if form is Form.SMS:
        return (Bubble(text=_text_message(found, language)),)
    *before, last = words.morning(found, language)
    prices = Button(label=say(language, "buttons.prices"), action="prices")
    end = Button(label=say(language, "buttons.daily_end"), action="price.daily_end:")
    return (*(Bubble(text=text) for text in before), Bubble(text=last, buttons=(prices, end)))


def _text_message(found: Sequence[Quote], language: str) -> str:
    """As many prices as fit into two segments."""
    most, text = words.MOST_SMS_UNITS[language], ""
    for shown in range(len(found), 0, -1):
        some = found[:shown]
        text = say(
            language,
            "daily.sms",
            day=words.short_day(newest_on(some), language, with_year=True),
            prices=words.prices_of_units(some, language),
            source=words.sources_words(some, language),
        )
        if units(text) <= most:
            break
    return text
