"""Who gets a text message since LINE cannot reach her: one row a person and broadcast, also where it was too dear."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Index, case, func
from sqlmodel import Field, Session, SQLModel, col, select

from storage.columns import BigId, UtcDateTime

DAY = timedelta(hours=24)


class TextInstead(SQLModel, table=True):
    """`broadcast_id` is what she missed, `contact_id` where, `phone_id` the contact of her telephone.

    `sent_in` is the broadcast that tells her by text message, None where the cap left nothing for her.
    """

    __tablename__ = "text_instead"
    __table_args__ = (Index("text_instead_at", "at"),)

    broadcast_id: int = Field(primary_key=True, foreign_key="broadcast.id")
    person_id: int = Field(primary_key=True, sa_type=BigId)
    contact_id: int = Field(sa_type=BigId)
    phone_id: int = Field(sa_type=BigId)
    sent_in: int | None = Field(default=None, foreign_key="broadcast.id")
    why: str
    segments: int = 0
    satang: int = 0
    at: datetime = Field(sa_type=UtcDateTime)


@dataclass(frozen=True, kw_only=True)
class Spent:
    """`texts` were sent for `satang` in all, in `segments`; for `over_cap` people nothing was left."""

    texts: int
    segments: int
    satang: int
    over_cap: int


def spent_on(session: Session, broadcast_id: int) -> Spent:
    """What the text messages of one broadcast cost."""
    return _spent(session, col(TextInstead.broadcast_id) == broadcast_id)


def spent_since(session: Session, at: datetime) -> Spent:
    """What all of them cost from `at` on."""
    return _spent(session, col(TextInstead.at) > at)


def known(session: Session, broadcast_id: int) -> set[int]:
    """Persons of whom it was decided."""
    return set(session.exec(select(TextInstead.person_id).where(TextInstead.broadcast_id == broadcast_id)))


def contacts_told(session: Session, broadcast_ids: Collection[int]) -> set[int]:
    """Contacts that were not reached and whose persons were told by a text message instead."""
    query = select(TextInstead.contact_id).where(
        col(TextInstead.broadcast_id).in_(broadcast_ids), col(TextInstead.sent_in).is_not(None)
    )
    return set(session.exec(query))


def broadcasts_instead(session: Session, broadcast_id: int) -> list[int]:
    """The broadcasts in which they went out."""
    query = select(TextInstead.sent_in).where(
        TextInstead.broadcast_id == broadcast_id, col(TextInstead.sent_in).is_not(None)
    )
    return sorted({found for found in session.exec(query) if found is not None})


def keep(session: Session, rows: Sequence[TextInstead]) -> None:
    """Write down what was decided, in the transaction that releases it."""
    session.add_all(rows)
    session.flush()


def _spent(session: Session, which: object) -> Spent:
    sent = col(TextInstead.sent_in).is_not(None)
    query = select(
        func.count(),
        func.coalesce(func.sum(case((sent, 1), else_=0)), 0),
        func.coalesce(func.sum(TextInstead.segments), 0),
        func.coalesce(func.sum(TextInstead.satang), 0),
    ).where(which)  # type: ignore[arg-type]
    people, texts, segments, satang = session.exec(query).one()
    return Spent(texts=int(texts), segments=int(segments), satang=int(satang), over_cap=people - int(texts))
