"""Prices that somebody waits for: told when a price passes them, once or each time.

Rules are compared with a new price in the database, all at once; nobody's rule is loaded for that.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, CursorResult, Index, and_, or_, text
from sqlmodel import Field, Session, SQLModel, col, select, update

from storage.columns import BigId, UtcDateTime
from storage.price_units import Unit, level, measure

MOST_RULES = 20
"""So many one person may have."""

ANY_NEW = "new"
"""The bound of who waits for whatever price comes next."""

OPS = (">", ">=", "<", "<=", ANY_NEW)


class PriceThreshold(SQLModel, table=True):
    """`amount` is in satang of `unit`, as she said it; `level` the same as storage.price_units has it.

    `armed` until it is told; one for each time is armed again when the price is back on the other side. `fired_price`
    is the price that was told last.
    """

    __tablename__ = "price_threshold"
    __table_args__ = (
        Index(
            "price_threshold_open",
            "product",
            "measure",
            "level",
            sqlite_where=text("closed_at IS NULL"),
            postgresql_where=text("closed_at IS NULL"),
        ),
        Index("price_threshold_fired", "fired_price", "id"),
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
    armed: bool = True
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
    same = [each for each in mine if (each.product, each.op, each.level) == (product, op, level(amount, unit))]
    for known in same:
        known.once, known.armed, known.contact_id = once, True, contact_id
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
        PriceThreshold.person_id == person_id, col(PriceThreshold.closed_at).is_(None)
    )
    return list(session.exec(query.order_by(col(PriceThreshold.id))))


def close(session: Session, person_id: int, at: datetime, rule_id: int | None = None) -> int:
    """End one of a person's rules, or all of them; how many."""
    statement = update(PriceThreshold).where(
        col(PriceThreshold.person_id) == person_id, col(PriceThreshold.closed_at).is_(None)
    )
    if rule_id is not None:
        statement = statement.where(col(PriceThreshold.id) == rule_id)
    return _changed(session, statement.values(closed_at=at, armed=False))


def fire(session: Session, *, price_id: int, product: str, unit: Unit, satang: int, at: datetime) -> int:
    """Compare every rule of a product with its new price; how many it passed.

    Those are marked with the price; rules for once end, rules for each time wait until the price has come back.
    """
    now = level(satang, unit)
    here = and_(
        col(PriceThreshold.product) == product,
        col(PriceThreshold.measure) == measure(unit),
        col(PriceThreshold.closed_at).is_(None),
    )
    rules = update(PriceThreshold)
    rearmed = rules.where(here, col(PriceThreshold.armed).is_(False), ~_passed(now)).values(armed=True)
    session.connection().execute(rearmed)
    hit = and_(here, col(PriceThreshold.armed).is_(True), _passed(now))
    told = {"armed": False, "fired_at": at, "fired_price": price_id}
    ended = _changed(session, rules.where(hit, col(PriceThreshold.once).is_(True)).values(**told, closed_at=at))
    return ended + _changed(session, rules.where(hit, col(PriceThreshold.once).is_(False)).values(**told))


def bounds_passed(session: Session, price_id: int) -> list[tuple[str, int, str]]:
    """The different bounds (op, amount, unit) that a price passed: each is told in words of its own."""
    columns = (PriceThreshold.op, PriceThreshold.amount, PriceThreshold.unit)
    query = select(*columns).where(PriceThreshold.fired_price == price_id).distinct()
    return sorted(session.exec(query).all())


def _passed(now: int) -> ColumnElement[bool]:
    bound, op = col(PriceThreshold.level), col(PriceThreshold.op)
    return or_(
        and_(op == ">", bound < now),
        and_(op == ">=", bound <= now),
        and_(op == "<", bound > now),
        and_(op == "<=", bound >= now),
        op == ANY_NEW,
    )


def _changed(session: Session, statement: Any) -> int:
    result = session.connection().execute(statement)
    assert isinstance(result, CursorResult)
    return result.rowcount
