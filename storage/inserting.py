"""Inserting what may be there already: several processes may find at once that it is missing."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, Dialect, TextClause, inspect
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
    session: Session,
    model: type[SQLModel],
    values: Sequence[Mapping[str, Any]],
    *,
    unique: Sequence[str],
    common: Mapping[str, Any],
) -> None:
    """As `insert_new`, of the columns' values, and without telling what was new.

    All have the same columns, and beside them the values in `common`; the others get what the database gives them.
    """
    if not values:
        return
    if session.get_bind().dialect.name != "postgresql":
        rows = [{**each, **common} for each in values]
        session.connection().execute(_passing_over(session, model, unique, None), rows)
        return
    statement, given = inserting_many_new(
        model, values, unique=unique, common=common, dialect=session.get_bind().dialect
    )
    # The driver itself: the statement is always the same text, and these parameters need no one's processing.
    session.connection().exec_driver_sql(statement, given)


def inserting_many_new(
    model: type[SQLModel],
    values: Sequence[Mapping[str, Any]],
    *,
    unique: Sequence[str],
    common: Mapping[str, Any],
    dialect: Dialect,
) -> tuple[str, tuple[Any, ...]]:
    """`insert_many_new` of some as PostgreSQL's driver takes it; `common` may hold SQL, as the database's clock."""
    columns = tuple(values[0])
    computed = tuple((name, _sql(each)) for name, each in common.items() if isinstance(each, ColumnElement))
    given = {name: each for name, each in common.items() if not isinstance(each, ColumnElement)}
    statement = _from_arrays(model, columns, tuple(given), computed, tuple(unique), dialect)
    arrays = (array_text([each[name] for each in values]) for name in columns)
    return statement, (*given.values(), *arrays)


def array_text(values: Iterable[object]) -> str:
    r"""An array as PostgreSQL reads it in a text, for a parameter that the statement casts.

    The driver takes longer for lists than all else that a commit of thirty events needs. Elements are texts, bytes,
    whole numbers, truth values, times, spans of time and None (PostgreSQL's manual, 8.15.2 and 8.15.6).

    >>> print(array_text(['a "b"', None, b"c", 1, True]))
    {"a \"b\"",NULL,"\\x63",1,t}
    """
    return f"{{{','.join([_ELEMENT[type(each)](each) for each in values])}}}"


def _text_element(text: str) -> str:
    if "\\" in text or '"' in text:
        text = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{text}"'


_ELEMENT: dict[type, Callable[[Any], str]] = {
    str: _text_element,
    bytes: lambda found: f'"\\\\x{found.hex()}"',
    int: str,
    bool: lambda found: "t" if found else "f",
    datetime: lambda found: f'"{found.isoformat()}"',
    timedelta: lambda found: f'"{found.total_seconds():f} seconds"',
    type(None): lambda _: "NULL",
}


def _inserted(session: Session, statement: Any, values: Any) -> list[tuple[Any, ...]]:
    return [tuple(found) for found in session.connection().execute(statement, values)]


def _row_by_row(
    session: Session, model: type[SQLModel], unique: Sequence[str], where: TextClause | None
) -> Any:
    table = inspect(model).local_table
    # What is returned says which were new: with an INSERT the count of rows is not known on every driver.
    return _passing_over(session, model, unique, where).returning(*(table.c[name] for name in unique))


def _passing_over(
    session: Session, model: type[SQLModel], unique: Sequence[str], where: TextClause | None
) -> Any:
    dialect = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    insert = dialect.insert(inspect(model).local_table)
    return insert.on_conflict_do_nothing(index_elements=list(unique), index_where=where)


@cache
def _sql(computed: ColumnElement[Any]) -> str:
    return str(computed)


@cache
def _from_arrays(
    model: type[SQLModel],
    columns: tuple[str, ...],
    common: tuple[str, ...],
    computed: tuple[tuple[str, str], ...],
    unique: tuple[str, ...],
    dialect: Dialect,
) -> str:
    """One array a column: the same short text for any number of rows, which the server has planned already."""
    table = inspect(model).local_table
    types = {name: table.c[name].type.compile(dialect) for name in (*columns, *common)}
    names = ", ".join([*types, *(name for name, _ in computed)])
    arrays = ", ".join(f"%s::{types[name]}[]" for name in columns)
    of_rows = [f"rows.{name}" for name in columns]
    rows = ", ".join([*of_rows, *(f"%s::{types[name]}" for name in common), *(sql for _, sql in computed)])
    taken = ", ".join(unique)
    return (
        f"INSERT INTO {table.name} ({names}) SELECT {rows} FROM unnest({arrays}) AS rows ({', '.join(columns)}) "  # noqa: S608
        f"ON CONFLICT ({taken}) DO NOTHING"
    )
