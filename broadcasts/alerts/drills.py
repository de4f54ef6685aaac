"""Drills: how long it took from the first word of a draft to the first message that was accepted, kept by month."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import Session, col, select

from storage.alert_drafts import AlertDraft, Mode
from storage.audit import record
from storage.batches import Batch
from storage.lifecycles import DraftState, Outcome
from storage.officer_telling import tell
from storage.officers import Role, with_roles

LOOKED_BACK = timedelta(days=2)
EVERY = timedelta(days=31)
"""An agency that has not practised for so long is reminded, and every week from then on."""

_REMINDED_DAYS = 7


@dataclass(frozen=True, kw_only=True)
class Drill:
    """One exercise or training that went out. `minutes` from the draft to the first message, None until one is."""

    draft_id: int
    agency_id: str
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


def drills(session: Session, *, agency_id: str | None = None, most: int = 100) -> list[Drill]:
    """Those of an agency, or all; the newest first. `headline` is the template's id."""
    query = (
        select(AlertDraft)
        .where(AlertDraft.state == DraftState.RELEASED.value, AlertDraft.mode != Mode.ACTUAL.value)
        .order_by(col(AlertDraft.decided_at).desc())
        .limit(most)
    )
    if agency_id is not None:
        query = query.where(AlertDraft.agency_id == agency_id)
    return [
        Drill(
            draft_id=each.number,
            agency_id=each.agency_id,
            mode=each.mode,
            headline=each.template or each.identifier,
            begun_at=each.created_at,
            released_at=each.decided_at or each.changed_at,
            first_message_at=each.first_message_at,
        )
        for each in session.exec(query)
    ]


def is_due(session: Session, at: datetime, *, agency_id: str | None = None) -> bool:
    """Whether no exercise and no training went out for 31 days."""
    return not any(each.released_at > at - EVERY for each in drills(session, agency_id=agency_id, most=1))


def remind(session: Session, at: datetime) -> int:
    """Remind the officers of agencies that have not practised for 31 days, once a week; how many. Run it once a day."""
    told = 0
    for agency_id, since in _practised(session).items():
        days = (at - since).days - EVERY.days
        if days < 0 or days % _REMINDED_DAYS:
            continue
        for officer in with_roles(session, [Role.AUTHOR, Role.APPROVER]):
            if officer.agency_id == agency_id:
                said = {"days": (at - since).days}
                told += tell(session, officer, "drafting.tell_drill_due", at, path="/console/drills", **said)
        record(
            session,
            at,
            actor="clock",
            action="drill.remind",
            subject=f"agency/{agency_id}",
            detail={"days": (at - since).days},
        )
    return told


def _practised(session: Session) -> dict[str, datetime]:
    """When each agency with somebody who drafts practised last; before its first time, since when there is somebody."""
    found: dict[str, datetime] = {}
    for officer in with_roles(session, [Role.AUTHOR]):
        found[officer.agency_id] = min(found.get(officer.agency_id, officer.created_at), officer.created_at)
    for each in drills(session, most=1000):
        if each.agency_id in found:
            found[each.agency_id] = max(found[each.agency_id], each.released_at)
    return found


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
