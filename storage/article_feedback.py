"""Whether an answer about a service was to the point: counted, and never by whom."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import case
from sqlmodel import Field, Session, SQLModel, col, func, select

from storage.columns import BigId, UtcDateTime


class ArticleFeedback(SQLModel, table=True):
    """One tap on "to the point" or "not to the point" below the answer about a service."""

    __tablename__ = "article_feedback"

    id: int | None = Field(default=None, primary_key=True, sa_type=BigId)
    slug: str
    language: str
    helpful: bool
    at: datetime = Field(sa_type=UtcDateTime)


@dataclass(frozen=True, kw_only=True)
class FeedbackCount:
    """How often the answer of an article was found to the point, and how often not."""

    slug: str
    language: str
    helpful: int
    unhelpful: int


def record(session: Session, at: datetime, *, slug: str, language: str, helpful: bool) -> None:
    """Count one answer."""
    session.add(ArticleFeedback(slug=slug, language=language, helpful=helpful, at=at))


def counts(session: Session) -> Sequence[FeedbackCount]:
    """The counts of every article and language that has any, the least helpful first."""
    helpful = func.sum(case((col(ArticleFeedback.helpful), 1), else_=0))
    unhelpful = func.sum(case((col(ArticleFeedback.helpful), 0), else_=1))
    grouped = (col(ArticleFeedback.slug), col(ArticleFeedback.language))
    query = select(*grouped, helpful, unhelpful).group_by(*grouped).order_by(unhelpful.desc(), *grouped)
    return [
        FeedbackCount(slug=slug, language=language, helpful=int(yes), unhelpful=int(no))
        for slug, language, yes, no in session.exec(query)
    ]
