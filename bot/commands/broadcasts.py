"""krajai broadcast: what is going out and what became of it."""

from typing import Annotated, Any

import typer
from rich.table import Table
from sqlmodel import col, select

from bot.commands.console import JsonOption, console, errors, fail, opened, write_json
from bot.commands.progress import watch_broadcast
from bot.commands.reports import print_texts, released_json, report, texts_json
from bot.wiring import Krajai
from broadcasts.alerts.releasing import UnknownBroadcast, stop_released
from broadcasts.delivery import fallback, repeating
from broadcasts.delivery.held_up import held_up_on
from broadcasts.delivery.progress import reasons_of
from broadcasts.delivery.repeating import NotRepeatable, Repetition
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

MOST_LISTED = 10_000
MOST_PRINTED = 20


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
        released = f"{each.released_at.astimezone(krajai.settings.zone):%Y-%m-%d %H:%M:%S}"
        is_choosing = each.state == BroadcastState.RELEASED and each.planned_at is None
        state = f"{each.state}, choosing recipients" if is_choosing else each.state
        table.add_row(str(each.id), each.kind, each.priority, state, released, each.released_by)
    console.print(table)


@app.command()
def show(
    broadcast_id: BroadcastId,
    watch: Annotated[
        bool,
        typer.Option("--watch", help="Follow the delivery until it has ended; with --json a line a second."),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Show a broadcast's outcomes, and by name of contact who did not simply get it."""
    with opened() as krajai:
        with krajai.database.read() as session:
            broadcast = session.get(Broadcast, broadcast_id)
        if broadcast is None:
            fail(f"there is no broadcast {broadcast_id}: see `krajai broadcast list`")
        if watch:
            _follow(krajai, broadcast_id, as_json=as_json)
            return
        with krajai.database.read() as session:
            tally = batches.tally(session, broadcast_id)
            notes = batches.notes_of(session, broadcast_id, MOST_LISTED)
            held_up = list(held_up_on(session, broadcast_id).values())
            reasons = reasons_of(session, broadcast_id)
            texts = fallback.spent_on(session, broadcast)
    listed = [
        {"contact": each.contact_id, "note": each.note, "reason": each.reason, "at": each.at}
        for each in notes
    ]
    if as_json:
        found = {"delivery": tally, "held_up": held_up, "reasons": reasons, "recipients": listed}
        write_json({**_as_json(broadcast), **found, "texts_instead": texts_json(texts)})
        return
    console.print(
        f"broadcast {broadcast_id}: {broadcast.kind}, {broadcast.state} {broadcast.reason}", markup=False
    )
    console.print(", ".join(f"{name} {number:,}" for name, number in tally.items() if number) or "nobody")
    for each in held_up:
        console.print(f"  {each}", markup=False)
    for reason, number in reasons.items():
        console.print(f"  {number:,} {reason}")
    print_texts(texts)
    for row in listed[:MOST_PRINTED]:
        console.print(f"  contact {row['contact']}: {row['note']} ({row['reason']})", markup=False)
    if len(listed) > MOST_PRINTED:
        console.print(f"  and more: krajai broadcast report {broadcast_id} --csv FILE lists all of them")


def _follow(krajai: Krajai, broadcast_id: int, *, as_json: bool) -> None:
    try:
        tally = watch_broadcast(krajai, broadcast_id, quiet=as_json, snapshots=as_json, patient=True)
    except KeyboardInterrupt:
        errors.print("no longer watched; the broadcast goes on")
        return
    if not as_json:
        said = ", ".join(f"{name} {number:,}" for name, number in tally.items() if number)
        console.print(f"broadcast {broadcast_id} has ended: {said or 'nobody'}")


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


@app.command()
def retry(
    broadcast_id: BroadcastId,
    as_: As = None,
    unknown: Annotated[
        bool,
        typer.Option("--unknown", help="Also those who may have got it already: they may read it twice."),
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask; for scripts.")] = False,
    as_json: AsJson = False,
) -> None:
    """Send a broadcast once more to those whom it failed to reach; nobody who got it gets it again."""
    with opened() as krajai:
        try:
            with krajai.database.read() as session:
                actor(session, as_)
                now = krajai.database.now(session)
                found = repeating.look(session, broadcast_id, now, with_unknown=unknown)
            if not yes:
                _ask(found, with_unknown=unknown)
            with krajai.database.write() as session:
                by, now = actor(session, as_), krajai.database.now(session)
                repetition = repeating.repeat(
                    session, broadcast_id, now, krajai.batch_sizes, by=by, with_unknown=unknown
                )
                assert repetition.id is not None
                again = batches.tally(session, repetition.id)["planned"]
        except (NotRepeatable, UnknownOfficer) as refused:
            fail(str(refused))
    if as_json:
        write_json({**_as_json(repetition), "retry_of": found.original, "recipients": again})
        return
    console.print(
        f"broadcast {repetition.id} sends it once more to {again:,} of broadcast {found.original}; "
        f"follow it: krajai broadcast show {repetition.id} --watch"
    )


def _ask(found: Repetition, *, with_unknown: bool) -> None:
    """Say what will happen, and to whom."""
    out_of_reach = found.failed + (found.unknown if with_unknown else 0) - found.recipients
    errors.print(f"broadcast {found.original}: {found.failed:,} failed, {found.unknown:,} unknown")
    if out_of_reach:
        errors.print(f"{out_of_reach:,} of them have blocked us, stopped or been erased: they get nothing")
    if found.again:
        errors.print(
            f"WARNING: {found.again:,} of them may have got it already and would read it a second time. "
            "Where it says to leave a house, twice is better than never; where it does not, leave --unknown out."
        )
    if not found.recipients:
        raise NotRepeatable("nobody is left who was missed and can be reached")
    if not typer.confirm(f"Send it once more to {found.recipients:,}?", default=False, err=True):
        fail("not sent")


app.command()(report)


def _as_json(broadcast: Broadcast) -> dict[str, Any]:
    return released_json(broadcast) | {
        "expires_at": broadcast.expires_at.isoformat(),
        "planned": broadcast.planned_at is not None,
    }
