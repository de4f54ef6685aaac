"""krajai audit: the log of who did what, and whether anybody changed it."""

from typing import Annotated

import typer

from bot.commands.console import WRONG_USE, JsonOption, console, fail, opened, write_json
from storage import audit

app = typer.Typer(help="The audit log: verify it, keep its end elsewhere, read it.", no_args_is_help=True)

_HASH_DIGITS = 64


@app.command()
def verify(
    expect: Annotated[
        str,
        typer.Option(
            help="NUMBER:HASH as `audit head` printed it earlier: the log must still hold that entry."
        ),
    ] = "",
    as_json: Annotated[bool, JsonOption] = False,
) -> None:
    """Walk the whole chain of entries and name the first one that was changed, removed or inserted."""
    number, kept = _expected(expect)
    with opened() as krajai, krajai.database.read() as session:
        verdict = audit.verify(session)
        if verdict.holds and kept and audit.hash_at(session, number) != kept:
            fault = "it is not the entry whose hash was kept"
            verdict = audit.Verdict(entries=number - 1, hash=verdict.hash, broken_at=number, fault=fault)
    if as_json:
        write_json(
            {
                "holds": verdict.holds,
                "entries": verdict.entries,
                "hash": verdict.hash,
                "broken_at": verdict.broken_at,
                "fault": verdict.fault or None,
            }
        )
    if not verdict.holds:
        fail(f"the audit log is broken at entry {verdict.broken_at}: {verdict.fault}")
    if not as_json:
        console.print(f"{verdict.entries:,} entries hold; the last one's hash is {verdict.hash}")


@app.command()
def head(as_json: Annotated[bool, JsonOption] = False) -> None:
    """Print the chain's end, to be kept where nobody of this machine can change it."""
    with opened() as krajai, krajai.database.read() as session:
        end = audit.head(session)
    if as_json:
        write_json({"entries": end.entries, "hash": end.hash})
    else:
        console.print(f"{end.entries}:{end.hash}")


@app.command()
def export(
    since: Annotated[int, typer.Option(help="The first entry's number.", min=1)] = 1,
) -> None:
    """Write the entries as lines of JSON to standard output, each with its hash and the one before it."""

    with opened() as krajai, krajai.database.read() as session:
        for entry in audit.in_order(session, since=since):
            line = {
                "number": entry.id,
                "at": entry.at.isoformat(),
                "actor": entry.actor,
                "action": entry.action,
                "subject": entry.subject,
                "detail": entry.detail,
                "previous": entry.previous,
                "hash": entry.hash,
            }
            write_json(line, indent=None)


def _expected(text: str) -> tuple[int, str]:
    if not text:
        return 0, ""
    number, _, kept = text.partition(":")
    if not (number.isdecimal() and len(kept) == _HASH_DIGITS):
        fail("--expect: give NUMBER:HASH as `krajai audit head` prints it", WRONG_USE)
    return int(number), kept
