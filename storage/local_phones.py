"""The network of the `local` channel: simulated phones and what arrived on them.

It stands for what lies outside (LINE, Telegram, an SMSC), so the product never reads it to decide anything.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Index
from sqlmodel import Field, Session, SQLModel, col, select

from storage.columns import BigId, Json, UtcDateTime
from storage.inserting import insert_new

FROM_KRAJAI = "krajai"
FROM_CITIZEN = "citizen"


class LocalPhone(SQLModel, table=True):
    """A simulated citizen's phone."""

    __tablename__ = "local_phone"

    address: str = Field(primary_key=True)
    name: str
    blocked: bool = False
    created_at: datetime = Field(sa_type=UtcDateTime)


class LocalRequest(SQLModel, table=True):
    """One accepted request. Asked again with the same key, the network says that it was accepted before."""

    __tablename__ = "local_request"

    key: str = Field(primary_key=True)
    body: list[dict[str, Any]] = Field(sa_type=Json)
    at: datetime = Field(sa_type=UtcDateTime)


class LocalMessage(SQLModel, table=True):
    """One thing on a phone's screen: what a request brought, or what the citizen said herself."""

    __tablename__ = "local_message"
    # An id is never given twice, also when the newest rows were erased: a phone asks for what came after one.
    __table_args__ = (Index("local_message_phone", "address", "id"), {"sqlite_autoincrement": True})

    id: int | None = Field(default=None, primary_key=True, sa_type=BigId)
    address: str
    origin: str
    request_key: str = Field(foreign_key="local_request.key")
    at: datetime = Field(sa_type=UtcDateTime)


def phones(session: Session) -> list[LocalPhone]:
    """All phones by address."""
    return list(session.exec(select(LocalPhone).order_by(col(LocalPhone.address))))


def deliver(
    session: Session,
    key: str,
    addresses: Sequence[str],
    body: list[dict[str, Any]],
    at: datetime,
    *,
    origin: str = FROM_KRAJAI,
) -> bool:
    """Put `body` on the screens of `addresses`; False when that key was accepted before."""
    if not insert_new(session, [LocalRequest(key=key, body=body, at=at)], unique=("key",)):
        return False
    rows = [{"address": address, "origin": origin, "request_key": key, "at": at} for address in addresses]
    if rows:
        session.connection().execute(LocalMessage.__table__.insert(), rows)  # type: ignore[attr-defined]
    return True


def latest_from_krajai(
    session: Session, address: str, most: int
) -> list[tuple[LocalMessage, list[dict[str, Any]]]]:
    """What Krajai said last to a phone, newest first, each with its body."""
    query = (
        select(LocalMessage, col(LocalRequest.body))
        .join(LocalRequest, col(LocalRequest.key) == col(LocalMessage.request_key))
        .where(LocalMessage.address == address, LocalMessage.origin == FROM_KRAJAI)
        .order_by(col(LocalMessage.id).desc())
        .limit(most)
    )
    return list(session.exec(query))


def messages_after(
    session: Session, addresses: Sequence[str], after: int, most: int = 200
) -> list[tuple[LocalMessage, list[dict[str, Any]]]]:
    """What came onto these phones after message `after`, oldest first, each with its body."""
    query = (
        select(LocalMessage, col(LocalRequest.body))
        .join(LocalRequest, col(LocalRequest.key) == col(LocalMessage.request_key))
        .where(col(LocalMessage.address).in_(addresses), col(LocalMessage.id) > after)
        .order_by(col(LocalMessage.id))
        .limit(most)
    )
    return list(session.exec(query))
