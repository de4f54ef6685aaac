"""How a source is after a visit: its state, the rest its hosts are given, and the alarm when it has become bad."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlmodel import Session

from broadcasts.sources import Answer, Source, newest
from storage import sources
from storage.schedule import RunOutcome
from storage.sources import BAD, SourceAnswer, SourceHost, SourceState, SourceStatus

log = structlog.get_logger()

FAILURES_BEFORE_REST = 3
FIRST_REST = timedelta(minutes=5)
LONGEST_REST = timedelta(hours=2)


Alarm = Callable[[Source[Any], SourceState, SourceStatus, str, Sequence[str]], None]
"""Is told the source, its state until now, what it comes into and why, and what of that nobody was told of before
whatever the state; whether the state is news is for it to decide."""


@dataclass(frozen=True, kw_only=True)
class Visited:
    """What came of a visit."""

    outcome: RunOutcome
    result: str


@dataclass(kw_only=True)
class Findings:
    """What a visit has gathered so far."""

    answers: list[Answer[Any]] = field(default_factory=list)
    known: list[SourceAnswer] = field(default_factory=list)
    unchanged: int = 0
    failing: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    news: Sequence[str] = ()
    hosts: dict[str, SourceHost] = field(default_factory=dict)

    @property
    def faults(self) -> list[str]:
        return self.wrong + self.failing

    @property
    def some_good(self) -> bool:
        return bool(self.answers) or self.unchanged > 0


def conclude(
    session: Session, source: Source[Any], found: Findings, at: datetime, summary: str, alarm: Alarm
) -> Visited:
    """Write down how the source is, and raise the alarm when that has become bad."""
    for host in found.hosts.values():
        session.merge(host)
    for answer in found.known:
        session.merge(answer)
    state = sources.source_state(session, source.name, at)
    data_at = newest([state.data_at, *(_dated(source, answer) for answer in found.answers)])
    status = _status(source, found, data_at, at)
    error = _error(source, status, found, data_at)
    alarm(source, state, status, error, found.news)
    if status != state.status:
        state.status, state.since = status, at
    state.tried_at, state.error, state.data_at = at, error, data_at
    state.good_at = at if found.some_good else state.good_at
    state.failures = state.failures + 1 if found.faults else 0
    result = summary or ("nothing new" if found.some_good else "")
    state.result = result or state.result
    session.merge(state)
    failed = bool(found.faults) and not found.some_good
    return Visited(
        outcome=RunOutcome.FAILED if failed else RunOutcome.DONE,
        result="; ".join(filter(None, (result, error))),
    )


def count_failure(host: SourceHost, at: datetime) -> None:
    """One more failure in a row; from the third on the host is given a rest, each time twice as long."""
    host.failures += 1
    if host.failures >= FAILURES_BEFORE_REST:
        rest: timedelta = FIRST_REST * 2 ** min(host.failures - FAILURES_BEFORE_REST, 10)
        host.rests_until = at + min(rest, LONGEST_REST)


def _dated(source: Source[Any], answer: Answer[Any]) -> datetime | None:
    return source.dated(answer.value) if answer.request.read is None else None


def _status(source: Source[Any], found: Findings, data_at: datetime | None, at: datetime) -> SourceStatus:
    if found.faults:
        if found.some_good:
            return SourceStatus.PARTLY
        return SourceStatus.WRONG if found.wrong else SourceStatus.FAILING
    if source.stale_after is not None and data_at is not None and at - data_at > source.stale_after:
        return SourceStatus.STALE
    return SourceStatus.FINE


def _error(source: Source[Any], status: SourceStatus, found: Findings, data_at: datetime | None) -> str:
    if status is SourceStatus.STALE and data_at is not None and source.stale_after is not None:
        hours = source.stale_after.total_seconds() / 3600
        return f"its newest data are of {data_at:%Y-%m-%d %H:%M} UTC, more than {hours:g} hours ago"
    if not found.faults:
        return ""
    more = f" (and {len(found.faults) - 1} more)" if len(found.faults) > 1 else ""
    return f"{found.faults[0]}{more}"


def log_change(
    source: Source[Any], state: SourceState, status: SourceStatus, error: str, news: Sequence[str]
) -> None:
    """The alarm in the log: once when it becomes bad, or bad in another way; once when it is fine again.

    A refused warning is told once, also while the source is bad for another reason.
    """
    changed = status in BAD and status != state.status
    for reason in ([error] if changed else []) + [each for each in news if not changed or each not in error]:
        log.error("source is bad", source=source.name, status=status.value, reason=reason)
    if status is SourceStatus.FINE and state.status in BAD:
        log.info("source is fine again", source=source.name)


def no_alarm(
    _source: Source[Any], _state: SourceState, _status: SourceStatus, _error: str, _news: Sequence[str]
) -> None:
    """For a replay, whose sources fail in the past."""
