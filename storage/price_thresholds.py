"""Prices that somebody waits for: told when a price passes them, once or each time.

Rules are compared with a new price in the database, all at once; nobody's rule is loaded for that.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, CursorResult, Index, Update, case, text, true
from sqlmodel import Field, Session, SQLModel, col, select, update

from storage.columns import BigId, UtcDateTime, is_one_of
from storage.price_units import Unit, level, measure

MOST_RULES = 20
"""So many one person may have."""

ANY_NEW = "new"
"""The bound of who waits for whatever price comes next."""

OPS = (">", ">=", "<", "<=", ANY_NEW)


class RuleState(StrEnum):
    ARMED = "armed"
    RESTING = "resting"
    """Told, and waiting for the price to come back before it is told again."""

    CLOSED = "closed"


_OPEN = (RuleState.ARMED.value, RuleState.RESTING.value)


class PriceThreshold(SQLModel, table=True):
    """`amount` is in satang of `unit`, as she said it; `level` the same as storage.price_units has it.

    Armed until it is told; one for each time is armed again when the price is back on the other side. `fired_price` is
    the price that was told last.
    """

    __tablename__ = "price_threshold"
    __table_args__ = (
        Index(
            "price_threshold_armed",
            "product",
            "measure",
            "op",
            "level",
            sqlite_where=text("state = 'armed'"),
            postgresql_where=text("state = 'armed'"),
        ),
        Index(
            "price_threshold_resting",
            "product",
            "measure",
            "op",
            "level",
            sqlite_where=text("state = 'resting'"),
            postgresql_where=text("state = 'resting'"),
        ),
        # Without the many that were never told: an update would move each of them within the index.
        Index(
            "price_threshold_fired",
            "fired_price",
            "id",
            sqlite_where=text("fired_price IS NOT NULL"),
            postgresql_where=text("fired_price IS NOT NULL"),
        ),
        Index("price_threshold_person", "person_id"),
    )

    id: int | None = Field(default=None, primary_key=True, sa_type=BigId)
    person_id: int = Field(foreign_key="person.id", sa_type=BigId)
    contact_id: int = Field(foreign_key="contact.id", sa_type=BigId)
    product: str
    op: str
    amount: int = Field(sa_type=BigId)
    unit: str
    measure: str
    level: int = Field(sa_type=BigId)
    once: bool
    state: str = RuleState.ARMED
    since: datetime = Field(sa_type=UtcDateTime)
    fired_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    fired_price: int | None = Field(default=None, sa_type=BigId)
    closed_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


def wait_for(
    session: Session,
    *,
    person_id: int,
    contact_id: int,
    product: str,
    op: str,
    amount: int,
    unit: Unit,
    once: bool,
    at: datetime,
) -> bool:
    """Set a rule; the same one twice is one, its latest wish for how often holds. False when she has too many."""
    mine = rules_of(session, person_id)
    same = [
        each for each in mine if (each.product, each.op, each.level) == (product, op, level(amount, unit))
    ]
    for known in same:
        known.once, known.state, known.contact_id = once, RuleState.ARMED, contact_id
        session.add(known)
    if same or len(mine) >= MOST_RULES:
        return bool(same)
    session.add(
        PriceThreshold(
            person_id=person_id,
            contact_id=contact_id,
            product=product,
            op=op,
            amount=amount,
            unit=unit.value,
            measure=measure(unit),
            level=level(amount, unit),
            once=once,
            since=at,
        )
    )
    session.flush()
    return True


def rules_of(session: Session, person_id: int) -> list[PriceThreshold]:
    """A person's open rules, the oldest first."""
    query = select(PriceThreshold).where(
        PriceThreshold.person_id == person_id, col(PriceThreshold.state).in_(_OPEN)
    )
    return list(session.exec(query.order_by(col(PriceThreshold.id))))


def close(
    session: Session,
    person_id: int,
    at: datetime,
    rule_id: int | None = None,
    *,
    of: Sequence[str] = (),
) -> int:
    """End one of a person's rules, those `of` some products, or all of them; how many."""
    statement = update(PriceThreshold).where(
        col(PriceThreshold.person_id) == person_id, col(PriceThreshold.state).in_(_OPEN)
    )
    if rule_id is not None:
        statement = statement.where(col(PriceThreshold.id) == rule_id)
    if of:
        statement = statement.where(col(PriceThreshold.product).in_(of))
    return _changed(session, statement.values(closed_at=at, state=RuleState.CLOSED.value))


def fire(session: Session, *, price_id: int, product: str, unit: Unit, satang: int, at: datetime) -> int:
    """Compare every rule of a product with its new price; how many it passed.

    Those are marked with the price; rules for once end, rules for each time wait until the price has come back.
    """
    now = level(satang, unit)
    for op, passes in _PASSES.items():
        of_op = _rules(product, measure(unit), op, RuleState.RESTING).where(~passes(now))
        session.connection().execute(of_op.values(state=RuleState.ARMED.value))
    told = 0
    for op, passes in _PASSES.items():
        rules = _rules(product, measure(unit), op, RuleState.ARMED).where(passes(now))
        once = col(PriceThreshold.once).is_(True)
        told += _changed(
            session,
            rules.values(
                state=case((once, RuleState.CLOSED.value), else_=RuleState.RESTING.value),
                closed_at=case((once, at), else_=None),
                fired_at=at,
                fired_price=price_id,
            ),
        )
    return told


def bounds_passed(session: Session, price_id: int) -> list[tuple[str, int, str]]:
    """The different bounds (op, amount, unit) that a price passed: each is told in words of its own."""
    columns = (PriceThreshold.op, PriceThreshold.amount, PriceThreshold.unit)
    query = select(*columns).where(PriceThreshold.fired_price == price_id).distinct()
    return sorted(session.exec(query).all())


_LEVEL = col(PriceThreshold.level)
_PASSES: Mapping[str, Callable[[int], ColumnElement[bool]]] = {
    ">": lambda now: now > _LEVEL,
    ">=": lambda now: now >= _LEVEL,
    "<": lambda now: now < _LEVEL,
    "<=": lambda now: now <= _LEVEL,
    ANY_NEW: lambda _: true(),
}
"""What a bound's level must be for a price to have passed it: one range of the index for each kind of bound."""


def _rules(product: str, what: str, op: str, state: RuleState) -> Update:
    return update(PriceThreshold).where(
        col(PriceThreshold.product) == product,
        col(PriceThreshold.measure) == what,
        col(PriceThreshold.op) == op,
        is_one_of(col(PriceThreshold.state), state),
    )


def _changed(session: Session, statement: Any) -> int:
    result = session.connection().execute(statement)
    assert isinstance(result, CursorResult)
    return result.rowcount
