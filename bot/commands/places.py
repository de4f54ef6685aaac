"""krajai places: the register of places."""

from typing import Annotated

import typer

from bot.commands.console import JsonOption, console, fail, write_json
from storage import places

app = typer.Typer(
    help="The register of provinces, districts, subdistricts and villages.", no_args_is_help=True
)


@app.command()
def find(
    text: Annotated[
        str, typer.Argument(help="A code, or an exact Thai or English name, with or without parents.")
    ],
    as_json: Annotated[bool, JsonOption] = False,
) -> None:
    """Find a place by its code or exact name."""
    found = places.find(text)
    if as_json:
        write_json({"text": text, "codes": [each.code for each in found]})
    elif not found:
        fail(
            f"no place is called {text!r}: give its exact name, with its district or province where it has namesakes"
        )
    for each in () if as_json else found:
        console.print(
            f"{each.code:8}  {places.full_name(each.code, 'th')}  ({places.full_name(each.code, 'en')})"
        )
