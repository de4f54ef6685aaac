"""krajai broadcast: what is going out and what became of it."""

from typing import Annotated, Any

import typer
from rich.table import Table
from sqlmodel import col, select

from bot.commands.console import JsonOption, console, fail, opened, write_json
from broadcasts.alerts.releasing import UnknownBroadcast, stop_released
from storage import batches, broadcasts
from storage.broadcasts import DELIVERY_WORK, Broadcast, Priority
from storage.jobs import Job, Work, announce
from storage.lifecycles import BroadcastState, ForbiddenTransition
from storage.officers import UnknownOfficer, actor

app = typer.Typer(help="Broadcasts: what went out to whom.", no_args_is_help=True)

BroadcastId = Annotated[int, typer.Argument(help="The broadcast's number.")]
As = Annotated[
    str | None, typer.Option("--as", help="The officer who acts; needed as soon as one officer exists.")
]
AsJson = Annotated[bool, JsonOption]


@app.command("list")
def list_(as_json: AsJson = False) -> None:
    """Show broadcasts, the newest first (at most 100)."""
    with opened() as krajai, krajai.database.read() as session:
        found = list(session.exec(select(Broadcast).order_by(col(Broadcast.id).desc()).limit(100)))
    if as_json:
        write_json({"broadcasts": [_as_json(each) for each in found]})
        return
    table = Table("number", "kind", "class", "state", "released", "by", box=None)
    for each in found:
        released = each.released_at.isoformat(timespec="seconds")
        table.add_row(str(each.id), each.kind, each.priority, each.state, released, each.released_by)
    console.print(table)


@app.command()
def show(broadcast_id: BroadcastId, as_json: AsJson = False) -> None:
    """Show a broadcast's outcomes, and by name of contact who did not simply get it."""
    with opened() as krajai, krajai.database.read() as session:
        broadcast = session.get(Broadcast, broadcast_id)
        if broadcast is None:
            fail(f"there is no broadcast {broadcast_id}: see `krajai broadcast list`")
        tally = batches.tally(session, broadcast_id)
        notes = batches.notes_of(session, broadcast_id)
    listed = [
        {"contact": each.contact_id, "note": each.note, "reason": each.reason, "at": each.at}
        for each in notes
    ]
    if as_json:
        write_json({**_as_json(broadcast), "delivery": tally, "recipients": listed})
        return
    console.print(
        f"broadcast {broadcast_id}: {broadcast.kind}, {broadcast.state} {broadcast.reason}", markup=False
    )
    console.print(", ".join(f"{name} {number:,}" for name, number in tally.items() if number) or "nobody")
    for row in listed:
        console.print(f"  contact {row['contact']}: {row['note']} ({row['reason']})", markup=False)


@app.command()
def stop(broadcast_id: BroadcastId, as_: As = None) -> None:
    """Stop what of a broadcast is not sent yet; an alert that went out as it is stopped with it."""
    with opened() as krajai:
        try:
            with krajai.database.write() as session:
                by, now = actor(session, as_), krajai.database.now(session)
                stopped = stop_released(session, broadcast_id, now, by=by)
        except (UnknownBroadcast, UnknownOfficer, ForbiddenTransition) as refused:
            fail(str(refused))
    console.print(f"broadcast {broadcast_id}: {stopped} waiting batches stopped")


@app.command()
def resume(broadcast_id: BroadcastId, as_: As = None) -> None:
    """Let a paused broadcast go on after its cause was mended."""
    with opened() as krajai:
        try:
            with krajai.database.write() as session:
                now = krajai.database.now(session)
                broadcasts.move(session, broadcast_id, BroadcastState.RELEASED, now, by=actor(session, as_))
                broadcast = session.get_one(Broadcast, broadcast_id, populate_existing=True)
                work = DELIVERY_WORK[Priority(broadcast.priority)]
                announce(session, Job(work=Work.PLAN, key=str(broadcast_id)))
                announce(session, *(Job(work=work, key=str(account_id)) for account_id in krajai.channels))
        except (UnknownOfficer, ForbiddenTransition) as refused:
            fail(str(refused))
    console.print(f"broadcast {broadcast_id} goes on")


def _as_json(broadcast: Broadcast) -> dict[str, Any]:
    return {
        "id": broadcast.id,
        "kind": broadcast.kind,
        "class": broadcast.priority,
        "state": broadcast.state,
        "reason": broadcast.reason,
        "released_at": broadcast.released_at.isoformat(),
        "released_by": broadcast.released_by,
        "expires_at": broadcast.expires_at.isoformat(),
        "planned": broadcast.planned_at is not None,
    }
