"""The morning's advice: each farmer's best one, the same words in full batches, one a day and person.

Everybody is looked at first, in pages, and put down by what she is to be told; then each group of the same words is one
broadcast, written in one transaction together with the note that these persons have had their advice. Whoever is
stopped in the middle and begins again passes over those who were noted.
"""

from array import array
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import insert
from sqlmodel import Session

from broadcasts.advice.farmers import Farmer, farmers_after
from broadcasts.sources import BANGKOK
from storage import people, quota
from storage.advice_words import advice_bubbles, advice_sms
from storage.advising import Advice, advice_for, note_told
from storage.audit import record
from storage.batches import Batch, new_batch
from storage.broadcasts import (
    DELIVERY_WORK,
    EVERY_PLACE,
    Broadcast,
    BroadcastKind,
    Form,
    Priority,
    content_hash,
    words_of,
)
from storage.database import Database
from storage.farming import ADVICE
from storage.jobs import Job, announce
from storage.quiet_hours import routine_may_go_at
from storage.replies import Bubble
from storage.wording import LANGUAGES

BY = "advice"
PAGE = 2_000
MOST_IN_A_BROADCAST = 10_000
"""Of one group: so many are written in one transaction."""

NOT_EARLIER, NOT_LATER = time(6), time(20)
"""Severe advice of the day comes between these hours of Thailand."""

BATCH_SIZES: Mapping[str, int] = {"line": 500, "local": 500}
"""Recipients a batch by channel, where it is a multicast; a short run of single sends elsewhere."""

_SINGLE_SENDS = 20
_ROWS_AT_ONCE = 5_000

Merged = Callable[[Session, Sequence[int], date], set[int]]
"""Which of these persons get their advice in another message of the day, such as the morning's prices."""


def nobody(_session: Session, _person_ids: Sequence[int], _on: date) -> set[int]:
    """There is no other message of the day."""
    return set()


@dataclass(frozen=True, kw_only=True)
class _Way:
    """How the words of a group travel: batches hold those of one way."""

    account_id: int
    language: str
    variant: str
    size: int
    not_before: datetime


@dataclass(kw_only=True)
class _Group:
    """Those who are told the same: persons and their contacts, side by side, by the way it goes."""

    ways: "dict[_Way, tuple[array[int], array[int]]]" = field(default_factory=dict)
    provinces: set[str] = field(default_factory=set)

    def add(self, way: _Way, farmer: Farmer, place: str) -> None:
        persons, contacts = self.ways.setdefault(way, (array("q"), array("q")))
        persons.append(farmer.person_id)
        contacts.append(farmer.contact_id)
        self.provinces.add(place[:2])


_Told = list[tuple[_Way, "array[int]", "array[int]"]]


def tell(database: Database, at: datetime, *, merged: Merged = nobody, zone: ZoneInfo = BANGKOK) -> str:
    """Tell everybody today's advice who wants it, had none today and gets none with another message."""
    return _tell(database, at, zone, merged, severe_only=False)


def tell_severe(database: Database, at: datetime, *, zone: ZoneInfo = BANGKOK) -> str:
    """In the course of the day: what may not wait, to those who had nothing as severe today."""
    if not NOT_EARLIER <= at.astimezone(zone).time() <= NOT_LATER:
        return "not at night"
    return _tell(database, at, zone, nobody, severe_only=True)


def _tell(database: Database, at: datetime, zone: ZoneInfo, merged: Merged, *, severe_only: bool) -> str:
    on = at.astimezone(zone).date()
    told = broadcasts = 0
    for advice, group in _gathered(database, at, zone, merged, severe_only=severe_only).items():
        for ways in _parts(group):
            with database.write() as session:
                written = _write(session, advice, ways, sorted(group.provinces), at, on)
            told += written
            broadcasts += bool(written)
    return f"{told} told in {broadcasts} broadcasts"


def _gathered(
    database: Database, at: datetime, zone: ZoneInfo, merged: Merged, *, severe_only: bool
) -> dict[Advice, _Group]:
    on = at.astimezone(zone).date()
    groups: dict[Advice, _Group] = {}
    known: dict[Any, Advice | None] = {}
    with database.read() as session:
        channels = {each.id: each.channel for each in people.accounts(session)}
    for page, session in _pages(database):
        elsewhere = merged(session, [each.person_id for each in page], on)
        for farmer in page:
            best = None if farmer.person_id in elsewhere else _best(session, farmer, on, known)
            if best is None or (severe_only and not best[0].severe):
                continue
            advice, place = best
            channel = channels.get(farmer.account_id, "")
            way = _Way(
                account_id=farmer.account_id,
                language=farmer.language if farmer.language in LANGUAGES else LANGUAGES[0],
                variant=Form.SMS.value if channel == "sms" else EVERY_PLACE,
                size=BATCH_SIZES.get(channel, _SINGLE_SENDS),
                not_before=routine_may_go_at(farmer.wishes, at, zone),
            )
            groups.setdefault(advice, _Group()).add(way, farmer, place)
    return groups


def _parts(group: _Group) -> Iterator[_Told]:
    """A group in parts of at most `MOST_IN_A_BROADCAST`, each filled way by way."""
    part: _Told = []
    room = MOST_IN_A_BROADCAST
    for way, (persons, contacts) in group.ways.items():
        first = 0
        while first < len(persons):
            end = min(first + room, len(persons))
            part.append((way, persons[first:end], contacts[first:end]))
            room -= end - first
            first = end
            if not room:
                yield part
                part, room = [], MOST_IN_A_BROADCAST
    if part:
        yield part


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


def _write(
    session: Session, advice: Advice, ways: _Told, provinces: list[str], at: datetime, on: date
) -> int:
    """One broadcast to those of a group who may still be told; how many these are."""
    told: list[tuple[_Way, list[int]]] = []
    for way, persons, contacts in _within_quota(session, ways, at):
        may = set(_noted(session, persons, on, severe=advice.severe))
        told.append(
            (way, [contact for person, contact in zip(persons, contacts, strict=True) if person in may])
        )
    recipients = sum(len(contacts) for _, contacts in told)
    if not recipients:
        return 0
    broadcast = Broadcast(
        kind=BroadcastKind.ADVICE,
        priority=Priority.ROUTINE,
        words=_words(advice),
        audience={"topic": f"{ADVICE}:{advice.rule.crop}", "places": provinces, "reached": []},
        content_hash="",
        # Whoever wants her messages at five in the evening gets it then; nobody gets it the day after.
        expires_at=at + timedelta(days=1),
        released_at=at,
        released_by=BY,
        planned_at=at,
    )
    broadcast.content_hash = content_hash(broadcast)
    session.add(broadcast)
    session.flush()
    assert broadcast.id is not None
    rows = [
        new_batch(
            broadcast.id,
            way.account_id,
            way.language,
            way.variant,
            contacts[first : first + way.size],
            way.not_before,
        )
        for way, contacts in told
        for first in range(0, len(contacts), way.size)
    ]
    session.connection().execute(insert(Batch), rows)
    detail = {"rule": advice.rule.id, "recipients": recipients}
    record(
        session, at, actor=BY, action="broadcast.release", subject=f"broadcast/{broadcast.id}", detail=detail
    )
    spent: Counter[int] = Counter()
    for way, received in told:
        spent[way.account_id] += len(received)
    for account_id, copies in spent.items():
        quota.spend(session, account_id, copies)
        announce(session, Job(work=DELIVERY_WORK[Priority.ROUTINE], key=str(account_id)))
    return recipients


def _within_quota(session: Session, ways: _Told, at: datetime) -> _Told:
    """Without the accounts that have no room for all of theirs: the reserve is for emergencies."""
    needed: Counter[int] = Counter()
    for way, persons, _ in ways:
        needed[way.account_id] += len(persons)
    refused = set()
    for account_id, copies in needed.items():
        if reason := quota.refusal(session, account_id, copies, at):
            refused.add(account_id)
            subject = f"account/{account_id}"
            record(session, at, actor=BY, action="advice.refused", subject=subject, detail={"reason": reason})
    return [each for each in ways if each[0].account_id not in refused]


def _noted(session: Session, persons: Sequence[int], on: date, *, severe: bool) -> Iterator[int]:
    for first in range(0, len(persons), _ROWS_AT_ONCE):
        yield from note_told(session, list(persons[first : first + _ROWS_AT_ONCE]), on, severe=severe)


def _words(advice: Advice) -> dict[str, Any]:
    return words_of(
        {
            language: {
                EVERY_PLACE: advice_bubbles(advice, language),
                Form.SMS.value: (Bubble(text=advice_sms(advice, language)),),
            }
            for language in LANGUAGES
        }
    )
