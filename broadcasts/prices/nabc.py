"""Daily farm-gate prices of the Office of Agricultural Economics (agriapi.nabc.go.th/api/daily-prices/).

`latest-date` tells the newest day, `date?date=` gives its prices, a row a product, market and province. The year stands
in both eras; names hold sizes and shares of starch, which make the grade.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlmodel import Session

from broadcasts.prices.moc import Prices, dated, day_of, satang
from broadcasts.source_reading import (
    BUDDHIST_YEARS,
    each_of,
    number,
    part,
    read_json,
    records,
    shortened,
    text,
)
from broadcasts.sources import Answer, Request, SchemaDrift, Source, Stored, Visit, but_for
from storage import places
from storage.price_catalogue import Stage, nabc_product, products, unit_written
from storage.price_units import measure
from storage.prices import NewPrice, store_prices

NAME = "nabc"
MOST_ROWS = "500"
LATEST_DATE = "latest-date"
_DATE = "date"
_ANY_TIME = datetime(9000, 1, 1, tzinfo=UTC)


def requests(_session: Session, _visit: Visit) -> Sequence[Request]:
    """First the newest day."""
    return (Request(address=LATEST_DATE, about=LATEST_DATE, read=read_latest_date),)


def follow(_session: Session, answers: Sequence[Answer[Any]], _visit: Visit) -> Sequence[Request]:
    """Then the prices of that day."""
    days = {str(answer.value) for answer in answers if answer.request.about == LATEST_DATE}
    return [
        Request(address=_DATE, parameters={"date": day, "limit": MOST_ROWS}, about=day)
        for day in sorted(days)
    ]


def asked(data: bytes) -> str:
    """The question of an answer: for the newest day, or for the prices of a day."""
    document = _successful(data)
    if not isinstance(part(document, "data"), list):
        return LATEST_DATE
    days = {day_of(part(each, "data_date"), "data_date", _ANY_TIME) for each in document["data"]}
    return f"{_DATE}?date={max(days)}"


def read_latest_date(data: bytes, at: datetime) -> str:
    """The newest day, as it is to be asked for. Raises SchemaDrift."""
    document = _successful(data)
    return f"{day_of(part(document, 'data.latest_date'), 'data.latest_date', at):%Y-%m-%d}"


def read(data: bytes, at: datetime) -> Prices:
    """The prices of a day that are of products we know. Raises SchemaDrift."""
    found, faults = each_of(
        records(_successful(data), "data"), lambda record, where: _row(record, where, at), "data"
    )
    return Prices(prices=tuple(found), faults=tuple(faults))


def store(session: Session, answers: Sequence[Answer[Any]], visit: Visit) -> Stored:
    """Keep what is new; what is far from last week's waits for a person.

    The newest day counts as unread: markets report in the course of it, so its prices are asked for at each visit.
    """
    read_ = [answer.value for answer in answers if isinstance(answer.value, Prices)]
    stored = store_prices(session, NAME, [price for each in read_ for price in each.prices], visit.at)
    did = f"{stored.new} prices, {stored.corrected} corrected, {stored.held} held"
    return Stored(
        did=but_for(did, [fault for each in read_ for fault in each.faults]),
        unread=tuple(answer.request for answer in answers if answer.request.about == LATEST_DATE),
    )


def _successful(data: bytes) -> Any:
    document = read_json(data)
    if part(document, "success") is not True:
        raise SchemaDrift("success", f"is {shortened(document['success'])}")
    return document


def _row(record: Any, where: str, at: datetime) -> NewPrice | None:
    name = text(record, "product_name", where)
    meant = nabc_product(name)
    if meant is None:
        return None
    day = day_of(part(record, "data_date", where), f"{where}.data_date", at)
    year = number(record, "year_th", where)
    if year is None or int(year) - BUDDHIST_YEARS != day.year:
        raise SchemaDrift(
            f"{where}.year_th", f"is {shortened(record['year_th'])}, where the day is of {day.year}"
        )
    written = text(record, "unit", where)
    unit = unit_written(written)
    if unit is None:
        raise SchemaDrift(f"{where}.unit", f"is {shortened(written)}, which is no unit that is known")
    product, grade = meant
    traded = products()[product].unit
    if measure(unit) != measure(traded):
        raise SchemaDrift(f"{where}.unit", f"is {shortened(written)}, where {traded.value} is usual")
    price = satang(part(record, "day_price", where), f"{where}.day_price")
    return NewPrice(
        product=product,
        grade=grade,
        market=text(record, "market_name", where),
        province=_province(text(record, "province", where)),
        stage=Stage.FARM_GATE.value,
        unit=unit,
        low=price,
        high=price,
        price_on=day,
    )


def _province(name: str) -> str:
    """The code of a province by its name; '' when it is none, since the price is right all the same."""
    plain = name.removeprefix("จ.").removeprefix("จังหวัด").strip()
    return next((each.code for each in places.provinces() if plain and each.name_th == plain), "")


def _dated(value: Any) -> datetime | None:
    return dated(value) if isinstance(value, Prices) else None


SOURCE: Source[Any] = Source(
    name=NAME,
    url="nabc_prices_url",
    read=read,
    requests=requests,
    follow=follow,
    store=store,
    dated=_dated,
    asked=asked,
    stale_after=timedelta(days=5),
)
