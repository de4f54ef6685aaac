"""The chart: a picture of the size that telephones show, for a rise, a flat line and large amounts."""

import io
from datetime import date, timedelta

import pytest
from PIL import Image

from broadcasts.prices.chart import HEIGHT, WIDTH, ChartNotDrawn, draw
from storage.database import Database
from storage.price_series import Quote, headline
from storage.price_units import Unit
from storage.prices import store_prices
from tests.builders import NOW
from tests.handlers.market import made_price


def quote(database: Database, product: str, amounts: list[int], unit: Unit = Unit.BAHT_PER_KG) -> Quote:
    days = [
        made_price(product, date(2026, 10, 23) + timedelta(days=n), amount, unit=unit)
        for n, amount in enumerate(amounts)
    ]
    with database.write() as session:
        store_prices(session, "moc", days, NOW)
        found = headline(session, product)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("product", "amounts", "unit"),
    [
        ("rubber_latex", [6000 + 20 * n for n in range(28)], Unit.BAHT_PER_KG),
        ("cassava", [235] * 28, Unit.BAHT_PER_KG),
        ("rice_jasmine", [1_500_000, 1_510_000], Unit.BAHT_PER_TONNE),
    ],
)
@pytest.mark.parametrize("language", ["th", "en"])
def test_it_is_drawn(
    sqlite_database: Database, product: str, amounts: list[int], unit: Unit, language: str
) -> None:
    drawn = draw(quote(sqlite_database, product, amounts, unit), language)
    picture = Image.open(io.BytesIO(drawn))
    assert (picture.format, picture.size) == ("PNG", (WIDTH, HEIGHT))
    assert len(drawn) < 200_000
    colours = picture.convert("RGB").getcolors(1 << 20)
    assert colours is not None
    assert len(colours) > 10


def test_one_day_is_no_line(sqlite_database: Database) -> None:
    with pytest.raises(ChartNotDrawn, match="two days"):
        draw(quote(sqlite_database, "rubber_latex", [6000]), "th")
