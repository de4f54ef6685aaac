"""Cries for help and "I am safe": rows that the officers' board reads."""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum

from sqlalchemy import Index, func
from sqlmodel import Field, Session, SQLModel, col, select

from storage.cases_privacy import privacy
from storage.columns import BigId, UtcDateTime
from storage.lifecycles import ContactState
from storage.people import Account, Contact


class SafetyAnswer(StrEnum):
    SAFE = "safe"
    NEED_HELP = "need_help"


class SafetyReport(SQLModel, table=True):
    """What somebody said of her safety, with her words and the place known at that moment. The newest one counts.

    `state` is new until an officer takes it; `withdrawn` when she says it was a mistake. `words` are private: store
    them with `keep_report`, read them with `words_of`.
    """

    __tablename__ = "safety_report"
    __table_args__ = (
        Index("safety_report_contact", "contact_id", "id"),
        Index("safety_report_person", "person_id"),
        Index("safety_report_at", "at"),
    )

    id: int | None = Field(default=None, primary_key=True, sa_type=BigId)
    contact_id: int = Field(foreign_key="contact.id", sa_type=BigId)
    person_id: int = Field(foreign_key="person.id", sa_type=BigId)
    broadcast_id: int | None = Field(default=None, foreign_key="broadcast.id")
    answer: str
    words: str = ""
    place: str | None = None
    latitude: float | None = None
    longitude: float | None = None
    state: str = "new"
    at: datetime = Field(sa_type=UtcDateTime)

    @property
    def number(self) -> int:
        assert self.id is not None
        return self.id


def keep_report(session: Session, report: SafetyReport) -> SafetyReport:
    """Store a new report, its words concealed."""
    report.words = privacy(session).conceal(report.words)
    session.add(report)
    session.flush()
    return report


def words_of(session: Session, report: SafetyReport) -> str:
    """What she wrote. Raises SealBroken where they were sealed with another key."""
    return privacy(session).reveal(report.words)


def cries_since(session: Session, contact_id: int, since: datetime) -> list[SafetyReport]:
    """What the contact said in need of help since then, the oldest first; mistakes are left out."""
    query = select(SafetyReport).where(
        SafetyReport.contact_id == contact_id,
        SafetyReport.answer == SafetyAnswer.NEED_HELP.value,
        SafetyReport.at >= since,
        SafetyReport.state != "withdrawn",
    )
    return list(session.exec(query.order_by(col(SafetyReport.id))))


def last_words(session: Session, contact_ids: Sequence[int]) -> dict[int, str]:
    """The words of each contact's last report that has some."""
    newest = (
        select(func.max(SafetyReport.id))
        .where(col(SafetyReport.contact_id).in_(contact_ids), SafetyReport.words != "")
        .group_by(col(SafetyReport.contact_id))
    )
    found = session.exec(select(SafetyReport).where(col(SafetyReport.id).in_(newest)))
    return {each.contact_id: words_of(session, each) for each in found}


def phone_of(session: Session, contact_id: int) -> str:
    """The number she writes from, where she writes text messages; '' elsewhere: chats tell no number."""
    query = (
        select(Contact.address)
        .join(Account, col(Account.id) == col(Contact.account_id))
        .where(Contact.id == contact_id, Account.channel == "sms", Contact.state == ContactState.ACTIVE.value)
    )
    return session.exec(query).first() or ""


def answers_to(session: Session, broadcast_id: int) -> dict[str, int]:
    """How many said last that they are safe, and that they need help, when this broadcast was the warning they had."""
    found = _newest(session, broadcast_id=broadcast_id)
    return {
        answer.value: sum(count for (_, said), count in found.items() if said == answer)
        for answer in SafetyAnswer
    }


def safe_by_district(session: Session, since: datetime) -> dict[str, int]:
    """How many said since then, as their last word, that they are safe; '' is where nobody knows the place."""
    found = _newest(session, since=since)
    return {district: count for (district, said), count in found.items() if said == SafetyAnswer.SAFE}


def _newest(
    session: Session, *, broadcast_id: int | None = None, since: datetime | None = None
) -> dict[tuple[str, str], int]:
    """Contacts by (district, answer) of the last report of each."""
    newest = select(func.max(SafetyReport.id)).group_by(col(SafetyReport.contact_id))
    if broadcast_id is not None:
        newest = newest.where(SafetyReport.broadcast_id == broadcast_id)
    if since is not None:
        newest = newest.where(SafetyReport.at >= since)
    district = func.coalesce(func.substr(col(SafetyReport.place), 1, 4), "")
    query = (
        select(district, SafetyReport.answer, func.count())
        .where(col(SafetyReport.id).in_(newest), SafetyReport.state != "withdrawn")
        .group_by(district, col(SafetyReport.answer))
    )
    return {(place, answer): count for place, answer, count in session.exec(query)}


def open_cry(session: Session, contact_id: int) -> SafetyReport | None:
    """The contact's latest report when it is a cry for help that was not withdrawn."""
    query = (
        select(SafetyReport)
        .where(SafetyReport.contact_id == contact_id)
        .order_by(col(SafetyReport.id).desc())
    )
    latest = session.exec(query.limit(1)).first()
    return (
        latest if latest and latest.answer == SafetyAnswer.NEED_HELP and latest.state != "withdrawn" else None
    )
