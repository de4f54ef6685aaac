"""How a database means to find the rows of the statements that a piece of code runs."""

from collections.abc import Callable
from typing import Any

from sqlalchemy import Connection, event
from sqlmodel import Session

from storage.database import Database


def plans_of(database: Database, act: Callable[[Session], object]) -> str:
    """The plans of all queries that `act` makes, as the database prints them. What `act` changes is undone.

    PostgreSQL is asked not to read whole tables, since it rightly does so with the small ones of a test.
    """
    statements: list[tuple[str, Any]] = []

    def seen(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        if statement.startswith(("SELECT", "UPDATE", "DELETE")) and "clock_timestamp" not in statement:
            statements.append((statement, parameters))

    with database.write() as session:
        event.listen(database.engine, "before_cursor_execute", seen)
        try:
            act(session)
        finally:
            event.remove(database.engine, "before_cursor_execute", seen)
        session.rollback()
    assert statements
    with database.engine.connect() as connection:
        return "\n".join(_plan(database, connection, *each) for each in statements)


def _plan(database: Database, connection: Connection, statement: str, parameters: Any) -> str:
    if database.is_sqlite:
        rows = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
        return "\n".join(str(row[3]) for row in rows)
    for way in ("seqscan", "hashjoin", "mergejoin"):
        connection.exec_driver_sql(f"SET LOCAL enable_{way} TO off")
    return "\n".join(str(row[0]) for row in connection.exec_driver_sql(f"EXPLAIN {statement}", parameters))
