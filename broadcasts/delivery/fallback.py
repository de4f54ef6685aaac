"""Falling back: an emergency reaches those by text message whom LINE is known not to reach.

Known means: she has blocked us, or LINE refused the request about her as a whole. Where nobody knows whether she got
it, LINE is asked again under its key, and no text is sent (docs/decisions/0018).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any
from uuid import uuid4

from sqlmodel import Session, col, select

from broadcasts.delivery.again import send_again
from broadcasts.delivery.held_up import where_refused
from broadcasts.delivery.missed import (
    FallbackRule,
    Missed,
    alert_of,
    may_have_it,
    missed_by,
    root_of,
    texts_of,
    who_blocked,
)
from storage import batches, broadcasts, texts_instead
from storage.batches import Batch, unpack
from storage.broadcasts import (
    Broadcast,
    BroadcastKind,
    Form,
    Priority,
    bubbles_in,
    variant_for,
)
from storage.database import Database
from storage.lifecycles import AlertState, BatchState, BroadcastState, Outcome
from storage.outbox_hold import is_held
from storage.people import Account
from storage.texts_instead import DAY, Spent, TextInstead

__all__ = ["FallbackRule", "estimate_texts", "fall_back", "release_texts", "spent_on"]

PEOPLE_AT_ONCE = 200
"""So many are decided in one transaction: it holds the alert, and whoever would stop it waits."""

_LOOKED_TO_THE_END = "looked_to_the_end"
"""In the plan of a broadcast that has ended: nobody whom it missed is left to decide of."""

_BY = "delivery"
_LOCK = {"key_share": True}
"""Whoever moves the row waits; whoever writes rows that refer to it does not."""


@dataclass(frozen=True, kw_only=True)
class FallbackEstimate:
    """Text messages that a release would begin with: to `people` who have blocked us on LINE and whose telephone is
    known, in `segments`. Of `satang` no more than `cap_satang` is spent; `within_cap` people get theirs."""

    people: int
    within_cap: int
    segments: int
    satang: int
    cap_satang: int


def fall_back(database: Database, rule: FallbackRule) -> int:
    """Release text messages to those whom emergencies that still hold are known to have missed; how many people.

    What has ended is looked at until nobody is found any more, however long that was ago.
    """
    if not rule.is_on:
        return 0
    with database.read() as session:
        now = database.now(session)
        found = [(each, missed_by(session, rule, each)) for each in _emergencies(session, now)]
    told = 0
    for broadcast, missed in found:
        broadcast_id = broadcast.id or 0
        for first in range(0, len(missed), PEOPLE_AT_ONCE):
            some = missed[first : first + PEOPLE_AT_ONCE]
            with database.write() as session:
                told += release_texts(session, rule, broadcast_id, some, database.now(session))
        if not missed and broadcast.state == BroadcastState.DONE:
            with database.write() as session:
                _look_no_more(session, broadcast_id)
    return told


def release_texts(
    session: Session, rule: FallbackRule, broadcast_id: int, missed: Sequence[Missed], at: datetime
) -> int:
    """Release what the caps allow as a broadcast that repeats this one; how many people get a text.

    Of each person it is decided once: who came too late for the cap is written down, and not tried again.
    """
    original = _hold_still(session, rule, broadcast_id)
    if not _may_still_go(session, original, at):
        return 0
    root = root_of(original)
    # Looked at before anything was held: a repetition, the plan or LINE may have come to them since.
    waiting_in = {each.batch_id for each in missed} - {None}
    refused = select(Batch.id).where(
        where_refused(session, original, rule.lines), col(Batch.id).in_(waiting_in)
    )
    passed_over = texts_instead.known(session, root) | may_have_it(
        session,
        session.get_one(Broadcast, root),
        {each.person_id for each in missed},
        set(session.exec(refused)),
    )
    text_of = _texts(original.words, rule)
    left = _left(session, rule, root, at)
    rows: list[TextInstead] = []
    groups: dict[tuple[int, str, str], list[int]] = {}
    for each in missed:
        if each.person_id in passed_over:
            continue
        variant, segments, satang = text_of(each)
        fits = 0 < satang <= left
        if fits and each.batch_id is not None and not _take_out(session, each, at):
            continue
        passed_over.add(each.person_id)
        row = TextInstead(
            broadcast_id=root,
            person_id=each.person_id,
            contact_id=each.contact_id,
            phone_id=each.phone_id,
            why=each.why,
            at=at,
        )
        rows.append(row)
        if fits:
            left -= satang
            row.segments, row.satang = segments, satang
            groups.setdefault((each.account_id, each.language, variant), []).append(each.phone_id)
    if groups:
        texts = send_again(
            session,
            original,
            root,
            groups,
            lambda account_id: rule.texts[account_id].traits.recipients_per_batch,
            at,
            by=_BY,
            instead="sms",
        )
        for row in rows:
            row.sent_in = texts.id if row.satang else None
    texts_instead.keep(session, rows)
    return sum(map(len, groups.values()))


def estimate_texts(
    session: Session,
    rule: FallbackRule,
    words: broadcasts.Words,
    audience: Mapping[str, Any],
    at: datetime,
) -> FallbackEstimate | None:
    """What a release now would begin with; None where nothing is sent by itself, or the words have no price."""
    if not rule.is_on or not words or not texts_of(rule, audience):
        return None
    missed, text_of = list(who_blocked(session, rule, audience, at)), _texts(words, rule)
    left = cap = min(rule.alert_satang, rule.day_satang - texts_instead.spent_since(session, at - DAY).satang)
    within = segments_in_all = satang_in_all = 0
    for each in missed:
        _, segments, satang = text_of(each)
        segments_in_all, satang_in_all = segments_in_all + segments, satang_in_all + satang
        if 0 < satang <= left:
            left, within = left - satang, within + 1
    return FallbackEstimate(
        people=len(missed),
        within_cap=within,
        segments=segments_in_all,
        satang=satang_in_all,
        cap_satang=max(cap, 0),
    )


def spent_on(session: Session, broadcast: Broadcast) -> Spent:
    """What was sent instead of this broadcast, for those who look at it."""
    return texts_instead.spent_on(session, root_of(broadcast))


def _emergencies(session: Session, at: datetime) -> list[Broadcast]:
    query = select(Broadcast).where(
        Broadcast.priority == Priority.EMERGENCY.value,
        col(Broadcast.planned_at).is_not(None) | (col(Broadcast.state) == BroadcastState.PAUSED.value),
        Broadcast.expires_at > at,
        col(Broadcast.plan)[_LOOKED_TO_THE_END].as_boolean().is_(None),
        col(Broadcast.audience)["instead"].as_string().is_(None),
        col(Broadcast.state).in_(
            (BroadcastState.RELEASED.value, BroadcastState.PAUSED.value, BroadcastState.DONE.value)
        ),
    )
    found = session.exec(query.order_by(col(Broadcast.id))).all()
    return [each for each in found if _may_still_go(session, each, at)]


def _may_still_go(session: Session, broadcast: Broadcast, at: datetime) -> bool:
    """Nothing is held, it is not itself sent instead of another, and what it said still holds."""
    if broadcast.audience.get("instead") or broadcast.expires_at <= at or is_held(session):
        return False
    if broadcast.state in (BroadcastState.STOPPED, BroadcastState.EXPIRED):
        return False
    alert = alert_of(session, root_of(broadcast))
    if alert is None:
        return broadcast.kind != BroadcastKind.RELAY
    return alert.state == AlertState.RELEASED


def _hold_still(session: Session, rule: FallbackRule, broadcast_id: int) -> Broadcast:
    """Let a stop, an Update, a Cancel or a repetition wait until this is decided, or see what it has done.

    In the order in which they take the rows: the alert, what carries it, and what repeats that.
    """
    # One at a time, since the day's cap is one for all.
    accounts = select(Account.id).where(col(Account.id).in_(rule.texts)).order_by(col(Account.id))
    session.exec(accounts.with_for_update(key_share=True)).all()
    root = root_of(session.get_one(Broadcast, broadcast_id))
    alert_of(session, root, lock=True)
    session.get_one(Broadcast, root, populate_existing=True, with_for_update=_LOCK)
    return session.get_one(Broadcast, broadcast_id, populate_existing=True, with_for_update=_LOCK)


def _look_no_more(session: Session, broadcast_id: int) -> None:
    ended = session.get_one(Broadcast, broadcast_id, populate_existing=True, with_for_update=_LOCK)
    ended.plan = {**ended.plan, _LOOKED_TO_THE_END: True}
    session.add(ended)


def _left(session: Session, rule: FallbackRule, root: int, at: datetime) -> int:
    """What may still be spent on a broadcast now."""
    return min(
        rule.alert_satang - texts_instead.spent_on(session, root).satang,
        rule.day_satang - texts_instead.spent_since(session, at - DAY).satang,
    )


def _texts(words: Mapping[str, Any], rule: FallbackRule) -> Callable[[Missed], tuple[str, int, int]]:
    """Which words somebody gets, in how many segments and for how much; 0 where the price is not known."""

    @cache
    def rendered(account_id: int, language: str, province: str) -> tuple[str, int, int]:
        variant = variant_for(words, language, Form.SMS, province)
        text = rule.texts[account_id].render(bubbles_in(words, language, variant))
        return variant, text.segments, text.satang

    return lambda each: rendered(each.account_id, each.language, each.province)


def _take_out(session: Session, each: Missed, at: datetime) -> bool:
    """Let her wait on LINE no longer; False when her batch is not what it was. What is left is another request."""
    # Whoever has the batch at the moment may be waiting for the broadcast, which is held here: then at the next look.
    free = {"skip_locked": True}
    batch = session.get(Batch, each.batch_id, with_for_update=free, populate_existing=True)
    if batch is None or batch.state != BatchState.WAITING:
        return False
    recipients = unpack(batch.recipients)
    if each.contact_id not in recipients:
        return False
    position = recipients.index(each.contact_id)
    if batch.outcomes[position] != ord(Outcome.WAITING.value):
        return False
    outcomes = bytearray(batch.outcomes)
    outcomes[position] = ord(Outcome.SKIPPED.value)
    batch.outcomes = bytes(outcomes)
    if Outcome.UNKNOWN.encode() not in batch.outcomes:
        batch.retry_key, batch.first_attempt_at = uuid4(), None
    session.add(batch)
    batches.note(session, batch, [each.contact_id], "skipped", "a text message goes out instead", at)
    session.flush()
    return True
