"""The columns of a thing that one worker at a time tries to send, and the rules of its lease.

A worker claims, commits, and only then calls the network. Its claim has a fencing number: when the lease ran out and
somebody else took over, the late worker's result is written nowhere.
"""

import time
from datetime import datetime

from sqlmodel import Field, SQLModel

from storage.columns import UtcDateTime

LEASE_SECONDS = 20.0
SEND_TIMEOUT_SECONDS = 8.0
"""Every call to a provider ends within this time, below half the lease."""

LEAVES_WITHIN_SECONDS = LEASE_SECONDS / 2
"""A call that has not left so long after its claim does not leave: by its answer the lease would be another's."""

RETRY_KEY_HOURS = 24
"""How long LINE remembers an X-Line-Retry-Key after the first attempt."""

_BACKOFF_SECONDS = (1.0, 2.0, 5.0, 10.0, 20.0, 30.0)
"""The longest is half of the minute within which sending goes on by itself when a provider is back: it may come
back right after an attempt, and what is tried next has to wait for its pace besides."""


class Leased(SQLModel):
    """Mixed into `Message` and `Batch`."""

    not_before: datetime = Field(sa_type=UtcDateTime)
    lease_until: datetime | None = Field(default=None, sa_type=UtcDateTime)
    fence: int = 0
    attempts: int = 0
    first_attempt_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    finished_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    reason: str = ""


def steady_seconds() -> float:
    """Seconds of a clock that nobody sets and that goes on while the process is stopped; on Linux, the machine too."""
    return time.clock_gettime(steady_clock())


def steady_clock() -> int:
    """Of the clocks that nobody sets the one that counts a sleep of the machine too; only Linux has that."""
    return getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)


def backoff_seconds(attempts: int) -> float:
    """How long to wait after so many failed attempts: 1 s at first, half a minute at most.

    >>> [backoff_seconds(n) for n in (1, 2, 3, 99)]
    [1.0, 2.0, 5.0, 30.0]
    """
    return _BACKOFF_SECONDS[min(max(attempts, 1), len(_BACKOFF_SECONDS)) - 1]
