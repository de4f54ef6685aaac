"""Receipts that came before the send they are about was settled wait here; so do networks' own names of it.

While a worker holds a batch or message, its row is the worker's alone. A receipt that beats the answer to the send
would be overwritten by it, or lost where no answer comes at all.
"""

from datetime import datetime, timedelta

from sqlalchemy import UniqueConstraint, delete
from sqlmodel import Field, Session, SQLModel, col, select

from storage.columns import BigId, UtcDateTime
from storage.inserting import insert_new

KEPT_DAYS = 1
NETWORK_IDS_KEPT_DAYS = 8
"""A day longer than an SMS may be valid: no receipt is about an older one."""

MOST_AT_ONCE = 1000


class EarlyReceipt(SQLModel, table=True):
    """What a network said of `reference` (b<batch id>.<contact id>, m<message id>) too early."""

    __tablename__ = "early_receipt"
    __table_args__ = (UniqueConstraint("reference", "status", name="early_receipt_once"),)

    id: int | None = Field(default=None, primary_key=True, sa_type=BigId)
    reference: str
    status: int
    at: datetime = Field(sa_type=UtcDateTime)


class NetworkId(SQLModel, table=True):
    """What an SMS network calls a message that it accepted; its receipts name that alone (SMPP)."""

    __tablename__ = "network_id"

    account_id: int = Field(primary_key=True, foreign_key="account.id")
    network_id: str = Field(primary_key=True)
    reference: str
    at: datetime = Field(sa_type=UtcDateTime)


def keep(session: Session, reference: str, status: int, at: datetime) -> None:
    """Remember a receipt; one that is known already is passed over."""
    insert_new(
        session, [EarlyReceipt(reference=reference, status=status, at=at)], unique=("reference", "status")
    )


def are_kept(session: Session) -> bool:
    """Whether any receipt waits for what it is about."""
    return session.exec(select(EarlyReceipt.id).limit(1)).first() is not None


def take(session: Session, prefix: str) -> list[tuple[str, int]]:
    """(reference, status) of the kept receipts whose reference begins so, oldest first; they are kept no longer."""
    query = select(EarlyReceipt).where(col(EarlyReceipt.reference).startswith(prefix, autoescape=True))
    found = session.exec(query.order_by(col(EarlyReceipt.id)).limit(MOST_AT_ONCE)).all()
    taken = [(each.reference, each.status) for each in found]
    for each in found:
        session.delete(each)
    session.flush()
    return taken


def know_network_id(session: Session, account_id: int, network_id: str, reference: str, at: datetime) -> None:
    """From now on `network_id` means `reference`, also when it meant something else: networks count anew some day."""
    known = session.get(NetworkId, (account_id, network_id))
    if known is None:
        known = NetworkId(account_id=account_id, network_id=network_id, reference=reference, at=at)
    known.reference, known.at = reference, at
    session.add(known)
    session.flush()


def reference_of(session: Session, account_id: int, network_id: str) -> str | None:
    """What a network's id means, None when it is not known (yet)."""
    known = session.get(NetworkId, (account_id, network_id))
    return known.reference if known else None


def forget_old(session: Session, at: datetime) -> int:
    """Delete receipts that nobody took for a day, and ids of which no receipt can come any more; how many."""
    early = delete(EarlyReceipt).where(col(EarlyReceipt.at) < at - timedelta(days=KEPT_DAYS))
    ids = delete(NetworkId).where(col(NetworkId.at) < at - timedelta(days=NETWORK_IDS_KEPT_DAYS))
    return session.connection().execute(early).rowcount + session.connection().execute(ids).rowcount
