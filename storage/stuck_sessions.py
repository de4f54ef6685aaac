"""Sessions of PostgreSQL whose process was frozen while it read an answer, and which hold the rows of others meanwhile.

A process that is stopped for a while (a debugger, a machine that is moved) reads nothing. Where the answer is larger
than what the socket takes, the server waits for it without end, in the middle of a transaction: neither
`idle_in_transaction_session_timeout` nor `statement_timeout` ends that wait, and what was claimed is passed over by all
others. `pg_terminate_backend` does end it (https://www.postgresql.org/docs/current/functions-admin.html).
"""

from sqlalchemy import text
from sqlmodel import Session

from storage.database import APPLICATION_NAME
from storage.leases import LEASE_SECONDS

_END = text(
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() "
    "AND usename = current_user AND application_name = :name AND pid <> pg_backend_pid() "
    "AND state = 'active' AND wait_event = 'ClientWrite' AND (backend_xid IS NOT NULL OR EXISTS ("
    "SELECT FROM pg_locks WHERE pg_locks.pid = pg_stat_activity.pid AND locktype = 'advisory')) "
    "AND query_start < clock_timestamp() - make_interval(secs => :seconds)"
)


def end_stuck_sessions(session: Session, after_seconds: float = LEASE_SECONDS) -> int:
    """End those of ours to whom nobody has listened for so long; how many. They find a lost connection, and go on."""
    found = session.connection().execute(_END, {"name": APPLICATION_NAME, "seconds": after_seconds})
    return sum(bool(ended) for ended in found.scalars())
