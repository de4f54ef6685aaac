"""What is known of outside sources: their state, what they answered last, which hosts are given a rest."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import CursorResult, delete
from sqlmodel import Field, Session, SQLModel, col, select

from storage.columns import UtcDateTime

ANSWERS_KEPT_DAYS = 60


class SourceStatus(StrEnum):
    """How a source is. The last four are bad: an alarm is raised when a source comes into one of them."""

    NEW = "new"
    FINE = "fine"
    FAILING = "failing"
    """It cannot be had: no answer, an error, a refused address, too large."""

    WRONG = "wrong"
    """It answers, but not with what it used to: nothing of that is kept."""

    PARTLY = "partly"
    """Some of what was asked for failed or was wrong; the rest is kept."""

    STALE = "stale"
    """It answers with old data."""


BAD = frozenset({SourceStatus.FAILING, SourceStatus.WRONG, SourceStatus.PARTLY, SourceStatus.STALE})


class SourceState(SQLModel, table=True):
    """One source. `since` is when it came into its status, `data_at` how new its newest data are."""

    __tablename__ = "source_state"

    name: str = Field(primary_key=True)
    status: str = SourceStatus.NEW
    since: datetime = Field(sa_type=UtcDateTime)
    tried_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    good_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    data_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    error: str = ""
    failures: int = 0
    result: str = ""


class SourceAnswer(SQLModel, table=True):
    """The last answer to one request that was stored, for asking only for newer ones. `digest` is of its bytes."""

    __tablename__ = "source_answer"

    source: str = Field(primary_key=True)
    request: str = Field(primary_key=True)
    etag: str = ""
    last_modified: str = ""
    digest: str = ""
    at: datetime = Field(sa_type=UtcDateTime, index=True)


class SourceHost(SQLModel, table=True):
    """The circuit breaker of one host: after failures in a row it is not asked until `rests_until`."""

    __tablename__ = "source_host"

    host: str = Field(primary_key=True)
    failures: int = 0
    rests_until: datetime | None = Field(default=None, sa_type=UtcDateTime)


def source_state(session: Session, name: str, at: datetime) -> SourceState:
    """The state of a source; a new one since `at` when it was never visited."""
    found = session.get(SourceState, name, populate_existing=True)
    return found or SourceState(name=name, since=at)


def source_states(session: Session) -> list[SourceState]:
    """The sources that were ever visited, by name; `data_at` (else `good_at`) tells how old their data are."""
    return list(session.exec(select(SourceState).order_by(col(SourceState.name))))


def answers(session: Session, source: str, requests: Sequence[str]) -> dict[str, SourceAnswer]:
    """What is known of the answers to these requests."""
    query = select(SourceAnswer).where(
        SourceAnswer.source == source, col(SourceAnswer.request).in_(list(requests))
    )
    return {found.request: found for found in session.exec(query)}


def host(session: Session, name: str) -> SourceHost:
    """The breaker of a host."""
    return session.get(SourceHost, name, populate_existing=True) or SourceHost(host=name)


def forget_old(session: Session, at: datetime) -> int:
    """Delete what is known of answers to requests that were not asked again for long; how many."""
    old = col(SourceAnswer.at) < at - timedelta(days=ANSWERS_KEPT_DAYS)
    result = session.connection().execute(delete(SourceAnswer).where(old))
    assert isinstance(result, CursorResult)
    return result.rowcount
