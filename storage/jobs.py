"""What has to be worked on next. The queue engine carries it; the rows of the database are the truth.

A job is only a hint: late, doubled or lost it does no harm, since whoever takes it looks at the rows first and
`storage.reconcile` finds rows whose job was lost.
"""

from dataclasses import dataclass
from enum import StrEnum

from sqlmodel import Session


class Work(StrEnum):
    """The kinds of work, each with its own reserved places in a worker."""

    HANDLE_URGENT = "handle_urgent"
    HANDLE = "handle"
    CONVERSE = "converse"
    PLAN = "plan"
    DELIVER_EMERGENCY = "deliver_emergency"
    DELIVER_ROUTINE = "deliver_routine"


@dataclass(frozen=True, kw_only=True)
class Job:
    """`key` is a sender key (handle), a contact id (converse), a broadcast id (plan) or an account id (deliver)."""

    work: Work
    key: str
    delay_seconds: float = 0.0


_JOBS = "krajai.jobs"


def announce(session: Session, *jobs: Job) -> None:
    """Hand `jobs` to the queue together with this session's commit: both happen, or neither."""
    session.info.setdefault(_JOBS, []).extend(jobs)


def announced(session: Session) -> tuple[Job, ...]:
    """The jobs announced in this session, each once, in order."""
    return tuple(dict.fromkeys(session.info.get(_JOBS, ())))
