"""Prices of farm products: one row a series and day, whoever tells it how often.

A series is what one source says of one product, in one grade, on one market. A new price far from what the series said
last week is held until a person has looked at it; held and refused ones are never said.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from statistics import median

from sqlalchemy import Date, Index, UniqueConstraint, text
from sqlmodel import Field, Session, SQLModel, col, select

from storage.audit import record
from storage.columns import BigId, UtcDateTime
from storage.price_catalogue import products
from storage.price_units import Unit, level, measure

OUTLIER_PERCENT = 25
"""So far from the median of the week before a price may be without being held."""

WEEK_DAYS = 7
MEMORY_DAYS = 60
"""Where the last week has no price, the last ones of so many days are the measure."""

_FEW = 5


class PriceState(StrEnum):
    FINE = "fine"
    HELD = "held"
    ACCEPTED = "accepted"
    """Held once, and said since a person accepted it."""

    REFUSED = "refused"


SAID = (PriceState.FINE.value, PriceState.ACCEPTED.value)


class Price(SQLModel, table=True):
    """`low`, `high` and `average` are in satang of `unit`; `level` is the average as storage.price_units has it.

    `watched_at` is when thresholds were compared with it; `why` says why it is held.
    """

    __tablename__ = "price"
    __table_args__ = (
        UniqueConstraint("source", "product", "grade", "market", "price_on", name="price_once"),
        Index("price_product", "product", "price_on"),
        Index(
            "price_unwatched",
            "product",
            sqlite_where=text("watched_at IS NULL"),
            postgresql_where=text("watched_at IS NULL"),
        ),
        Index(
            "price_held",
            "id",
            sqlite_where=text("state = 'held'"),
            postgresql_where=text("state = 'held'"),
        ),
    )

    id: int | None = Field(default=None, primary_key=True, sa_type=BigId)
    source: str
    product: str
    grade: str = ""
    market: str = ""
    province: str = ""
    stage: str
    unit: str
    low: int = Field(sa_type=BigId)
    high: int = Field(sa_type=BigId)
    average: int = Field(sa_type=BigId)
    level: int = Field(sa_type=BigId)
    price_on: date = Field(sa_type=Date)
    fetched_at: datetime = Field(sa_type=UtcDateTime)
    state: str = PriceState.FINE
    why: str = ""
    watched_at: datetime | None = Field(default=None, sa_type=UtcDateTime)

    @property
    def series(self) -> tuple[str, str, str, str]:
        return self.source, self.product, self.grade, self.market


@dataclass(frozen=True, kw_only=True)
class NewPrice:
    """A price as a source says it, in satang of `unit`."""

    product: str
    stage: str
    unit: Unit
    low: int
    high: int
    price_on: date
    average: int | None = None
    grade: str = ""
    market: str = ""
    province: str = ""


@dataclass(frozen=True, kw_only=True)
class Stored:
    """How many prices were new, were corrected by their source, and how many of those are held."""

    new: int
    corrected: int
    held: int


class UnknownPrice(LookupError):
    """There is no held price of that number."""


def store_prices(session: Session, source: str, found: Iterable[NewPrice], at: datetime) -> Stored:
    """Keep what a source says: what is known stays one row, what it corrects is judged again."""
    by_series: dict[tuple[str, str, str], dict[date, NewPrice]] = {}
    for each in found:
        by_series.setdefault((each.product, each.grade, each.market), {})[each.price_on] = each
    new = corrected = held = 0
    for (product, grade, market), days in by_series.items():
        known = _known(session, (source, product, grade, market), min(days))
        for day in sorted(days):
            row = _row(source, days[day], at)
            before = known.get(day)
            if before is not None and _same(before, row):
                continue
            row.state, row.why = _judged(row, known.values())
            held += row.state == PriceState.HELD
            if before is None:
                new += 1
            else:
                corrected += 1
                row.id = before.id
            known[day] = session.merge(row)
    session.flush()
    return Stored(new=new, corrected=corrected, held=held)


def held_prices(session: Session, most: int = 200) -> list[Price]:
    """What waits for a person, the oldest first."""
    held = text("state = 'held'")
    return list(session.exec(select(Price).where(held).order_by(col(Price.id)).limit(most)))


def decide(session: Session, price_id: int, *, accept: bool, by: str, at: datetime) -> Price:
    """A person says whether a held price is said. Raises UnknownPrice."""
    found = session.get(Price, price_id)
    if found is None or found.state != PriceState.HELD:
        raise UnknownPrice(f"there is no held price {price_id}: see `krajai prices held`")
    found.state = PriceState.ACCEPTED if accept else PriceState.REFUSED
    session.add(found)
    what = "accept" if accept else "refuse"
    record(session, at, actor=by, action=f"price.{what}", subject=f"price/{price_id}")
    return found


def _known(session: Session, series: tuple[str, str, str, str], first: date) -> dict[date, Price]:
    """The series' prices by day, from as long before the first new one as is needed to judge it."""
    source, product, grade, market = series
    query = select(Price).where(
        Price.source == source,
        Price.product == product,
        Price.grade == grade,
        Price.market == market,
        col(Price.price_on) >= first - timedelta(days=MEMORY_DAYS),
    )
    return {each.price_on: each for each in session.exec(query)}


def _row(source: str, new: NewPrice, at: datetime) -> Price:
    average = new.average if new.average is not None else round((new.low + new.high) / 2)
    return Price(
        source=source,
        product=new.product,
        grade=new.grade,
        market=new.market,
        province=new.province,
        stage=new.stage,
        unit=new.unit.value,
        low=new.low,
        high=new.high,
        average=average,
        level=level(average, new.unit),
        price_on=new.price_on,
        fetched_at=at,
    )


def _same(known: Price, said: Price) -> bool:
    return (known.unit, known.low, known.high, known.average) == (
        said.unit,
        said.low,
        said.high,
        said.average,
    )


def _judged(row: Price, known: Iterable[Price]) -> tuple[PriceState, str]:
    """Whether a price can be right, by its product's bounds and by what the series said before it."""
    product, unit = products()[row.product], Unit(row.unit)
    if product.plausible is not None and measure(unit) == measure(product.unit):
        lowest, highest = (level(bound, product.unit) for bound in product.plausible)
        if not lowest <= row.level <= highest:
            return PriceState.HELD, "outside of what this product can cost"
    usual = _usual(row, [each for each in known if each.state in SAID and each.price_on < row.price_on])
    if usual is not None and abs(row.level - usual) * 100 > usual * OUTLIER_PERCENT:
        return PriceState.HELD, f"{(row.level - usual) / usual:+.0%} from what it was"
    return PriceState.FINE, ""


def _usual(row: Price, before: Sequence[Price]) -> float | None:
    """The median of the week before; where that is empty, of the last few. None for a series that is new."""
    same = [each for each in before if measure(Unit(each.unit)) == measure(Unit(row.unit))]
    week = [each for each in same if each.price_on >= row.price_on - timedelta(days=WEEK_DAYS)]
    recent = sorted(same, key=lambda each: each.price_on)[-_FEW:]
    recent = [each for each in recent if each.price_on >= row.price_on - timedelta(days=MEMORY_DAYS)]
    counted = week or recent
    return median(each.level for each in counted) if counted else None
