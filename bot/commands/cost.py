"""krajai cost: what the messages of a month will be, what they cost, and whether the quota bears them."""

from dataclasses import asdict
from typing import Annotated

import typer
from rich.table import Table

from bot.commands.console import JsonOption, console, opened, write_json
from broadcasts.prices.cost import Forecast, Rates, forecast


def cost(
    line_satang: Annotated[
        float, typer.Option("--line-satang", help="What a LINE message costs in your plan, in satang.", min=0)
    ] = 0.0,
    as_json: Annotated[bool, JsonOption] = False,
) -> None:
    """Forecast messages and baht a month per account: mornings, thresholds, advice; most replies are free."""
    with opened() as krajai, krajai.database.read() as session:
        rates = Rates(line_satang=line_satang, sms_segment_satang=krajai.settings.sms_satang_per_segment)
        found = forecast(session, rates, krajai.forms, krajai.database.now(session))
    if as_json:
        write_json({"accounts": [asdict(each) for each in found]})
        return
    table = Table(
        "account",
        "mornings",
        "thresholds",
        "advice",
        "messages a month",
        "baht",
        "kept for emergencies",
        "quota",
        box=None,
    )
    for each in found:
        table.add_row(
            each.account,
            f"{each.morning_readers:,} people",
            f"{each.thresholds:,}",
            f"{each.advice:,}",
            f"{each.messages:,}",
            _baht(each),
            f"{each.reserve:,}" if each.reserve else "-",
            each.verdict,
        )
    console.print(table)


def _baht(each: Forecast) -> str:
    return "price not set" if each.baht is None else f"{each.baht:,.2f}"
