"""Joining amid a release: whoever subscribes is in its audience, or sees in her answer what it released.

The audience is what was subscribed at `released_at`. On PostgreSQL both may be under way at once, and neither sees of
the other what is not committed. So they come one after the other: those who subscribe share a lock to their commit, and
a release waits for them, and then has it alone, only from when its time is fixed to its commit. Each reads the clock
under the lock. On SQLite whoever writes is alone, and it is enough to read the clock then.
"""

from datetime import datetime, timedelta

from sqlalchemy import TextClause, text
from sqlmodel import Session

from storage.database import clock_of

_KEY = 0x6A6F696E

_AGO = timedelta(minutes=10)
"""An act began so long ago at most. What is entered of a longer past, as an import does, keeps the time it names."""

_SHARED = text("SELECT pg_advisory_xact_lock_shared(:key)")
_ALONE = text("SELECT pg_advisory_xact_lock(:key)")


def joined_at(session: Session, at: datetime) -> datetime:
    """The time of a subscription that is asked for since `at`. What is live is to be read after this.

    To be asked for late in a transaction: a release waits for it to end.
    """
    return _in_turn(session, at, _SHARED)


def released_at(session: Session, at: datetime) -> datetime:
    """The time of a release that began at `at`: all that was subscribed until then is committed.

    To be asked for late in a transaction: whoever would subscribe waits for it to end. A process that was frozen amid
    a subscription is let go of by PostgreSQL after `storage.database.IDLE_IN_TRANSACTION_MILLISECONDS`.
    """
    return _in_turn(session, at, _ALONE)


def _in_turn(session: Session, at: datetime, lock: TextClause) -> datetime:
    connection = session.connection()
    if connection.dialect.name == "postgresql":
        connection.execute(lock, {"key": _KEY})
    now = clock_of(session) or at
    return now if at < now < at + _AGO else at
