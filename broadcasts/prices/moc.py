"""Prices of the Ministry of Commerce, one product an answer, low and high of each day.

`gis-product-prices?product_id=&from_date=&to_date=` answers in 15 to 40 seconds, so three weeks are asked for, one
product after the other. Data of the Department of Internal Trade, https://data.moc.go.th/OpenData/GISProductPrice.
"""

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal, InvalidOperation
from functools import partial
from typing import Any

from sqlmodel import Session

from broadcasts.source_reading import each_of, part, read_json, records, shortened, text
from broadcasts.source_reading import time as read_time
from broadcasts.sources import BANGKOK, Answer, Request, SchemaDrift, Source, Visit, but_for
from storage.price_catalogue import MocSeries, moc_series, unit_written
from storage.price_units import Unit, measure
from storage.prices import NewPrice, store_prices

NAME = "moc"
ASKED_DAYS = 21
MOST_SATANG = 10**9
_CSV_FIELDS = ("date", "price_min", "price_max")


@dataclass(frozen=True, kw_only=True)
class Prices:
    """The prices of an answer, and what was wrong with single others."""

    prices: tuple[NewPrice, ...]
    faults: tuple[str, ...]


def requests(_session: Session, visit: Visit) -> Sequence[Request]:
    """One question a series, for the last three weeks."""
    today = visit.at.astimezone(visit.zone).date()
    return [
        Request(
            parameters={
                "product_id": code,
                "from_date": f"{today - timedelta(days=ASKED_DAYS):%Y-%m-%d}",
                "to_date": f"{today:%Y-%m-%d}",
            },
            about=code,
            read=partial(read, code=code),
        )
        for code in moc_series()
    ]


def read(data: bytes, at: datetime, code: str = "") -> Prices:
    """The prices of one product; no day at all is no fault. Raises SchemaDrift, also for another one than `code`."""
    document = read_json(data)
    given = text(document, "product_id")
    if code and given != code:
        raise SchemaDrift("product_id", f"is {shortened(given)}, where {code} was asked for")
    series = moc_series().get(given)
    if series is None:
        raise SchemaDrift("product_id", f"is {shortened(given)}, which price_sources.toml does not have")
    name = text(document, "product_name")
    if not any(word in name for word in series.expects):
        raise SchemaDrift("product_name", f"is {shortened(name)}, which is not {' or '.join(series.expects)}")
    unit = _unit(text(document, "unit"), series, "unit")
    found, faults = each_of(
        records(document, "price_list"),
        lambda record, where: _day(record, where, at, series, unit),
        "price_list",
    )
    return Prices(prices=tuple(found), faults=tuple(faults))


def read_history(data: bytes, at: datetime, code: str) -> Prices:
    """A history as CSV with date, price_min and price_max, in the unit of the series. Raises SchemaDrift."""
    series = moc_series().get(code)
    if series is None:
        raise SchemaDrift("the code", f"is {shortened(code)}, which price_sources.toml does not have")
    try:
        rows = list(csv.DictReader(io.StringIO(data.decode("utf-8-sig"))))
    except (UnicodeDecodeError, csv.Error) as fault:
        raise SchemaDrift("the file", "is no CSV in UTF-8") from fault
    if not rows:
        raise SchemaDrift("the file", "has no rows")
    for field in _CSV_FIELDS:
        if field not in rows[0]:
            raise SchemaDrift(field, "is missing in the first line")
    found, faults = each_of(rows, lambda record, where: _day(record, where, at, series, series.unit), "line")
    return Prices(prices=tuple(found), faults=tuple(faults))


def store(session: Session, answers: Sequence[Answer[Prices]], visit: Visit) -> str:
    """Keep what is new; what is far from last week's waits for a person."""
    found = [price for answer in answers for price in answer.value.prices]
    stored = store_prices(session, NAME, found, visit.at)
    did = f"{stored.new} prices, {stored.corrected} corrected, {stored.held} held"
    return but_for(did, [fault for answer in answers for fault in answer.value.faults])


def satang(value: Any, where: str) -> int:
    """An amount of baht in satang; raises SchemaDrift when it is no amount above nothing."""
    try:
        amount = Decimal(str(value).strip().replace(",", ""))
    except InvalidOperation as fault:
        raise SchemaDrift(where, f"is no amount but {shortened(value)}") from fault
    if not amount.is_finite() or isinstance(value, bool) or not 0 < amount * 100 < MOST_SATANG:
        raise SchemaDrift(where, f"is {shortened(value)}, which is no price")
    return int((amount * 100).to_integral_value())


def day_of(written: Any, where: str, at: datetime) -> date:
    """A day of trade, which midnight without a zone stands for; raises SchemaDrift for one that is still to come."""
    if not isinstance(written, str):
        raise SchemaDrift(where, f"is no date but {shortened(written)}")
    return read_time(written, where, _end_of_day(at)).astimezone(BANGKOK).date()


def dated(prices: Prices) -> datetime | None:
    """The end of the newest day, or now where that day is still going on; None without a day."""
    newest = max((each.price_on for each in prices.prices), default=None)
    return None if newest is None else datetime.combine(newest, time(0), BANGKOK).astimezone(UTC)


def asked(data: bytes) -> str:
    """The question of an answer: one for each product."""
    return f"?product_id={text(read_json(data), 'product_id')}"


def _end_of_day(at: datetime) -> datetime:
    return datetime.combine(at.astimezone(BANGKOK).date(), time(0), BANGKOK)


def _unit(written: str, series: MocSeries, where: str) -> Unit:
    unit = unit_written(written)
    if unit is None:
        raise SchemaDrift(where, f"is {shortened(written)}, which is no unit that is known")
    if measure(unit) != measure(series.unit):
        raise SchemaDrift(where, f"is {shortened(written)}, where {series.unit.value} is usual")
    return unit


def _day(record: Any, where: str, at: datetime, series: MocSeries, unit: Unit) -> NewPrice:
    low = satang(part(record, "price_min", where), f"{where}.price_min")
    high = satang(part(record, "price_max", where), f"{where}.price_max")
    if low > high:
        raise SchemaDrift(f"{where}.price_min", f"is above price_max, {shortened(record['price_max'])}")
    return NewPrice(
        product=series.product,
        grade=series.grade,
        stage=series.stage.value,
        unit=unit,
        low=low,
        high=high,
        price_on=day_of(part(record, "date", where), f"{where}.date", at),
    )


SOURCE = Source(
    name=NAME,
    url="moc_prices_url",
    read=read,
    requests=requests,
    store=store,
    dated=dated,
    asked=asked,
    stale_after=timedelta(days=5),
    total_seconds=60.0,
)
