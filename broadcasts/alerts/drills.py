"""Drills: how long it took from the first word of a draft to the first message that was accepted, kept by month."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlmodel import Session, col, select

from storage.alert_drafts import AlertDraft, Mode
from storage.audit import record
from storage.batches import Batch
from storage.lifecycles import DraftState, Outcome

LOOKED_BACK = timedelta(days=2)


@dataclass(frozen=True, kw_only=True)
class Drill:
    """One exercise or training that went out. `minutes` from the draft to the first message, None until one is."""

    draft_id: int
    mode: str
    headline: str
    begun_at: datetime
    released_at: datetime
    first_message_at: datetime | None

    @property
    def minutes(self) -> float | None:
        if self.first_message_at is None:
            return None
        return round((self.first_message_at - self.begun_at).total_seconds() / 60, 1)


def note_first_messages(session: Session, at: datetime) -> int:
    """Write down when the first message of each released draft was accepted; of how many it is known now."""
    query = select(AlertDraft).where(
        AlertDraft.state == DraftState.RELEASED.value,
        col(AlertDraft.first_message_at).is_(None),
        col(AlertDraft.decided_at) > at - LOOKED_BACK,
    )
    noted = 0
    for draft in session.exec(query).all():
        first = _first_message(session, draft)
        if first is not None:
            draft.first_message_at = first
            session.add(draft)
            noted += 1
            if draft.mode != Mode.ACTUAL:
                _note_drill(session, draft, first, at)
    return noted


def drills(session: Session, *, most: int = 100) -> list[Drill]:
    """The newest first."""
    query = (
        select(AlertDraft)
        .where(AlertDraft.state == DraftState.RELEASED.value, AlertDraft.mode != Mode.ACTUAL.value)
        .order_by(col(AlertDraft.decided_at).desc())
        .limit(most)
    )
    return [
        Drill(
            draft_id=each.number,
            mode=each.mode,
            headline=each.template or each.identifier,
            begun_at=each.created_at,
            released_at=each.decided_at or each.changed_at,
            first_message_at=each.first_message_at,
        )
        for each in session.exec(query)
    ]


def is_due(session: Session, at: datetime, zone: ZoneInfo) -> bool:
    """Whether no exercise and no training went out this month."""
    month = at.astimezone(zone).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    return not any(each.released_at >= month for each in drills(session, most=1))


def _first_message(session: Session, draft: AlertDraft) -> datetime | None:
    query = (
        select(Batch.finished_at, Batch.outcomes)
        .where(Batch.broadcast_id == draft.broadcast_id, col(Batch.finished_at).is_not(None))
        .order_by(col(Batch.finished_at))
        .limit(50)
    )
    accepted = Outcome.ACCEPTED.value.encode()
    return next((at for at, outcomes in session.exec(query) if accepted in outcomes), None)


def _note_drill(session: Session, draft: AlertDraft, first: datetime, at: datetime) -> None:
    minutes = round((first - draft.created_at).total_seconds() / 60, 1)
    detail = {"mode": draft.mode, "minutes": minutes, "broadcast": draft.broadcast_id}
    record(session, at, actor="clock", action="drill.measure", subject=draft.subject, detail=detail)
