"""Things for tests with legal values unless a test says otherwise."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from sqlmodel import Session

from storage import broadcasts, people
from storage.broadcasts import Broadcast, BroadcastKind, Priority
from storage.people import Contact, Person
from storage.replies import Bubble, Button
from storage.subscriptions import WARNING, subscribe

NOW = datetime(2026, 11, 21, 12, 40, tzinfo=UTC)
"""19.40 น. of Saturday 21 November 2569 in Bangkok."""

MAE_SAI, MAE_CHAN, MUEANG_CHIANG_MAI = "5709", "5707", "5001"


def account(session: Session, channel: str = "local") -> int:
    """The id of an account."""
    found = people.ensure_account(session, channel)
    assert found.id is not None
    return found.id


def citizen(
    session: Session,
    address: str = "sim-1",
    *,
    places: Sequence[str] = (MAE_SAI,),
    language: str = "th",
    account_id: int | None = None,
    at: datetime = NOW - timedelta(days=1),
) -> tuple[Contact, Person]:
    """Somebody who subscribed to the warnings of `places` a day ago."""
    contact, person = people.contact_at(session, account_id or account(session), address, at)
    person.language, person.consented_at = language, at
    assert person.id is not None
    assert contact.id is not None
    for place in places:
        subscribe(session, person.id, contact.id, WARNING, place, at)
    session.flush()
    return contact, person


def bubble(text: str = "น้ำป่ามาแล้วที่ อ.แม่สาย", *labels: str) -> Bubble:
    return Bubble(text=text, buttons=tuple(Button(label=label, action=f"action:{label}") for label in labels))


def released(
    session: Session,
    *,
    places: Sequence[str] = (MAE_SAI,),
    reached: Sequence[int] = (),
    priority: Priority = Priority.EMERGENCY,
    text: str = "น้ำป่ามาแล้วที่ อ.แม่สาย",
    at: datetime = NOW,
    lives: timedelta = timedelta(hours=6),
) -> Broadcast:
    """A broadcast that was just released, in Thai and English."""
    words = {"th": {"": [bubble(text)]}, "en": {"": [bubble(f"In English: {text}")]}}
    return broadcasts.release(
        session,
        kind=BroadcastKind.ALERT,
        priority=priority,
        words=broadcasts.words_of(words),
        places=places,
        reached=reached,
        topic=WARNING,
        expires_at=at + lives,
        by="tester",
        at=at,
    )
