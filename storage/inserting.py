"""Inserting what may be there already: several processes may find at once that it is missing."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import TextClause, inspect
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session, SQLModel


def insert_new(
    session: Session,
    rows: Sequence[SQLModel],
    *,
    unique: Sequence[str],
    where: TextClause | None = None,
) -> list[tuple[Any, ...]]:
    """Insert rows of one table in order, passing over those whose `unique` columns are taken.

    `where` is the condition of a partial unique index. Returns the values of the `unique` columns of what was new. A
    transaction that is inserting the same is waited for. The ids are given by the database.
    """
    if not rows:
        return []
    table = inspect(type(rows[0])).local_table
    dialect = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    statement = (
        dialect.insert(table)
        .on_conflict_do_nothing(index_elements=list(unique), index_where=where)
        # What is returned says which were new: with an INSERT the count of rows is not known on every driver.
        .returning(*(table.c[name] for name in unique))
    )
    # Given beside the statement, and not in it, the rows are put into a text that is kept from the last time.
    values = [row.model_dump(exclude={"id"}) for row in rows]
    return [tuple(found) for found in session.connection().execute(statement, values)]
