"""Inserting what may be there already: several processes may find at once that it is missing."""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from sqlalchemy import ARRAY, TextClause, bindparam, func, inspect, select
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
    # Given beside the statement, and not in it, the rows are put into a text that is kept from the last time.
    values = [row.model_dump(exclude={"id"}) for row in rows]
    return _inserted(session, _row_by_row(session, type(rows[0]), unique, where), values)


def insert_many_new(
    session: Session, model: type[SQLModel], values: Sequence[Mapping[str, Any]], *, unique: Sequence[str]
) -> list[tuple[Any, ...]]:
    """As `insert_new`, of the columns' values: making rows of many first takes as long as all the rest.

    All have the same columns; the others get what the database gives them.
    """
    if not values:
        return []
    if session.get_bind().dialect.name != "postgresql":
        return _inserted(session, _row_by_row(session, model, unique, None), values)
    columns = tuple(values[0])
    arrays = {name: [each[name] for each in values] for name in columns}
    return _inserted(session, _from_arrays(model, columns, tuple(unique)), arrays)


def _inserted(session: Session, statement: Any, values: Any) -> list[tuple[Any, ...]]:
    return [tuple(found) for found in session.connection().execute(statement, values)]


def _row_by_row(
    session: Session, model: type[SQLModel], unique: Sequence[str], where: TextClause | None
) -> Any:
    table = inspect(model).local_table
    dialect = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    return (
        dialect.insert(table)
        .on_conflict_do_nothing(index_elements=list(unique), index_where=where)
        # What is returned says which were new: with an INSERT the count of rows is not known on every driver.
        .returning(*(table.c[name] for name in unique))
    )


@cache
def _from_arrays(model: type[SQLModel], columns: tuple[str, ...], unique: tuple[str, ...]) -> Any:
    """One array a column: the same short text for any number of rows, which the server has planned already."""
    table = inspect(model).local_table
    arrays = (bindparam(name, type_=ARRAY(table.c[name].type)) for name in columns)
    rows = func.unnest(*arrays).table_valued(*columns).render_derived()
    return (
        postgresql.insert(table)
        .from_select(columns, select(*(rows.c[name] for name in columns)), include_defaults=False)
        .on_conflict_do_nothing(index_elements=list(unique))
        .returning(*(table.c[name] for name in unique))
    )
