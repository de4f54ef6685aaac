"""What there is to say of a product: for each of its kinds the series to trust, its last price and those before."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import func
from sqlmodel import Session, col, select

from storage.price_catalogue import Stage, products, with_kinds
from storage.price_units import Unit, changed, measure
from storage.prices import SAID, Price

OLD_DAYS = 4
"""A price of so many days ago is said as old: markets rest at weekends, not longer."""

CHART_DAYS = 30
_WINDOW_DAYS = 45
_WEEK_DAYS = 7
_LONGEST_WEEK_DAYS = 14
_ABOUT_THE_SAME_DAYS = 3


@dataclass(frozen=True, kw_only=True)
class Quote:
    """One series: its latest price, the one before, and the one of a week before; in satang of `unit`."""

    product: str
    grade: str
    unit: Unit
    latest: Price
    previous: Price | None
    week_ago: Price | None
    days: tuple[Price, ...]

    def satang(self, price: Price, of: str = "average") -> int:
        return changed(getattr(price, of), Unit(price.unit), self.unit)

    def change(self, since: Price | None) -> int | None:
        """How much more it is than then, in satang of `unit`; None when nothing is known of then."""
        return None if since is None else self.satang(self.latest) - self.satang(since)


def quotes(session: Session, product_id: str, *, province: str = "") -> list[Quote]:
    """What to say of a product and its kinds: one series for each kind and grade, all in units of one measure.

    Markets of `province` come before others.
    """
    wanted = with_kinds(product_id)
    newest: date | None = session.exec(
        select(func.max(Price.price_on)).where(col(Price.product).in_(wanted), col(Price.state).in_(SAID))
    ).one()
    if newest is None:
        return []
    query = (
        select(Price)
        .where(
            col(Price.product).in_(wanted),
            col(Price.state).in_(SAID),
            col(Price.price_on) >= newest - timedelta(days=_WINDOW_DAYS),
        )
        .order_by(col(Price.price_on))
    )
    by_series: dict[tuple[str, str, str, str], list[Price]] = {}
    for price in session.exec(query):
        by_series.setdefault(price.series, []).append(price)
    best = _best_of_each(by_series.values(), province)
    found = [_quote(days) for days in best]
    found.sort(key=lambda each: (wanted.index(each.product), _stage(each.latest), each.grade))
    return [each for each in found if measure(each.unit) == measure(found[0].unit)]


def headline(session: Session, product_id: str) -> Quote | None:
    """The one series that thresholds of a product watch: the first that is said."""
    return next(iter(quotes(session, product_id)), None)


def is_old(latest: date, today: date) -> bool:
    """Whether a price is so old that its age must be said first."""
    return (today - latest).days >= OLD_DAYS


def newest_on(found: Sequence[Quote]) -> date:
    return max(each.latest.price_on for each in found)


def _best_of_each(series: Iterable[list[Price]], province: str) -> list[list[Price]]:
    """Of the series of one kind and grade the one with new prices, of her province, nearest to the farm."""
    chosen: dict[tuple[str, str], list[Price]] = {}
    for days in series:
        key = (days[-1].product, days[-1].grade)
        if key not in chosen or _is_better(days[-1], chosen[key][-1], province):
            chosen[key] = days
    return list(chosen.values())


def _is_better(one: Price, other: Price, province: str) -> bool:
    if abs((one.price_on - other.price_on).days) >= _ABOUT_THE_SAME_DAYS:
        return one.price_on > other.price_on
    return _rank(one, province) < _rank(other, province)


def _rank(price: Price, province: str) -> tuple[bool, int, str, str]:
    return not province or price.province != province, _stage(price), price.source, price.market


def _stage(price: Price) -> int:
    return list(Stage).index(Stage(price.stage))


def _quote(days: list[Price]) -> Quote:
    """A series in the unit its product is traded in, where that measures the same."""
    latest = days[-1]
    traded = products()[latest.product].unit
    quoted = Unit(latest.unit)
    unit = traded if measure(traded) == measure(quoted) else quoted
    same = [each for each in days if measure(Unit(each.unit)) == measure(unit)]
    before = [each for each in same if each.price_on < latest.price_on]
    first, last = (latest.price_on - timedelta(days=days) for days in (_LONGEST_WEEK_DAYS, _WEEK_DAYS))
    week = [each for each in before if first <= each.price_on <= last]
    shown = [each for each in same if each.price_on > latest.price_on - timedelta(days=CHART_DAYS)]
    return Quote(
        product=latest.product,
        grade=latest.grade,
        unit=unit,
        latest=latest,
        previous=before[-1] if before else None,
        week_ago=week[-1] if week else None,
        days=tuple(shown),
    )
