"""Pieces of long SMS from a network that brings them one by one, until they are whole.

In the database: a piece whose arrival the network was told outlives us, and pieces may come to any process.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import groupby

from sqlalchemy import LargeBinary, delete
from sqlmodel import Field, Session, SQLModel, col, select
from sqlmodel.sql.expression import SelectOfScalar

from storage.columns import UtcDateTime

WAITS = timedelta(minutes=5)
MOST_AT_ONCE = 1000


class SmsPiece(SQLModel, table=True):
    """Piece `number` of `total`; `reference` is the phone's own, so the sender belongs to the key."""

    __tablename__ = "sms_piece"

    account_id: int = Field(primary_key=True, foreign_key="account.id")
    sender: str = Field(primary_key=True)
    recipient: str = Field(primary_key=True)
    reference: int = Field(primary_key=True)
    total: int = Field(primary_key=True)
    number: int = Field(primary_key=True)
    data_coding: int
    message: bytes = Field(sa_type=LargeBinary)
    at: datetime = Field(sa_type=UtcDateTime)

    @property
    def whole(self) -> tuple[str, str, int, int]:
        """What the piece is a piece of."""
        return self.sender, self.recipient, self.reference, self.total


def keep(session: Session, piece: SmsPiece) -> list[SmsPiece]:
    """Keep a piece; when it was the last that was missing, all of them in order, which are kept no longer.

    Two last ones that come to two processes at the same moment do not see each other: they are overdue five minutes on.
    """
    session.merge(piece)
    session.flush()
    together = list(
        session.exec(
            _of_account(piece.account_id)
            .where(
                SmsPiece.sender == piece.sender,
                SmsPiece.recipient == piece.recipient,
                SmsPiece.reference == piece.reference,
                SmsPiece.total == piece.total,
            )
            .with_for_update()
        )
    )
    if len(together) < piece.total:
        return []
    _forget(session, together)
    return together


def take_overdue(session: Session, account_id: int, at: datetime) -> list[list[SmsPiece]]:
    """What has waited too long, each unfinished message's pieces in order; they are kept no longer."""
    old = _of_account(account_id).where(col(SmsPiece.at) <= at - WAITS).limit(MOST_AT_ONCE)
    found = [
        list(pieces)
        for _, pieces in groupby(session.exec(old.with_for_update()), key=lambda each: each.whole)
    ]
    for pieces in found:
        _forget(session, pieces)
    return found


def _of_account(account_id: int) -> SelectOfScalar[SmsPiece]:
    key = (SmsPiece.sender, SmsPiece.recipient, SmsPiece.reference, SmsPiece.total, SmsPiece.number)
    return select(SmsPiece).where(SmsPiece.account_id == account_id).order_by(*map(col, key))


def _forget(session: Session, pieces: Sequence[SmsPiece]) -> None:
    first = pieces[0]
    session.connection().execute(
        delete(SmsPiece).where(
            col(SmsPiece.account_id) == first.account_id,
            col(SmsPiece.sender) == first.sender,
            col(SmsPiece.recipient) == first.recipient,
            col(SmsPiece.reference) == first.reference,
            col(SmsPiece.total) == first.total,
        )
    )
    for piece in pieces:
        session.expunge(piece)
