"""A market for transcripts: made prices of the days before 21 November 2569, the same for every transcript."""

from collections.abc import Iterable
from datetime import date, datetime

from sqlmodel import Session

from storage.price_units import Unit
from storage.prices import NewPrice, store_prices

MADE: tuple[tuple[str, str, int, int], ...] = (
    ("rubber_latex", "", 13, 6000),
    ("rubber_latex", "", 19, 6070),
    ("rubber_latex", "", 20, 6120),
    ("rubber_cup_lump", "", 19, 2840),
    ("rubber_cup_lump", "", 20, 2840),
    ("rubber_sheet", "", 19, 6500),
    ("rubber_sheet", "", 20, 6475),
    ("cassava", "เชื้อแป้ง 25 %", 16, 230),
    ("cassava", "เชื้อแป้ง 25 %", 17, 235),
    ("durian", "", 19, 11000),
    ("durian", "", 20, 12000),
)
"""(product, grade, day of November 2026, satang a kilogram)."""


def made_price(product: str, on: date, satang: int, grade: str = "", **values: object) -> NewPrice:
    """A wholesale price that nobody ever paid."""
    return NewPrice(
        **{
            "product": product,
            "grade": grade,
            "stage": "wholesale",
            "unit": Unit.BAHT_PER_KG,
            "low": satang,
            "high": satang,
            "price_on": on,
            **values,
        }  # type: ignore[arg-type]
    )


def open_market(session: Session, at: datetime, rows: Iterable[tuple[str, str, int, int]] = MADE) -> None:
    """Store the made prices as the Ministry of Commerce's."""
    found = [made_price(product, date(2026, 11, day), satang, grade) for product, grade, day, satang in rows]
    store_prices(session, "moc", found, at)
