"""Numbers of cases that are never given: they may have been told to citizens whose cases a restore has lost."""

from sqlalchemy import text
from sqlmodel import Session

LOST_BY_A_RESTORE = 10_000
"""So many numbers a restore leaves out; more cases than that are not opened between two backups."""

_HIGHEST = text('SELECT coalesce(max(id), 0) FROM "case"')
_LEFT_OUT = text("SELECT seq FROM sqlite_sequence WHERE name = 'case'")
_SEQUENCE = "pg_get_serial_sequence('\"case\"', 'id')::regclass"


def leave_out(session: Session, many: int) -> int:
    """Give none of the next `many` numbers; the last of these."""
    connection = session.connection()
    if connection.dialect.name != "sqlite":
        moved = text(f"SELECT setval({_SEQUENCE}, nextval({_SEQUENCE}) - 1 + :many)")
        return int(connection.execute(moved, {"many": many}).scalar_one())
    last = _last(session) + many
    # SQLite keeps such counters here for AUTOINCREMENT, which this table has not; they may be written by hand
    # (https://www.sqlite.org/autoinc.html).
    connection.execute(text("DELETE FROM sqlite_sequence WHERE name = 'case'"))
    connection.execute(text("INSERT INTO sqlite_sequence (name, seq) VALUES ('case', :last)"), {"last": last})
    return last


def next_id(session: Session) -> int | None:
    """The id of a new case; None where the database finds it."""
    return _last(session) + 1 if session.get_bind().dialect.name == "sqlite" else None


def _last(session: Session) -> int:
    connection = session.connection()
    left_out = connection.execute(_LEFT_OUT).scalar_one_or_none()
    return max(left_out or 0, int(connection.execute(_HIGHEST).scalar_one()))
