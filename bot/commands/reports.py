"""krajai broadcast report: what became of it, on the screen, as JSON, or as a table for the file of the night."""

import csv
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, TextIO

import typer
from rich.table import Table

from bot.commands.console import WRONG_USE, JsonOption, console, errors, fail, opened, write_json
from bot.commands.estimates import duration, place_name
from bot.wiring import Krajai
from broadcasts.delivery import reports
from broadcasts.delivery.reports import ELSEWHERE, Recipient, Report
from storage.audit import record
from storage.broadcasts import Broadcast
from storage.officers import UnknownOfficer, actor
from storage.texts_instead import Spent

OUTCOMES = (
    *("accepted", "failed", "unknown", "skipped", "stopped", "expired"),
    *("in_flight", "waiting"),
)
_COLUMNS = ("contact", "channel", "address", "district", "outcome", "notes", "finished at")
_CLEAR_CHARACTERS = 3
_BEGINS_A_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")


def report(
    broadcast_id: Annotated[int, typer.Argument(help="The broadcast's number.")],
    to_csv: Annotated[
        Path | None,
        typer.Option("--csv", help="Write recipients to this new file, or - for standard output."),
    ] = None,
    everyone: Annotated[
        bool, typer.Option("--everyone", help="In the CSV also those who simply got it.")
    ] = False,
    with_addresses: Annotated[
        bool,
        typer.Option("--with-addresses", help="In the CSV whole addresses; the audit log says who asked."),
    ] = False,
    as_: Annotated[
        str | None, typer.Option("--as", help="The officer who acts; needed as soon as one officer exists.")
    ] = None,
    as_json: Annotated[bool, JsonOption] = False,
) -> None:
    """Report what became of a broadcast by channel, district and reason, and how soon."""
    if to_csv is None and (everyone or with_addresses):
        fail("--everyone and --with-addresses are about --csv: name its file", WRONG_USE)
    with opened() as krajai:
        if to_csv is not None:
            _write_csv(krajai, broadcast_id, to_csv, as_, everyone=everyone, with_addresses=with_addresses)
            return
        with krajai.database.read() as session:
            found = reports.report(session, _broadcast(session, broadcast_id))
        if as_json:
            write_json(_as_json(found))
        else:
            _print(krajai, found)


def texts_json(texts: Spent) -> dict[str, Any]:
    """Text messages that went out instead, for scripts."""
    return {
        "texts": texts.texts,
        "segments": texts.segments,
        "satang": texts.satang,
        "over_cap": texts.over_cap,
    }


def print_texts(texts: Spent) -> None:
    """Text messages that went out to those whom LINE did not reach, where there were any."""
    if texts.texts or texts.over_cap:
        left_out = f"; nothing was left of the cap for {texts.over_cap:,} more" if texts.over_cap else ""
        console.print(
            f"text messages instead, to people whom LINE did not reach: {texts.texts:,}, {texts.segments:,} segments, "
            f"{texts.satang / 100:,.2f} baht{left_out}"
        )


def masked(address: str) -> str:
    """An address that tells two contacts apart and calls nobody.

    >>> masked("+66812345678"), masked("12")
    ('…678', '…')
    """
    return "…" + (address[-_CLEAR_CHARACTERS:] if len(address) > 2 * _CLEAR_CHARACTERS else "")


def formula_safe(cell: str) -> str:
    """A cell that no spreadsheet takes for a formula (OWASP, CSV injection).

    >>> formula_safe("=1+1"), formula_safe("+66812345678"), formula_safe("failed")
    ("'=1+1", "'+66812345678", 'failed')
    """
    return f"'{cell}" if cell.startswith(_BEGINS_A_FORMULA) else cell


def _broadcast(session: Any, broadcast_id: int) -> Broadcast:
    found: Broadcast | None = session.get(Broadcast, broadcast_id)
    if found is None:
        fail(f"there is no broadcast {broadcast_id}: see `krajai broadcast list`")
    return found


def _write_csv(
    krajai: Krajai,
    broadcast_id: int,
    to_csv: Path,
    as_: str | None,
    *,
    everyone: bool,
    with_addresses: bool,
) -> None:
    try:
        with krajai.database.write() as session:
            broadcast = _broadcast(session, broadcast_id)
            record(
                session,
                krajai.database.now(session),
                actor=actor(session, as_),
                action="broadcast.export",
                subject=f"broadcast/{broadcast_id}",
                detail={"everyone": everyone, "with_addresses": with_addresses},
            )
    except UnknownOfficer as refused:
        fail(str(refused))
    lines = 0
    with _new_file(to_csv) as file, krajai.database.read() as session:
        writer = csv.writer(file)
        writer.writerow(_COLUMNS)
        for each in reports.recipients(session, broadcast, everyone=everyone):
            writer.writerow(_line(each, krajai, with_addresses=with_addresses))
            lines += 1
    errors.print(f"{lines:,} recipients written" + ("" if str(to_csv) == "-" else f" to {to_csv}"))


@contextmanager
def _new_file(path: Path) -> Iterator[TextIO]:
    """For the owner alone, in the letters that spreadsheets read Thai by."""
    if str(path) == "-":
        yield sys.stdout
        return
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        fail(f"{path} exists and is not overwritten: name another file")
    except OSError as fault:
        fail(f"{path} cannot be written ({fault.strerror}): name another file")
    with os.fdopen(descriptor, "w", encoding="utf-8-sig", newline="") as file:
        yield file


def _line(each: Recipient, krajai: Krajai, *, with_addresses: bool) -> list[str]:
    at = each.at.astimezone(krajai.settings.zone).isoformat(timespec="seconds") if each.at else ""
    cells = (
        str(each.contact_id),
        each.account,
        each.address if with_addresses else masked(each.address),
        _district(each.district),
        each.outcome,
        each.notes,
        at,
    )
    return [formula_safe(cell) for cell in cells]


def _print(krajai: Krajai, found: Report) -> None:
    broadcast, zone = found.broadcast, krajai.settings.zone
    console.print(
        f"broadcast {broadcast.id}: {broadcast.kind}, {broadcast.state} {broadcast.reason}".rstrip()
    )
    released = broadcast.released_at.astimezone(zone)
    console.print(f"released {released:%Y-%m-%d %H:%M:%S} by {broadcast.released_by}")
    if found.retry_of is not None and broadcast.audience.get("instead"):
        console.print(f"text messages to those whom broadcast {found.retry_of} did not reach on LINE")
    elif found.retry_of is not None:
        console.print(f"sent again to those whom broadcast {found.retry_of} failed to reach")
    for each in found.retries:
        console.print(f"sent again to those it failed to reach: broadcast {each}")
    print_texts(found.texts_instead)
    marks = (("first", "first"), ("half", "50 %"), ("most", "95 %"), ("last", "last"))
    times = [
        f"{name} {at.astimezone(zone):%H:%M:%S} (after {duration((at - broadcast.released_at).total_seconds())})"
        for field, name in marks
        if (at := getattr(found.times, field)) is not None
    ]
    console.print("accepted: " + (", ".join(times) or "nobody"))
    console.print()
    _print_table("channel", {**found.channels, "all": found.total})
    console.print()
    _print_table("district", {_district(place): counts for place, counts in found.districts.items()})
    if found.reasons:
        console.print()
    for reason, number in found.reasons.items():
        console.print(f"{number:>10,}  {reason}")


def _print_table(first: str, rows: Mapping[str, Mapping[str, int]]) -> None:
    used = [name for name in OUTCOMES if any(counts.get(name) for counts in rows.values())]
    table = Table(first, *(name.replace("_", " ") for name in used), box=None)
    for name, counts in rows.items():
        table.add_row(name, *(f"{counts.get(each, 0):,}" for each in used))
    console.print(table)


def _district(place: str) -> str:
    return "not by a place" if place == ELSEWHERE else place_name(place)


def released_json(broadcast: Broadcast) -> dict[str, Any]:
    """What is known of a broadcast since its release, for scripts."""
    return {
        "id": broadcast.id,
        "kind": broadcast.kind,
        "class": broadcast.priority,
        "state": broadcast.state,
        "reason": broadcast.reason,
        "released_at": broadcast.released_at.isoformat(),
        "released_by": broadcast.released_by,
    }


def _as_json(found: Report) -> dict[str, Any]:
    return released_json(found.broadcast) | {
        "total": found.total,
        "channels": found.channels,
        "districts": found.districts,
        "reasons": found.reasons,
        "times": {name: at.isoformat() if at else None for name, at in vars(found.times).items()},
        "retry_of": found.retry_of,
        "retries": found.retries,
        "texts_instead": texts_json(found.texts_instead),
    }
