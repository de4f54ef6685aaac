"""What became of a broadcast: by channel, by district, by reason, and how soon; and whom it did not simply reach."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, or_
from sqlmodel import Session, col, select

from broadcasts.audience.selection import spans
from broadcasts.delivery.fallback import spent_on
from broadcasts.delivery.progress import reasons_of
from storage.batches import OPEN_STATES, Batch, RecipientNote, count_outcomes, unpack
from storage.broadcasts import Broadcast, retries_of
from storage.lifecycles import BatchState, Outcome
from storage.people import Account, Contact
from storage.subscriptions import Subscription
from storage.texts_instead import Spent

_ROWS_AT_ONCE = 5000
_BATCHES_AT_ONCE = 500
_SHARES = {"half": 0.5, "most": 0.95}
ELSEWHERE = ""
"""The district of who was reached as a recipient of what is corrected, or by no place at all."""

_NAMES = {
    Outcome.ACCEPTED.value: "accepted",
    Outcome.FAILED.value: "failed",
    Outcome.UNKNOWN.value: "unknown",
    Outcome.SKIPPED.value: "skipped",
    Outcome.IN_FLIGHT.value: "in_flight",
}


@dataclass(frozen=True, kw_only=True)
class Times:
    """When batches with somebody who accepted were finished: the first, those that make 50 and 95 percent, the last."""

    first: datetime | None
    half: datetime | None
    most: datetime | None
    last: datetime | None


@dataclass(frozen=True, kw_only=True)
class Report:
    """`total`, `channels` and `districts` count recipients by outcome: accepted, failed, unknown, skipped, waiting,
    in_flight, expired, stopped. `reasons` counts notes, of which one recipient may have several."""

    broadcast: Broadcast
    total: Mapping[str, int]
    channels: Mapping[str, Mapping[str, int]]
    districts: Mapping[str, Mapping[str, int]]
    reasons: Mapping[str, int]
    times: Times
    retry_of: int | None
    retries: tuple[int, ...]
    texts_instead: Spent


@dataclass(frozen=True, kw_only=True)
class Recipient:
    """One line of the list of recipients."""

    contact_id: int
    account: str
    address: str
    district: str
    outcome: str
    notes: str
    at: datetime | None


def report(session: Session, broadcast: Broadcast) -> Report:
    """What is known of a broadcast now."""
    assert broadcast.id is not None
    channels: defaultdict[str, Counter[str]] = defaultdict(Counter)
    names = _accounts(session)
    for account_id, counts in _by_account(session, broadcast.id).items():
        channels[names[account_id]] += counts
    total: Counter[str] = Counter()
    for counts in channels.values():
        total += counts
    return Report(
        broadcast=broadcast,
        total=dict(total),
        channels={name: dict(counts) for name, counts in sorted(channels.items())},
        districts=_by_district(session, broadcast),
        reasons=reasons_of(session, broadcast.id),
        times=_times(session, broadcast.id),
        retry_of=broadcast.audience.get("retry_of"),
        retries=tuple(retries_of(session, [broadcast.id])),
        texts_instead=spent_on(session, broadcast),
    )


def recipients(session: Session, broadcast: Broadcast, *, everyone: bool = False) -> Iterator[Recipient]:
    """Those who did not simply get it, or `everyone`, batch by batch."""
    assert broadcast.id is not None
    names, districts = _accounts(session), _districts(session, broadcast)
    for rows in _batches(session, broadcast.id):
        wanted = [
            (batch, contact_id, name)
            for batch in rows
            for contact_id, name in _named(batch.recipients, batch.outcomes, batch.state)
        ]
        noted = _notes(session, broadcast.id, [batch.id or 0 for batch in rows])
        some = [
            each for each in wanted if everyone or each[2] != "accepted" or (each[0].id, each[1]) in noted
        ]
        addresses = _addresses(session, [contact_id for _, contact_id, _ in some])
        for batch, contact_id, name in some:
            yield Recipient(
                contact_id=contact_id,
                account=names[batch.account_id],
                address=addresses.get(contact_id, ""),
                district=districts.get(contact_id, ELSEWHERE),
                outcome=name,
                notes="; ".join(noted.get((batch.id, contact_id), ())),
                at=batch.finished_at,
            )


def _by_account(session: Session, broadcast_id: int) -> dict[int, Counter[str]]:
    query = (
        select(Batch.account_id, Batch.outcomes, Batch.state, func.count())
        .where(Batch.broadcast_id == broadcast_id)
        .group_by(col(Batch.account_id), col(Batch.outcomes), col(Batch.state))
    )
    found: defaultdict[int, Counter[str]] = defaultdict(Counter)
    for account_id, outcomes, state, times in session.exec(query):
        counts = count_outcomes([(outcomes, state, times)])
        never = {state: counts.pop("not_sent")} if counts["not_sent"] else {}
        del counts["planned"]
        counts.pop("not_sent", None)
        found[account_id].update({name: n for name, n in {**counts, **never}.items() if n})
    return found


def _named(packed: bytes, outcomes: bytes, state: str) -> Iterator[tuple[int, str]]:
    never = "waiting" if state in OPEN_STATES else "stopped" if state == BatchState.STOPPED else "expired"
    for contact_id, outcome in zip(unpack(packed), outcomes, strict=True):
        yield contact_id, _NAMES.get(chr(outcome), never)


def _by_district(session: Session, broadcast: Broadcast) -> dict[str, dict[str, int]]:
    districts = _districts(session, broadcast)
    found: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for rows in _batches(session, broadcast.id or 0):
        for batch in rows:
            for contact_id, name in _named(batch.recipients, batch.outcomes, batch.state):
                found[districts.get(contact_id, ELSEWHERE)][name] += 1
    return {place: dict(counts) for place, counts in sorted(found.items())}


def _districts(session: Session, broadcast: Broadcast) -> dict[int, str]:
    """The district by which each contact was chosen: of her places in the area, at the release, the first."""
    origin = broadcast
    if (root := broadcast.audience.get("retry_of")) is not None:
        origin = session.get_one(Broadcast, root)
    found: dict[int, str] = {}
    at, topic, place = origin.released_at, origin.audience["topic"], col(Subscription.place)
    for span in spans(origin.audience["places"]):
        query = (
            select(Subscription.contact_id, Subscription.place)
            .where(
                Subscription.topic == topic,
                place >= span.low,
                place < span.high,
                col(Subscription.since) <= at,
                or_(col(Subscription.until).is_(None), col(Subscription.until) > at),
            )
            .order_by(place, col(Subscription.contact_id))
            .execution_options(yield_per=_ROWS_AT_ONCE)
        )
        # One text a district, however many people it has.
        known: dict[str, str] = {}
        for contact_id, code in session.exec(query):
            found.setdefault(contact_id, known.setdefault(code[:4], code[:4]))
    return found


def _times(session: Session, broadcast_id: int) -> Times:
    query = (
        select(Batch.finished_at, Batch.outcomes)
        .where(Batch.broadcast_id == broadcast_id, col(Batch.finished_at).is_not(None))
        .order_by(col(Batch.finished_at), col(Batch.id))
        .execution_options(yield_per=_ROWS_AT_ONCE)
    )
    reached = [
        (at, accepted)
        for at, outcomes in session.exec(query)
        if at is not None and (accepted := outcomes.count(Outcome.ACCEPTED.encode()))
    ]
    marks: dict[str, datetime] = {}
    whole, so_far = sum(accepted for _, accepted in reached), 0
    for at, accepted in reached:
        so_far += accepted
        for name, share in _SHARES.items():
            if so_far >= share * whole:
                marks.setdefault(name, at)
    return Times(
        first=reached[0][0] if reached else None,
        half=marks.get("half"),
        most=marks.get("most"),
        last=reached[-1][0] if reached else None,
    )


def _batches(session: Session, broadcast_id: int) -> Iterator[Sequence[Batch]]:
    after = 0
    while True:
        query = select(Batch).where(Batch.broadcast_id == broadcast_id, col(Batch.id) > after)
        rows = session.exec(query.order_by(col(Batch.id)).limit(_BATCHES_AT_ONCE)).all()
        if not rows:
            return
        yield rows
        after = rows[-1].id or 0
        session.expunge_all()


def _notes(
    session: Session, broadcast_id: int, batch_ids: Sequence[int]
) -> dict[tuple[int | None, int], list[str]]:
    query = (
        select(RecipientNote.batch_id, RecipientNote.contact_id, RecipientNote.note, RecipientNote.reason)
        .where(
            RecipientNote.broadcast_id == broadcast_id,
            col(RecipientNote.batch_id) >= batch_ids[0],
            col(RecipientNote.batch_id) <= batch_ids[-1],
        )
        .order_by(col(RecipientNote.id))
    )
    found: defaultdict[tuple[int | None, int], list[str]] = defaultdict(list)
    for batch_id, contact_id, what, reason in session.exec(query):
        found[batch_id, contact_id].append(f"{what}: {reason}" if reason else what)
    return found


def _addresses(session: Session, contact_ids: Sequence[int]) -> dict[int, str]:
    found: dict[int, str] = {}
    for first in range(0, len(contact_ids), _ROWS_AT_ONCE):
        some = contact_ids[first : first + _ROWS_AT_ONCE]
        rows = session.exec(select(Contact.id, Contact.address).where(col(Contact.id).in_(some)))
        found.update({contact_id: address for contact_id, address in rows if contact_id is not None})
    return found


def _accounts(session: Session) -> dict[int, str]:
    return {each.id or 0: f"{each.channel}/{each.name}" for each in session.exec(select(Account))}
