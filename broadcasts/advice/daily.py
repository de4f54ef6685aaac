"""The day's advice: each farmer's best one, the same words in full batches, one a day and person.

Everybody is looked at first, in pages, and put down by what she is to be told; then each group of the same words is one
broadcast, written in one transaction together with the note that these persons have had their advice. Whoever is
stopped in the middle and begins again passes over those who were noted.

Who gets prices every day hears the advice in the same message, at her hour (`tell_with_prices`); others in the morning.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from sqlmodel import Session

from broadcasts.advice.farmers import Farmer, farmers_after
from broadcasts.advice.writing import Beside, Group, Said, Way, Writer
from broadcasts.sources import BANGKOK
from storage import people
from storage.advising import Advice, advice_for
from storage.broadcasts import Form
from storage.database import Database
from storage.quiet_hours import Wishes, routine_may_go_at
from storage.wording import LANGUAGES

PAGE = 2_000

NOT_EARLIER, NOT_LATER = time(6), time(20)
"""Severe advice of the day comes between these hours of Thailand."""

BATCH_SIZES: Mapping[str, int] = {"line": 500, "local": 500}
"""Recipients a batch by channel, where it is a multicast; a short run of single sends elsewhere."""

_SINGLE_SENDS = 20


@dataclass(frozen=True, kw_only=True)
class Hearer:
    """Where a farmer hears of it, and behind which other words (a variant of them, "" for none)."""

    contact_id: int
    account_id: int
    wishes: Wishes
    beside: str = ""


Hearers = Callable[[Session, Sequence[Farmer]], Mapping[int, Hearer]]
"""Which of these are told now, by person."""


def nobody(_session: Session, _person_ids: Sequence[int], _at: datetime) -> set[int]:
    """There is no other message of the day."""
    return set()


Merged = Callable[[Session, Sequence[int], datetime], set[int]]
"""Which of these persons get their advice in another message of the day, such as the prices."""


def tell(database: Database, at: datetime, *, merged: Merged = nobody, zone: ZoneInfo = BANGKOK) -> str:
    """Tell everybody today's advice who wants it, had none today and gets none with another message."""
    return _tell(database, at, zone, _all_but(merged, at))


def tell_severe(
    database: Database, at: datetime, *, merged: Merged = nobody, zone: ZoneInfo = BANGKOK
) -> str:
    """In the course of the day: what may not wait, to those who had nothing as severe today."""
    if not NOT_EARLIER <= at.astimezone(zone).time() <= NOT_LATER:
        return "not at night"
    return _tell(database, at, zone, _all_but(merged, at), severe_only=True)


def tell_with_prices(
    database: Database, at: datetime, hearers: Hearers, beside: Beside, *, zone: ZoneInfo = BANGKOK
) -> int:
    """Tell the advice of the day to those who get another message now, in that message; how many were told."""
    told = _tell_each(database, at, zone, hearers, beside=beside)
    return sum(number for number, _ in told)


def _all_but(merged: Merged, at: datetime) -> Hearers:
    def hearers(session: Session, page: Sequence[Farmer]) -> Mapping[int, Hearer]:
        elsewhere = merged(session, [each.person_id for each in page], at)
        return {
            each.person_id: Hearer(contact_id=each.contact_id, account_id=each.account_id, wishes=each.wishes)
            for each in page
            if each.person_id not in elsewhere
        }

    return hearers


def _tell(
    database: Database, at: datetime, zone: ZoneInfo, hearers: Hearers, *, severe_only: bool = False
) -> str:
    told = _tell_each(database, at, zone, hearers, severe_only=severe_only)
    return f"{sum(number for number, _ in told)} told in {sum(written for _, written in told)} broadcasts"


def _tell_each(
    database: Database,
    at: datetime,
    zone: ZoneInfo,
    hearers: Hearers,
    *,
    beside: Beside | None = None,
    severe_only: bool = False,
) -> list[tuple[int, int]]:
    writer = Writer(database=database, at=at, on=at.astimezone(zone).date(), beside=beside)
    groups = _gathered(database, at, zone, hearers, severe_only=severe_only)
    return [writer.write(said, group) for said, group in groups.items()]


def _gathered(
    database: Database, at: datetime, zone: ZoneInfo, hearers: Hearers, *, severe_only: bool
) -> dict[Said, Group]:
    on = at.astimezone(zone).date()
    groups: dict[Said, Group] = {}
    known: dict[Any, Advice | None] = {}
    with database.read() as session:
        channels = {each.id: each.channel for each in people.accounts(session)}
    for page, session in _pages(database):
        told = hearers(session, page)
        for farmer in page:
            hearer = told.get(farmer.person_id)
            best = _best(session, farmer, on, known) if hearer else None
            if hearer is None or best is None or (severe_only and not best[0].severe):
                continue
            advice, place = best
            channel = channels.get(hearer.account_id, "")
            way = Way(
                account_id=hearer.account_id,
                language=farmer.language if farmer.language in LANGUAGES else LANGUAGES[0],
                form=Form.SMS if channel == "sms" else Form.CHAT,
                size=BATCH_SIZES.get(channel, _SINGLE_SENDS),
                not_before=routine_may_go_at(_hours(hearer.wishes, advice), at, zone),
            )
            said = Said(advice=advice, beside=hearer.beside)
            groups.setdefault(said, Group()).add(way, farmer.person_id, hearer.contact_id, place)
    return groups


def _hours(wishes: Wishes, advice: Advice) -> Wishes:
    """What may not wait does not wait for her hour of the day; in her quiet hours it does."""
    return replace(wishes, routine_hour=None) if advice.severe else wishes


def _pages(database: Database) -> Iterator[tuple[list[Farmer], Session]]:
    after = -1
    while True:
        with database.read() as session:
            page = farmers_after(session, after, PAGE)
            if not page:
                return
            yield page, session
        after = page[-1].person_id


def _best(
    session: Session, farmer: Farmer, on: date, known: dict[Any, Advice | None]
) -> tuple[Advice, str] | None:
    """The best advice of all her places; what her neighbours grow is not looked up again."""
    found: list[tuple[Advice, str]] = []
    for place, crops in farmer.crops.items():
        key = (place[:2], tuple(sorted(crops)), tuple(sorted(farmer.planted.items())))
        if key not in known:
            known[key] = advice_for(session, place, crops, on, planted=farmer.planted)
        if (advice := known[key]) is not None:
            found.append((advice, place))
    return min(found, key=lambda each: (not each[0].severe, each[0].starts_on, each[1]), default=None)
