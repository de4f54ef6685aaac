"""krajai places: the register of places, and boundaries for it."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from bot.commands.console import WRONG_USE, JsonOption, console, fail, opened, write_json
from bot.commands.place_links import link
from handlers.understanding.places import places_in
from storage import places
from storage.signs import shown

app = typer.Typer(
    help="The register of provinces, districts, subdistricts and villages.", no_args_is_help=True
)

MOST_CHOICES = 5


@app.command()
def find(
    text: Annotated[
        str | None,
        typer.Argument(help="A place as people type it, a postcode, a code or an ISO code of a province."),
    ] = None,
    stdin: Annotated[
        bool, typer.Option("--stdin", help="Find the place of each line of standard input.")
    ] = False,
    as_json: Annotated[bool, JsonOption] = False,
) -> None:
    """Find a place as people type it; of several that are meant at most five, the best first.

    With --stdin --json each line is answered at once by a line {"text": ..., "codes": [...]}; codes is empty where
    nothing was found.
    """
    if stdin == (text is not None):
        fail("give either a text or --stdin", WRONG_USE)
    if text is None:
        _find_lines(as_json=as_json)
        return
    codes = _codes(text)
    if as_json:
        write_json({"text": text, "codes": codes})
    elif not codes:
        fail(
            f"no place is found in {text!r}: give its name, with its district or province where it has namesakes"
        )
    for code in () if as_json else codes:
        console.print(f"{code:8}  {_in_words(code)}")


@app.command("import-boundaries")
def import_boundaries(
    file: Annotated[
        Path, typer.Argument(help="GeoJSON, plain or .gz, with DOPA's code in a property of each feature.")
    ],
    as_json: Annotated[bool, JsonOption] = False,
) -> None:
    """Store the boundaries of places, instead of those stored before.

    Shared locations then lead to their subdistrict, and alerts that only draw their area reach those inside it.
    """
    from storage.boundary_files import BoundariesRefused, read_boundaries
    from storage.place_boundaries import replace_boundaries

    try:
        read = read_boundaries(file.read_bytes())
    except OSError as fault:
        fail(f"{file} cannot be read: {fault.strerror}", WRONG_USE)
    except BoundariesRefused as refused:
        fail(f"{file}: {refused}. Nothing was stored")
    with opened() as krajai, krajai.database.write() as session:
        replace_boundaries(session, read.boundaries)
    if as_json:
        write_json({"boundaries": len(read.boundaries), "unknown": list(read.unknown)})
        return
    console.print(f"{len(read.boundaries)} boundaries are stored")
    if read.unknown:
        console.print(f"left out, being no places of the register: {', '.join(read.unknown)}")


app.command()(link)


def _find_lines(*, as_json: bool) -> None:
    for line in sys.stdin.buffer:
        raw = line.rstrip(b"\r\n")
        text = raw.decode("utf-8", errors="replace")
        # Bytes that are no UTF-8 are nobody's words.
        codes = _codes(text) if _is_utf8(raw) else []
        if as_json:
            write_json({"text": text, "codes": codes}, indent=None)
            continue
        sys.stdout.write(f"{shown(text)}\t{' '.join(codes)}\n")
        sys.stdout.flush()


def _is_utf8(raw: bytes) -> bool:
    try:
        raw.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _codes(text: str) -> list[str]:
    """The exact reading comes last: it alone takes a province's bare number, which citizens count people with."""
    return list(places_in(text).codes[:MOST_CHOICES]) or [
        each.code for each in places.find(text)[:MOST_CHOICES]
    ]


def _in_words(code: str) -> str:
    return f"{places.full_name(code, 'th')}  ({places.full_name(code, 'en')})"
