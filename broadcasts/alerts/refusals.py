"""An official warning that could not be taken: kept for a person, so that nothing a sender issued vanishes.

What can be read becomes a draft that says why it was refused (`krajai alert list --drafts`); of the rest the beginning
is in the audit log. Either is told once.
"""

from sqlmodel import Session, select

from broadcasts.alerts.automatic import ORIGIN, actor_of
from broadcasts.alerts.cap_model import CapRefused
from broadcasts.alerts.importing import park_refused
from broadcasts.sources import Visit
from storage.audit import AuditEntry, record
from storage.lifecycles import AlertState

ACTION = "alert.refuse"

_MOST_LETTERS = 4_000


def keep_refused(
    session: Session, feed: str, document: str, data: bytes, reason: str, visit: Visit
) -> tuple[bool, bool]:
    """Keep the document of that name; whether it still waits for a person, and whether that is news."""
    try:
        parked = park_refused(session, data, reason, origin=f"{ORIGIN}{feed}", by=actor_of(feed), at=visit.at)
    except CapRefused:
        parked = []
    subject = f"document/{document}"
    before = select(AuditEntry.id).where(AuditEntry.action == ACTION, AuditEntry.subject == subject)
    new = any(each.new for each in parked) or session.exec(before).first() is None
    if new:
        kept = (
            {"drafts": [each.alert.id for each in parked]}
            if parked
            else {"document": data[:_MOST_LETTERS].decode("utf-8", "replace").replace("\0", "\ufffd")}
        )
        record(
            session,
            visit.at,
            actor=actor_of(feed),
            action=ACTION,
            subject=subject,
            detail={"reason": reason, **kept},
        )
    waits = not parked or any(each.alert.state == AlertState.DRAFT for each in parked)
    return waits, new
