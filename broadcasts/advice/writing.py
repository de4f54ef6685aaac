"""Writing an advice as broadcasts: the same words in full batches, beside the note that these persons have had it."""

from array import array
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import insert
from sqlmodel import Session

from storage import quota
from storage.advice_words import advice_beside, advice_bubbles, advice_sms
from storage.advising import Advice, note_told
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
from storage.replies import Bubble
from storage.wording import LANGUAGES
from storage.wording.lengths import units

BY = "advice"
MOST_IN_A_BROADCAST = 10_000
"""Of one group: so many are written in one transaction."""

MOST_SMS_UNITS = {"th": 201, "en": 459}
"""Three segments a text message with prices and an advice, two of them at most for either."""

_ROWS_AT_ONCE = 5_000


@dataclass(frozen=True, kw_only=True)
class Beside:
    """The words of the message that an advice is said in, by its variant: bubbles, or a text of so many units."""

    topic: str
    chat: Callable[[str, str], Sequence[Bubble]]
    text_message: Callable[[str, str, int], str]


@dataclass(frozen=True, kw_only=True)
class Said:
    """What a group is told: an advice, alone or behind the words of another message (`beside`, a variant of it)."""

    advice: Advice
    beside: str = ""


@dataclass(frozen=True, kw_only=True)
class Way:
    """How the words of a group travel: batches hold those of one way."""

    account_id: int
    language: str
    form: Form
    size: int
    not_before: datetime


@dataclass(kw_only=True)
class Group:
    """Those who are told the same: persons and their contacts, side by side, by the way it goes."""

    ways: "dict[Way, tuple[array[int], array[int]]]" = field(default_factory=dict)
    provinces: set[str] = field(default_factory=set)

    def add(self, way: Way, person_id: int, contact_id: int, place: str) -> None:
        persons, contacts = self.ways.setdefault(way, (array("q"), array("q")))
        persons.append(person_id)
        contacts.append(contact_id)
        self.provinces.add(place[:2])


_Told = list[tuple[Way, "array[int]", "array[int]"]]


@dataclass(frozen=True, kw_only=True)
class Writer:
    """Writes what groups are told at a moment; `on` is the day it is their advice of."""

    database: Database
    at: datetime
    on: date
    beside: Beside | None = None

    def write(self, said: Said, group: Group) -> tuple[int, int]:
        """Release to those of a group who may still be told; how many these are, in how many broadcasts."""
        told = broadcasts = 0
        for part in _parts(group):
            with self.database.write() as session:
                written = self._write(session, said, part, sorted(group.provinces))
            told += written
            broadcasts += bool(written)
        return told, broadcasts

    def _write(self, session: Session, said: Said, part: _Told, provinces: list[str]) -> int:
        told: list[tuple[Way, list[int]]] = []
        for way, persons, contacts in _within_quota(session, part, self.at):
            may = set(self._noted(session, persons, severe=said.advice.severe))
            told.append(
                (way, [contact for person, contact in zip(persons, contacts, strict=True) if person in may])
            )
        recipients = sum(len(contacts) for _, contacts in told)
        if recipients:
            self._release(session, said, told, provinces, recipients)
        return recipients

    def _noted(self, session: Session, persons: Sequence[int], *, severe: bool) -> Iterator[int]:
        for first in range(0, len(persons), _ROWS_AT_ONCE):
            some = list(persons[first : first + _ROWS_AT_ONCE])
            yield from note_told(session, some, self.on, severe=severe, with_prices=self.beside is not None)

    def _release(
        self,
        session: Session,
        said: Said,
        told: list[tuple[Way, list[int]]],
        provinces: list[str],
        recipients: int,
    ) -> None:
        topic = self.beside.topic if self.beside and said.beside else f"{ADVICE}:{said.advice.rule.crop}"
        broadcast = Broadcast(
            kind=BroadcastKind.ADVICE,
            priority=Priority.ROUTINE,
            words=_words(said, self.beside),
            audience={"topic": topic, "places": provinces, "reached": []},
            content_hash="",
            # Whoever wants her messages at five in the evening gets it then; nobody gets it the day after.
            expires_at=self.at + timedelta(days=1),
            released_at=self.at,
            released_by=BY,
            planned_at=self.at,
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
                way.form.value if way.form is Form.SMS else EVERY_PLACE,
                contacts[first : first + way.size],
                way.not_before,
            )
            for way, contacts in told
            for first in range(0, len(contacts), way.size)
        ]
        session.connection().execute(insert(Batch), rows)
        record(
            session,
            self.at,
            actor=BY,
            action="broadcast.release",
            subject=f"broadcast/{broadcast.id}",
            detail={"rule": said.advice.rule.id, "recipients": recipients},
        )
        spent: Counter[int] = Counter()
        for way, received in told:
            spent[way.account_id] += len(received)
        for account_id, copies in spent.items():
            quota.spend(session, account_id, copies)
            announce(session, Job(work=DELIVERY_WORK[Priority.ROUTINE], key=str(account_id)))


def _parts(group: Group) -> Iterator[_Told]:
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


def _within_quota(session: Session, part: _Told, at: datetime) -> _Told:
    """Without the accounts that have no room for all of theirs: the reserve is for emergencies."""
    needed: Counter[int] = Counter()
    for way, persons, _ in part:
        needed[way.account_id] += len(persons)
    refused = set()
    for account_id, copies in needed.items():
        if reason := quota.refusal(session, account_id, copies, at):
            refused.add(account_id)
            subject = f"account/{account_id}"
            record(session, at, actor=BY, action="advice.refused", subject=subject, detail={"reason": reason})
    return [each for each in part if each[0].account_id not in refused]


def _words(said: Said, beside: Beside | None) -> dict[str, Any]:
    """The advice alone; behind other words it comes last, and the buttons of both stand under it."""
    words: dict[str, dict[str, Sequence[Bubble]]] = {}
    for language in LANGUAGES:
        chat: tuple[Bubble, ...] = advice_bubbles(said.advice, language)
        text = advice_sms(said.advice, language)
        if beside is not None and said.beside:
            before = beside.chat(said.beside, language)
            buttons = tuple(button for bubble in before for button in bubble.buttons)
            chat = (
                *(bubble.model_copy(update={"buttons": ()}) for bubble in before),
                advice_beside(said.advice, language, buttons),
            )
            room = MOST_SMS_UNITS[language] - units(f" {text}")
            text = f"{beside.text_message(said.beside, language, room)} {text}"
        words[language] = {EVERY_PLACE: chat, Form.SMS.value: (Bubble(text=text),)}
    return words_of(words)
