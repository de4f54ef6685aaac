"""krajai case media: what citizens sent with cries for help; and how any kept file is written out."""

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from bot.commands.console import WRONG_USE, JsonOption, console, fail, opened, write_json
from bot.media import media_folder
from storage import media
from storage.audit import record
from storage.lifecycles import MediaState
from storage.media import Media
from storage.officers import UnknownOfficer, actor
from storage.sealing import SealBroken


def list_or_write(
    report: Annotated[
        int | None, typer.Option(help="Only what came with the cry for help of this number.")
    ] = None,
    number: Annotated[
        int | None, typer.Option(help="Write the file of this number, as the list has it.")
    ] = None,
    to: Annotated[
        Path | None, typer.Option(help="Where to write it; a file that exists is not overwritten.")
    ] = None,
    as_: Annotated[
        str | None, typer.Option("--as", help="The officer who acts; needed as soon as one officer exists.")
    ] = None,
    as_json: Annotated[bool, JsonOption] = False,
) -> None:
    """List the photos, voice notes and files that came with cries for help (the newest 100), or write one out."""
    if (number is None) != (to is None):
        fail("give --number and --to together", WRONG_USE)
    if number is None or to is None:
        _list(report, as_json=as_json)
    else:
        _write(report, number, to, as_, as_json=as_json)


def write_new(to: Path, data: bytes) -> None:
    """Write a new file. Raises OSError, also where there is one already."""
    with to.open("xb") as target:
        target.write(data)


def in_short(each: Media) -> dict[str, Any]:
    """What officers see of a file beside its bytes."""
    return {
        "number": each.number,
        "kind": each.kind,
        "state": each.state,
        "media_type": each.media_type,
        "size": each.size,
    }


def _list(report: int | None, *, as_json: bool) -> None:
    with opened() as krajai, krajai.database.read() as session:
        found = media.of_reports(session) if report is None else media.of_report(session, report)
    rows = [
        {"report": each.safety_report_id, **in_short(each), "sent_at": each.created_at.isoformat()}
        for each in found
    ]
    if as_json:
        write_json({"files": rows})
        return
    table = Table("report", "number", "kind", "state", "type", "bytes", "sent at", box=None)
    for row in rows:
        table.add_row(*(str(value) for value in row.values()))
    console.print(table)


def _write(report: int | None, number: int, to: Path, as_: str | None, *, as_json: bool) -> None:
    with opened() as krajai:
        try:
            with krajai.database.write() as session:
                by, now = actor(session, as_), krajai.database.now(session)
                found = session.get(Media, number)
                came_with = None if found is None else found.safety_report_id
                if found is None or came_with is None or report not in (None, came_with):
                    fail(
                        f"no file {number} came with {'a cry' if report is None else f'cry {report}'} for help"
                    )
                if found.state != MediaState.KEPT:
                    fail(f"file {number} is {found.state}: there is nothing to write")
                data = media_folder(krajai).read(found.file)
                record(
                    session,
                    now,
                    actor=by,
                    action="safety_report.file_shown",
                    subject=f"safety_report/{came_with}",
                    detail={"file": number},
                )
            write_new(to, data)
        except (UnknownOfficer, SealBroken) as refused:
            fail(str(refused))
        except OSError as fault:
            fail(f"the file cannot be read or written: {fault}")
    if as_json:
        write_json({"report": came_with, **in_short(found), "written_to": str(to)})
    else:
        console.print(f"{len(data):,} bytes ({found.media_type}) written to {to}")
