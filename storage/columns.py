"""Column types that mean the same on SQLite and PostgreSQL."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    BindParameter,
    ColumnElement,
    DateTime,
    Dialect,
    Integer,
    String,
    bindparam,
    cast,
    column,
    func,
    literal_column,
    select,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.types import TypeDecorator, TypeEngine

BigId: TypeEngine[int] = BigInteger().with_variant(Integer, "sqlite")
"""A 64-bit key; SQLite numbers rows by itself only in a column typed INTEGER."""

Json: TypeEngine[Any] = JSON().with_variant(JSONB, "postgresql")

PlaceCode: TypeEngine[str] = String().with_variant(String(collation="C"), "postgresql")
"""A code of the register of places, compared byte by byte: audiences are ranges of codes."""


def is_one_of(state: Any, *values: str) -> ColumnElement[bool]:
    """`state` is one of these values, written into the statement as partial indexes have it.

    A value that is bound says nothing to a planner that looks for the index before it knows the value.
    """
    written: list[ColumnElement[str]] = [literal_column(f"'{value}'") for value in values]
    condition: ColumnElement[bool] = state == written[0] if len(written) == 1 else state.in_(written)
    return condition


def is_still_one_of(state: Any, *values: str) -> ColumnElement[bool]:
    """The same, of rows that are looked up by their id, as an expression that no index has.

    Once hardly any row is in a state PostgreSQL may take the index of those that are to look up one; but that index
    leads past all that ever were, as long as a snapshot is open.
    """
    return is_one_of(state.concat(literal_column("''")), *values)


def listed(dialect: str, name: str) -> Any:
    """The values of the JSON list bound to `name`, as texts, for `IN`.

    However many, they are one value of the statement, and a database keeps them at hand for the whole of it.
    """
    values: BindParameter[str] = bindparam(name, type_=String())
    if dialect == "postgresql":
        return select(func.json_array_elements_text(cast(values, JSON)).table_valued("value").c.value)
    return select(func.json_each(values).table_valued("value").c.value)


def listed_ids(dialect: str, name: str) -> Any:
    """As `listed`, of ids."""
    if dialect == "postgresql":
        values = cast(bindparam(name, type_=String()), JSON)
        found = func.json_array_elements_text(values).table_valued("value").c.value
        return select(cast(found, BigInteger))
    return listed(dialect, name)


def listed_rows(dialect: str, name: str, *names: str) -> Any:
    """The rows of texts of the JSON list of lists bound to `name`: a table to join, with columns of these names."""
    values: BindParameter[str] = bindparam(name, type_=String())
    function = (
        func.json_array_elements(cast(values, JSON)) if dialect == "postgresql" else func.json_each(values)
    )
    row = function.table_valued(column("value", JSON)).c.value
    texts = (row.op("->>")(literal_column(str(n))).cast(String) for n in range(len(names)))
    return select(*(value.label(name) for value, name in zip(texts, names, strict=True))).subquery()


class UtcDateTime(TypeDecorator[datetime]):
    """An aware time, kept in UTC. A naive one is refused, since nobody knows what it means."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"naive time {value.isoformat()}: give it a zone before storing it")
        in_utc = value.astimezone(UTC)
        return in_utc.replace(tzinfo=None) if dialect.name == "sqlite" else in_utc

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
