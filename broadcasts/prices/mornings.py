"""Prices every morning, for those who asked for them: one message with all her products, at her hour.

People are counted by the products they get, the words are made once for each such set, and the planner groups all who
read the same into full batches. A set of which nothing is new since yesterday is not sent: a push costs quota. Those
who are to hear an advice today get it in the same message; they are looked at one by one, before the others.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlmodel import Session, col, select

from broadcasts.advice import daily
from broadcasts.advice.daily import Hearer, Hearers
from broadcasts.advice.farmers import Farmer
from broadcasts.advice.writing import Beside
from broadcasts.audience import listed
from broadcasts.audience.listed import MORNINGS, PRICE_TOPIC
from broadcasts.prices.releasing import Released, release_variants
from storage.broadcasts import Broadcast, BroadcastKind, Form
from storage.database import Database
from storage.price_catalogue import products
from storage.price_series import Quote, is_old, newest_on, quotes
from storage.prices import Price
from storage.quiet_hours import DAILY_HOUR
from storage.replies import Bubble, Button
from storage.wording import prices as words
from storage.wording import say
from storage.wording.dates import BANGKOK
from storage.wording.lengths import units

NEW_FOR = timedelta(hours=24)
"""A price that came in so recently is new to those who get one message a day."""

MOST_KINDS = 3
"""Of one product, in a message with others."""


def send_mornings(database: Database, at: datetime) -> str:
    """Release the prices of the hour that `at` lies in; once an hour, however often it is called.

    Who gets advice today hears it in the same message, first of all; also where none of her prices is new.
    """
    hour = at.astimezone(BANGKOK).hour
    whom = {"of": MORNINGS, "hour": hour, "at": at.isoformat()}
    with database.read() as session:
        if _was_released(session, at):
            return "released before"
        quoted = _Quoted.of(session, at)
    advised = daily.tell_with_prices(
        database,
        at,
        quoted.hearers(at),
        Beside(topic=PRICE_TOPIC, chat=quoted.chat, text_message=quoted.text),
    )
    with database.read() as session:
        needed = listed.count(session, whom)
    if not needed and not advised:
        return "nobody gets prices at this hour"
    with database.write() as session:
        if _was_released(session, at):
            return "released before"
        released = _release(session, quoted, whom, needed, at)
    what = [f"{sum(needed.values())} people in {len(released.broadcasts)} broadcasts"]
    what += [f"{advised} with advice"] if advised else []
    return "; ".join([*what, *released.refused])


def come_today(session: Session, person_ids: Sequence[int], at: datetime) -> set[int]:
    """Which of these persons get prices every day: their advice comes in the same message."""
    return set(listed.morning_readers(session, person_ids, at))


def come_soon(session: Session, person_ids: Sequence[int], at: datetime) -> set[int]:
    """Which of these persons get their prices in this hour or the next: until then also what is severe can wait."""
    this_hour = at.astimezone(BANGKOK).hour
    found = listed.morning_readers(session, person_ids, at)
    return {person for person, (hour, _) in found.items() if hour in (this_hour, (this_hour + 1) % 24)}


@dataclass(frozen=True, kw_only=True)
class _Quoted:
    """What there is to say of every product, and of which of them something is new."""

    known: Mapping[str, list[Quote]]
    new: frozenset[str]

    @staticmethod
    def of(session: Session, at: datetime) -> "_Quoted":
        newly = select(Price.id).where(col(Price.fetched_at) > at - NEW_FOR).limit(1)
        if session.exec(newly).first() is None:
            # At most hours of the day; then there is nothing to write down for anybody.
            return _Quoted(known={}, new=frozenset())
        known = {name: quotes(session, name) for name in products()}
        new = {name for name, found in known.items() if any(_is_new(quote, at) for quote in found)}
        return _Quoted(known=known, new=frozenset(new))

    def is_new(self, variant: str) -> bool:
        """Whether a set of products is worth a message."""
        return not self.new.isdisjoint(variant.split("+"))

    def chat(self, variant: str, language: str) -> Sequence[Bubble]:
        *before, last = words.morning(self._found(variant), language)
        prices = Button(label=say(language, "buttons.prices"), action="prices")
        end = Button(label=say(language, "buttons.daily_end"), action="price.daily_end:")
        return (*(Bubble(text=text) for text in before), Bubble(text=last, buttons=(prices, end)))

    def text(self, variant: str, language: str, most_units: int) -> str:
        """As many prices as fit into a text message, one at least."""
        found, text = self._found(variant), ""
        most = min(most_units, words.MOST_SMS_UNITS[language])
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

    def said(self, variant: str, language: str, form: Form) -> Sequence[Bubble]:
        if form is Form.SMS:
            return (Bubble(text=self.text(variant, language, words.MOST_SMS_UNITS[language])),)
        return self.chat(variant, language)

    def hearers(self, at: datetime) -> Hearers:
        """Who gets prices at this hour; where none of hers is new, the advice comes alone."""
        this_hour = at.astimezone(BANGKOK).hour

        def hearers(session: Session, page: Sequence[Farmer]) -> dict[int, Hearer]:
            at_this_hour = [each.person_id for each in page if _hour(each) == this_hour]
            return {
                person: Hearer(
                    contact_id=reader.contact_id,
                    account_id=reader.account_id,
                    wishes=replace(reader.wishes, routine_hour=None),
                    beside=reader.variant if self.is_new(reader.variant) else "",
                )
                for person, (_, reader) in listed.morning_readers(session, at_this_hour, at).items()
            }

        return hearers

    def _found(self, variant: str) -> list[Quote]:
        return [quote for name in variant.split("+") for quote in self.known.get(name, [])[:MOST_KINDS]]


def _hour(farmer: Farmer) -> int:
    return DAILY_HOUR if farmer.wishes.routine_hour is None else farmer.wishes.routine_hour


def _release(
    session: Session, quoted: _Quoted, whom: dict[str, object], needed: Counter[tuple[str, int]], at: datetime
) -> Released:
    """Release to those counted in `needed`, but for the sets of products of which nothing is new."""
    return release_variants(
        session,
        kind=BroadcastKind.MORNING_PRICES,
        topic=PRICE_TOPIC,
        listed=whom,
        needed=Counter({key: copies for key, copies in needed.items() if quoted.is_new(key[0])}),
        say=quoted.said,
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
