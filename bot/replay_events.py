"""What happens in a replay, and what a broadcast of it says, to how many, where."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlmodel import Session, col, select

from broadcasts.delivery.planning import plan_page
from storage import people
from storage.batches import Batch, unpack
from storage.broadcasts import Broadcast, Form, bubbles_for
from storage.database import Database
from storage.subscriptions import Subscription
from storage.wording import LANGUAGES

_BATCH = 500
_CHUNK = 5_000


@dataclass(frozen=True, kw_only=True)
class Said:
    """One thing that would have happened. `texts` by language; `audience` by channel."""

    at: datetime
    by: str
    what: str
    subject: str
    level: str = ""
    hazard: str = ""
    places: tuple[str, ...] = ()
    expires_at: datetime | None = None
    audience: dict[str, int] = field(default_factory=dict)
    reached: int = 0
    texts: dict[str, list[str]] = field(default_factory=dict)
    remarks: tuple[str, ...] = ()
    obstacle: str = ""


@dataclass(frozen=True, kw_only=True)
class Visited:
    """What came of a source's visit, or of a job."""

    at: datetime
    name: str
    result: str


Event = Said | Visited


def said_by(database: Database, broadcast_id: int, by: str, at: datetime) -> Iterator[Said]:
    """Plan a broadcast to its end; then each of its words with those who would read them and where these live."""
    with database.read() as session:
        channels = {each.id: each.channel for each in people.accounts(session) if each.id is not None}
    _plan(database, broadcast_id, at, channels)
    with database.read() as session:
        broadcast = session.get_one(Broadcast, broadcast_id)
        batches = session.exec(select(Batch).where(Batch.broadcast_id == broadcast_id)).all()
        for variant in sorted({each.variant for each in batches}):
            read = [each for each in batches if each.variant == variant]
            audience: Counter[str] = Counter()
            for batch in read:
                audience[channels[batch.account_id]] += batch.size
            topic = str(broadcast.audience["topic"])
            contacts = [contact for batch in read for contact in unpack(batch.recipients)]
            yield Said(
                at=at,
                by=by,
                what=f"released ({broadcast.kind})",
                subject=" ".join(filter(None, (f"broadcast {broadcast.id}", variant))),
                places=_places(session, contacts, topic),
                expires_at=broadcast.expires_at,
                audience=dict(audience),
                texts={
                    language: [bubble.text for bubble in bubbles_for(broadcast, language, variant)]
                    for language in LANGUAGES
                    if any(each.language == language for each in read)
                },
            )


def _plan(database: Database, broadcast_id: int, at: datetime, channels: dict[int, str]) -> None:
    sizes = dict.fromkeys(channels, _BATCH)
    forms = {each: Form.SMS if channel == "sms" else Form.CHAT for each, channel in channels.items()}
    wait_seconds: float | None = 0.0
    while wait_seconds is not None:
        with database.write() as session:
            wait_seconds = plan_page(session, broadcast_id, at, sizes, forms)


def _places(session: Session, contacts: Sequence[int], topic: str) -> tuple[str, ...]:
    """The districts in which these subscribed to the topic, or to anything where the words are of no topic."""
    found: set[str] = set()
    for first in range(0, len(contacts), _CHUNK):
        query = select(Subscription.place).where(
            col(Subscription.contact_id).in_(contacts[first : first + _CHUNK]),
            col(Subscription.topic).startswith(topic, autoescape=True),
            col(Subscription.until).is_(None),
        )
        found.update(place[:4] for place in session.exec(query.distinct()))
    return tuple(sorted(found))
