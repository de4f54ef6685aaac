"""Receipts that came before the send they are about was settled: they wait here for a moment.

While a worker holds a batch or message, its row is the worker's alone. A receipt that beats the answer to the send
would be overwritten by it, or lost where no answer comes at all.
"""

from datetime import datetime, timedelta

from sqlalchemy import UniqueConstraint, delete
from sqlmodel import Field, Session, SQLModel, col, select

from storage.columns import BigId, UtcDateTime
from storage.inserting import insert_new

KEPT_DAYS = 1
MOST_AT_ONCE = 1000


class EarlyReceipt(SQLModel, table=True):
    """What a network said of `reference` (b<batch id>.<contact id>, m<message id>) too early."""

    __tablename__ = "early_receipt"
    __table_args__ = (UniqueConstraint("reference", "status", name="early_receipt_once"),)

    id: int | None = Field(default=None, primary_key=True, sa_type=BigId)
    reference: str
    status: int
    at: datetime = Field(sa_type=UtcDateTime)


def keep(session: Session, reference: str, status: int, at: datetime) -> None:
    """Remember a receipt; one that is known already is passed over."""
    insert_new(
        session, [EarlyReceipt(reference=reference, status=status, at=at)], unique=("reference", "status")
    )


def take(session: Session, prefix: str) -> list[tuple[str, int]]:
    """(reference, status) of the kept receipts whose reference begins so, oldest first; they are kept no longer."""
    query = select(EarlyReceipt).where(col(EarlyReceipt.reference).startswith(prefix, autoescape=True))
    found = session.exec(query.order_by(col(EarlyReceipt.id)).limit(MOST_AT_ONCE)).all()
    taken = [(each.reference, each.status) for each in found]
    for each in found:
        session.delete(each)
    session.flush()
    return taken


def forget_old(session: Session, at: datetime) -> int:
    """Delete receipts that nobody took for a day; how many."""
    old = delete(EarlyReceipt).where(col(EarlyReceipt.at) < at - timedelta(days=KEPT_DAYS))
    return session.connection().execute(old).rowcount
