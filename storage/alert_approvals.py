"""What officers decided about drafts: approvals, rejections, releases without a colleague. Rows are only ever added.

The database refuses an approval by anybody who had a hand in the draft, and the release of an officer's alert whose
broadcast is not, by its hash, the very one that was approved.
"""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import Index
from sqlmodel import Field, Session, SQLModel, col, select

from storage.alert_drafts import AlertDraft
from storage.columns import UtcDateTime
from storage.officers import Officer


class Decision(StrEnum):
    APPROVAL = "approval"
    REJECTION = "rejection"
    BYPASS = "bypass"
    """One officer with the right, alone, with a reason; everyone on duty is told."""

    CANCEL = "cancel"
    """Taking a warning back needs one officer."""


class AlertApproval(SQLModel, table=True):
    """`hash` is the broadcast's that she saw: words, area, audience and expiry (`storage.broadcasts.content_hash`).

    `typed` is the confirmation she wrote, `factor` the second factor that she gave for it.
    """

    __tablename__ = "alert_approval"
    __table_args__ = (Index("alert_approval_draft", "draft_id", "id"), Index("alert_approval_hash", "hash"))

    id: int | None = Field(default=None, primary_key=True)
    draft_id: int = Field(foreign_key="alert_draft.id")
    revision: int
    alert_id: int | None = Field(default=None, foreign_key="alert.id")
    officer_id: int = Field(foreign_key="officer.id")
    kind: str
    hash: str
    typed: str = ""
    factor: str = ""
    reason: str = ""
    at: datetime = Field(sa_type=UtcDateTime)


def decide(session: Session, decision: AlertApproval) -> AlertApproval:
    """Write a decision down; the database may refuse it."""
    session.add(decision)
    session.flush()
    return decision


def decisions(session: Session, draft_id: int) -> list[tuple[AlertApproval, Officer]]:
    """What was decided about a draft, by whom, the oldest first."""
    query = (
        select(AlertApproval, Officer)
        .join(Officer, col(Officer.id) == col(AlertApproval.officer_id))
        .where(AlertApproval.draft_id == draft_id)
        .order_by(col(AlertApproval.id))
    )
    return list(session.exec(query))


def bypasses(session: Session, since: datetime) -> list[tuple[AlertApproval, AlertDraft]]:
    """What was let out by one officer alone since then, the newest first."""
    query = (
        select(AlertApproval, AlertDraft)
        .join(AlertDraft, col(AlertDraft.id) == col(AlertApproval.draft_id))
        .where(AlertApproval.kind == Decision.BYPASS.value, AlertApproval.at >= since)
        .order_by(col(AlertApproval.id).desc())
    )
    return list(session.exec(query))
