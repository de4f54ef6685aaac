"""Broadcasts: one thing said to many. After release its words, audience and expiry never change (`content_hash`)."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import CursorResult, Index, bindparam, text
from sqlmodel import Field, Session, SQLModel, col, select, update

from storage.audit import record
from storage.columns import BigId, Json, UtcDateTime, is_one_of
from storage.jobs import Job, Work, announce
from storage.joining import released_at
from storage.lifecycles import BROADCAST, BroadcastState, ForbiddenTransition, sources
from storage.outbox_hold import not_held
from storage.replies import Bubble, as_json, from_json

EVERY_PLACE = ""
"""The variant of words that names no reader's own place."""


class BroadcastKind(StrEnum):
    ALERT = "alert"
    EXERCISE = "exercise"
    TRAINING = "training"
    """To volunteers of a group only: no alert belongs to it."""

    RELAY = "relay"
    """To those who announce an alert in their villages: what they read aloud."""

    CHANGE = "change"
    """An Update or a Cancel of an alert that went out before."""

    ADVICE = "advice"
    """To those who grow something, by the weather or in an officer's own words."""

    MORNING_PRICES = "morning_prices"
    """To those who asked for prices every morning, each the products she named."""

    PRICE_PASSED = "price_passed"
    """To those whose threshold a price has passed."""


class Priority(StrEnum):
    EMERGENCY = "emergency"
    ROUTINE = "routine"


DELIVERY_WORK = {
    Priority.EMERGENCY: Work.DELIVER_EMERGENCY,
    Priority.ROUTINE: Work.DELIVER_ROUTINE,
}

Words = dict[str, dict[str, list[dict[str, Any]]]]
"""language -> variant -> bubbles. A variant is EVERY_PLACE or a province code, for readers there; `sms` or `group`,
alone or as in `sms/57`, where a form has words of its own."""


class Form(StrEnum):
    """How words are put: in a chat with one person, in a text message, or in a group chat."""

    CHAT = "chat"
    SMS = "sms"
    GROUP = "group"


class Broadcast(SQLModel, table=True):
    """`audience`: {"topic", "places": [codes], "reached": [ids of earlier broadcasts whose recipients are meant]}, and
    "accounts": [ids] where it goes out on some of the accounts only; corrections reach everybody on any.

    Where it has "listed" its recipients are no area's subscribers but that list (broadcasts/audience/listed.py).

    `plan` is the planner's cursor: what of the audience has been written into batches.
    """

    __tablename__ = "broadcast"
    __table_args__ = (
        Index(
            "broadcast_live",
            "priority",
            "released_at",
            sqlite_where=text("state = 'released'"),
            postgresql_where=text("state = 'released'"),
        ),
    )

    id: int | None = Field(default=None, primary_key=True)
    kind: str
    priority: str
    state: str = BroadcastState.RELEASED
    words: dict[str, Any] = Field(sa_type=Json)
    audience: dict[str, Any] = Field(sa_type=Json)
    content_hash: str
    expires_at: datetime = Field(sa_type=UtcDateTime)
    released_at: datetime = Field(sa_type=UtcDateTime)
    released_by: str
    plan: dict[str, Any] = Field(default_factory=dict, sa_type=Json)
    planned_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    finished_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    reason: str = ""


class Addressed(SQLModel, table=True):
    """Persons an Update reached as recipients of the original, so that its own area does not reach them again."""

    __tablename__ = "addressed"

    broadcast_id: int = Field(primary_key=True, foreign_key="broadcast.id")
    person_id: int = Field(primary_key=True, sa_type=BigId)


def content_hash(broadcast: Broadcast) -> str:
    """SHA-256 over all that was agreed at release: kind, priority, words, audience, expiry."""
    agreed = [
        broadcast.kind,
        broadcast.priority,
        broadcast.words,
        broadcast.audience,
        broadcast.expires_at.isoformat(),
    ]
    return hashlib.sha256(json.dumps(agreed, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def release(
    session: Session,
    *,
    kind: BroadcastKind,
    priority: Priority,
    words: Words,
    places: Sequence[str],
    reached: Sequence[int] = (),
    topic: str,
    expires_at: datetime,
    by: str,
    at: datetime,
    listed: Mapping[str, Any] | None = None,
) -> Broadcast:
    """Release a broadcast: from this commit on it goes out to those subscribed at `at`, or to the list `listed`."""
    broadcast = agreed(
        kind=kind,
        priority=priority,
        words=words,
        places=places,
        reached=reached,
        topic=topic,
        expires_at=expires_at,
        at=at,
        listed=listed,
    )
    broadcast.released_by = by
    return let_go(session, broadcast, at)


def agreed(
    *,
    kind: BroadcastKind,
    priority: Priority,
    words: Words,
    places: Sequence[str],
    reached: Sequence[int],
    topic: str,
    expires_at: datetime,
    at: datetime,
    listed: Mapping[str, Any] | None = None,
    accounts: Sequence[int] = (),
) -> Broadcast:
    """What would be released, to be looked at; its `content_hash` is the function's, not set yet."""
    return Broadcast(
        kind=kind,
        priority=priority,
        words=words,
        audience={
            "topic": topic,
            "places": list(places),
            "reached": list(reached),
            **({"listed": dict(listed)} if listed else {}),
            **({"accounts": list(accounts)} if accounts else {}),
        },
        content_hash="",
        expires_at=expires_at,
        released_at=at,
        released_by="",
    )


def let_go(session: Session, broadcast: Broadcast, at: datetime) -> Broadcast:
    """Release what was agreed. Late in a transaction: see `storage.joining.released_at`."""
    if broadcast.audience["places"]:
        broadcast.released_at = released_at(session, at)
    enter(session, broadcast, at, by=broadcast.released_by)
    announce(session, Job(work=Work.PLAN, key=str(broadcast.id)))
    return broadcast


def enter(session: Session, broadcast: Broadcast, at: datetime, *, by: str) -> None:
    """Freeze what was agreed and write it down: from this commit on the broadcast may go out."""
    broadcast.content_hash = content_hash(broadcast)
    session.add(broadcast)
    session.flush()
    repeated = broadcast.audience.get("retry_of")
    record(
        session,
        at,
        actor=by,
        action="broadcast.release",
        subject=f"broadcast/{broadcast.id}",
        detail={"retry_of": repeated} if repeated else None,
    )


def variant_name(form: Form, province: str) -> str:
    """The variant for readers in a province ('' for everywhere) in a form.

    >>> variant_name(Form.CHAT, "57"), variant_name(Form.SMS, "57"), variant_name(Form.GROUP, "")
    ('57', 'sms/57', 'group')
    """
    if form is Form.CHAT:
        return province
    return f"{form.value}/{province}" if province else form.value


def has_provinces(words: Mapping[str, Any]) -> bool:
    """Whether readers of one province get other words than those of another.

    >>> has_provinces({"th": {"": [], "sms": []}}), has_provinces({"th": {"": [], "sms/57": []}})
    (False, True)
    """
    everywhere = {variant_name(form, EVERY_PLACE) for form in Form}
    return any(name not in everywhere for variants in words.values() for name in variants)


def variant_for(words: Mapping[str, Any], language: str, form: Form, province: str) -> str:
    """The variant that fits a reader best: her form and province, her form, her province, every place."""
    variants = words.get(language) or words["th"]
    wanted = (variant_name(form, province), variant_name(form, EVERY_PLACE), province)
    return next((each for each in wanted if each in variants), EVERY_PLACE)


def bubbles_for(broadcast: Broadcast, language: str, variant: str) -> tuple[Bubble, ...]:
    """The frozen words for readers of a language and variant; the Thai ones where the language has none."""
    return bubbles_in(broadcast.words, language, variant)


def bubbles_in(words: Mapping[str, Any], language: str, variant: str) -> tuple[Bubble, ...]:
    """As `bubbles_for`, in words that are not released yet."""
    variants = words.get(language) or words["th"]
    return from_json(variants.get(variant) or variants[EVERY_PLACE])


def words_of(bubbles: Mapping[str, Mapping[str, Sequence[Bubble]]]) -> Words:
    """Bubbles per language and variant in the form in which a broadcast keeps them."""
    return {
        language: {variant: as_json(list(said)) for variant, said in variants.items()}
        for language, variants in bubbles.items()
    }


def live_broadcasts(session: Session, priority: Priority) -> list[Broadcast]:
    """Released broadcasts of a class that are not finished, the oldest first."""
    query = (
        select(Broadcast)
        .where(Broadcast.state == BroadcastState.RELEASED.value, Broadcast.priority == priority.value)
        .order_by(col(Broadcast.released_at), col(Broadcast.id))
    )
    return list(session.exec(query))


_LIVE = select(Broadcast.id).where(
    is_one_of(col(Broadcast.state), BroadcastState.RELEASED),
    col(Broadcast.expires_at) > bindparam("at", type_=UtcDateTime),
    not_held(),
)
"""Made once: it is asked some sixty times a second, and to make it takes as long as to ask."""


def live_ids(session: Session, at: datetime) -> set[int]:
    """Broadcasts of which batches may be sent: released, not expired, nothing held. Read before every batch."""
    return set(session.connection().scalars(_LIVE, {"at": at}))


def is_live(session: Session, broadcast_id: int, at: datetime) -> bool:
    """True while batches of a broadcast may be sent: released, not expired, nothing held. Read before every batch."""
    return broadcast_id in live_ids(session, at)


def retries_of(session: Session, broadcast_ids: Sequence[int]) -> list[int]:
    """The broadcasts that repeat one of these for those whom it failed to reach (broadcasts/delivery/repeating.py)."""
    if not broadcast_ids:
        return []
    original = col(Broadcast.audience)["retry_of"].as_integer()
    query = select(Broadcast.id).where(original.in_(broadcast_ids)).order_by(col(Broadcast.id))
    return [found for found in session.exec(query) if found is not None]


def announce_delivery(session: Session, broadcast_id: int, account_id: int) -> None:
    """Batches of this broadcast wait on this account."""
    broadcast = session.get_one(Broadcast, broadcast_id)
    announce(session, Job(work=DELIVERY_WORK[Priority(broadcast.priority)], key=str(account_id)))


def unplanned(session: Session) -> list[int]:
    """Broadcasts whose audience is not yet fully written into batches."""
    query = select(Broadcast.id).where(
        Broadcast.state == BroadcastState.RELEASED.value, col(Broadcast.planned_at).is_(None)
    )
    return [found for found in session.exec(query) if found is not None]


def move(
    session: Session, broadcast_id: int, state: BroadcastState, at: datetime, *, by: str, reason: str = ""
) -> None:
    """Move a broadcast along its lifecycle and say so in the audit log.

    Raises ForbiddenTransition when it is not in a state from which that is possible.
    """
    ended = state not in (BroadcastState.RELEASED, BroadcastState.PAUSED)
    result = session.connection().execute(
        update(Broadcast)
        .where(col(Broadcast.id) == broadcast_id, col(Broadcast.state).in_(sources(BROADCAST, state)))
        .values(state=state.value, reason=reason, finished_at=at if ended else None)
    )
    assert isinstance(result, CursorResult)
    if result.rowcount != 1:
        found = session.get(Broadcast, broadcast_id, populate_existing=True)
        where = f"is {found.state}" if found is not None else "does not exist"
        raise ForbiddenTransition(f"broadcast {broadcast_id} {where}; it cannot become {state.value}")
    record(
        session,
        at,
        actor=by,
        action=f"broadcast.{state.value}",
        subject=f"broadcast/{broadcast_id}",
        detail={"reason": reason} if reason else None,
    )
