"""The audit log: who did what to what, and when. Rows are only ever added. It holds no personal data."""

from datetime import datetime
from typing import Any

from sqlmodel import Field, Session, SQLModel

from storage.columns import BigId, Json, UtcDateTime


class AuditEntry(SQLModel, table=True):
    """`subject` names the thing as kind/id, such as alert/12."""

    __tablename__ = "audit_entry"

    id: int | None = Field(default=None, primary_key=True, sa_type=BigId)
    at: datetime = Field(sa_type=UtcDateTime)
    actor: str
    action: str
    subject: str
    detail: dict[str, Any] | None = Field(default=None, sa_type=Json)


def record(
    session: Session,
    at: datetime,
    *,
    actor: str,
    action: str,
    subject: str,
    detail: dict[str, Any] | None = None,
) -> None:
    """Add an entry in the same transaction as the act itself."""
    session.add(AuditEntry(at=at, actor=actor, action=action, subject=subject, detail=detail))
