"""krajai prices: what farm products cost, as sources said it."""

from datetime import date
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from bot.commands.console import JsonOption, console, fail, opened, write_json
from broadcasts.prices import moc, nabc
from broadcasts.prices.importing import read_file
from broadcasts.sources import SchemaDrift
from storage.officers import UnknownOfficer, actor
from storage.price_catalogue import moc_series, products
from storage.price_series import Quote, is_old, quotes
from storage.price_units import Unit
from storage.prices import Price, UnknownPrice, decide, held_prices, store_prices
from storage.sources import source_state

app = typer.Typer(help="Prices of farm products: fetched, imported, held for a person.", no_args_is_help=True)

AsJson = Annotated[bool, JsonOption]
As = Annotated[
    str | None, typer.Option("--as", help="The officer who acts; needed as soon as one officer exists.")
]
Numbers = Annotated[
    list[int], typer.Argument(help="The prices' numbers, as `krajai prices held` shows them.")
]

_SOURCES = {moc.NAME: moc.SOURCE, nabc.NAME: nabc.SOURCE}


@app.command()
def fetch(
    source: Annotated[str | None, typer.Argument(help="moc or nabc; both when left out.")] = None,
    as_json: AsJson = False,
) -> None:
    """Ask the sources now, outside the schedule, and keep what is new."""
    from bot.visiting import Visitor

    if source is not None and source not in _SOURCES:
        fail(f"{source} is no source of prices: give one of {', '.join(_SOURCES)}", 2)
    rows: list[dict[str, Any]] = []
    with opened() as krajai:
        visitor = Visitor(database=krajai.database, settings=krajai.settings)
        for name in [source] if source else list(_SOURCES):
            visitor.visit(_SOURCES[name])
            with krajai.database.read() as session:
                state = source_state(session, name, krajai.database.now(session))
            off = visitor.turned_off(_SOURCES[name])
            error = f"off: {off}" if off else state.error
            rows.append({"source": name, "state": state.status, "result": state.result, "error": error})
    if as_json:
        write_json({"sources": rows})
    else:
        for row in rows:
            console.print(f"{row['source']}: {row['error'] or row['result']}")
    if any(row["error"] for row in rows):
        raise typer.Exit(1)


@app.command("import")
def import_(
    file: Annotated[Path, typer.Argument(help="An answer of a source, or a history as CSV.", exists=True)],
    code: Annotated[
        str, typer.Option("--code", help="The series of a CSV; else what its name begins with.")
    ] = "",
    as_json: AsJson = False,
) -> None:
    """Take the prices of a file in: JSON as the sources answer, or CSV with date, price_min and price_max."""
    with opened() as krajai, krajai.database.write() as session:
        now = krajai.database.now(session)
        try:
            source, found = read_file(file.read_bytes(), file.name, now, code)
        except SchemaDrift as drift:
            fail(f"{file.name}: {drift}")
        stored = store_prices(session, source, found.prices, now)
    if as_json:
        counts = {"new": stored.new, "corrected": stored.corrected, "held": stored.held}
        write_json({"source": source, **counts, "faults": list(found.faults)})
        return
    console.print(f"{source}: {stored.new} new prices, {stored.corrected} corrected, {stored.held} held")
    for fault in found.faults:
        console.print(f"  left out: {fault}")


@app.command()
def show(
    product: Annotated[
        str | None, typer.Argument(help="A product's id or Thai name; all when left out.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Show the latest price of each product, grade and market that is said, and how it changed."""
    if product is not None:
        named = next((each.id for each in products().values() if product in (each.id, each.name("th"))), None)
        if named is None:
            fail(f"{product} is no product of knowledge/products.toml")
        product = named
    with opened() as krajai, krajai.database.read() as session:
        today = krajai.database.now(session).astimezone(krajai.settings.zone).date()
        names = [product] if product else [name for name, each in products().items() if not each.kinds]
        rows = [_quote_json(quote, today) for name in names for quote in quotes(session, name)]
    if as_json:
        write_json({"prices": rows})
        return
    if not rows:
        console.print("no prices yet: krajai prices fetch")
        return
    table = Table(
        "product", "grade", "price", "unit", "day", "age", "last", "week", "market", "source", box=None
    )
    for row in rows:
        table.add_row(
            row["product"],
            row["grade"] or "-",
            f"{row['average']:,.2f}",
            row["unit"],
            row["day"],
            _aged(row),
            _signed(row["since_last"]),
            _signed(row["since_week"]),
            row["market"] or "-",
            row["source"],
        )
    console.print(table)
    if product is None:
        unverified = [series for series in moc_series().values() if series.unverified]
        console.print(
            f"of the ministry's codes {len(unverified)} are unverified:"
            f" {', '.join(f'{each.code} {each.product}' for each in unverified)}"
        )


@app.command()
def held(as_json: AsJson = False) -> None:
    """Show the prices that are too far from last week's to be said without a person."""
    with opened() as krajai, krajai.database.read() as session:
        found = held_prices(session)
    if as_json:
        write_json({"held": [_price_json(price) for price in found]})
        return
    if not found:
        console.print("nothing is held")
        return
    table = Table("number", "product", "grade", "price", "unit", "day", "why", "source", box=None)
    for price in found:
        value = f"{price.average / 100:,.2f}"
        day = f"{price.price_on:%Y-%m-%d}"
        table.add_row(
            str(price.id), price.product, price.grade, value, price.unit, day, price.why, price.source
        )
    console.print(table)


@app.command()
def accept(numbers: Numbers, as_: As = None) -> None:
    """Let held prices be said: they are right."""
    _decide(numbers, as_, accepted=True)


@app.command()
def refuse(numbers: Numbers, as_: As = None) -> None:
    """Never say these held prices: they are wrong."""
    _decide(numbers, as_, accepted=False)


def _decide(numbers: list[int], as_: str | None, *, accepted: bool) -> None:
    with opened() as krajai:
        try:
            with krajai.database.write() as session:
                now, by = krajai.database.now(session), actor(session, as_)
                for number in numbers:
                    decide(session, number, accept=accepted, by=by, at=now)
        except (UnknownPrice, UnknownOfficer) as refused:
            fail(str(refused))
    console.print(f"{len(numbers)} prices {'accepted' if accepted else 'refused'}")


def _aged(row: dict[str, Any]) -> str:
    days = "today" if row["age_days"] == 0 else f"{row['age_days']} d"
    return f"{days}, old" if row["old"] else days


def _quote_json(quote: Quote, today: date) -> dict[str, Any]:
    last, week = quote.change(quote.previous), quote.change(quote.week_ago)
    return {
        "product": quote.product,
        "grade": quote.grade,
        "average": quote.satang(quote.latest) / 100,
        "low": quote.satang(quote.latest, "low") / 100,
        "high": quote.satang(quote.latest, "high") / 100,
        "unit": quote.unit.value,
        "day": f"{quote.latest.price_on:%Y-%m-%d}",
        "age_days": (today - quote.latest.price_on).days,
        "old": is_old(quote.latest.price_on, today),
        "since_last": None if last is None else last / 100,
        "since_week": None if week is None else week / 100,
        "market": quote.latest.market,
        "stage": quote.latest.stage,
        "source": quote.latest.source,
        "fetched_at": quote.latest.fetched_at.isoformat(),
    }


def _price_json(price: Price) -> dict[str, Any]:
    return {
        "id": price.id,
        "product": price.product,
        "grade": price.grade,
        "market": price.market,
        "average": price.average / 100,
        "unit": Unit(price.unit).value,
        "day": f"{price.price_on:%Y-%m-%d}",
        "why": price.why,
        "source": price.source,
    }


def _signed(change: float | None) -> str:
    return "-" if change is None else f"{change:+,.2f}"
