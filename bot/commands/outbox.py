"""krajai outbox: what waits to be sent, holding all of it, letting it go."""

from dataclasses import asdict
from typing import Annotated

import typer
from rich.table import Table

from bot.commands.console import JsonOption, console, fail, opened, write_json
from storage import outbox_held, outbox_hold
from storage.officers import UnknownOfficer, actor
from storage.outbox_held import Held

app = typer.Typer(help="What waits to be sent: look, hold all of it, let it go.", no_args_is_help=True)

As = Annotated[
    str | None, typer.Option("--as", help="The officer who acts; needed as soon as one officer exists.")
]


@app.command()
def show(as_json: Annotated[bool, JsonOption] = False) -> None:
    """Show whether the outbox is held, and what waits in it."""
    with opened() as krajai:
        with krajai.database.read() as session:
            found, now = outbox_held.held(session), krajai.database.now(session)
        if as_json:
            hold = found.hold.model_dump() if found.hold else None
            write_json({**asdict(found), "hold": hold})
            return
        zone = krajai.settings.zone
        if found.hold is None:
            console.print("The outbox is not held: what waits is sent.")
        else:
            since = found.hold.since.astimezone(zone)
            console.print(
                f"THE OUTBOX IS HELD since {since:%Y-%m-%d %H:%M} by {found.hold.held_by}: {found.hold.reason}"
            )
            if found.hold.as_of is not None:
                hours = (now - found.hold.as_of).total_seconds() / 3600
                console.print(
                    f"The backup was made {hours:,.1f} hours ago: what stands here may have gone out since."
                )
        table = Table("broadcast", "kind", "class", "state", "released", "expires", "would go to", box=None)
        for each in found.broadcasts:
            table.add_row(
                str(each.broadcast_id),
                each.kind,
                each.priority,
                each.state,
                f"{each.released_at.astimezone(zone):%d.%m. %H:%M}",
                f"{each.expires_at.astimezone(zone):%d.%m. %H:%M}"
                + (" over" if each.expires_at <= now else ""),
                f"{each.waiting:,}" + ("" if each.planned else " and those who are not chosen yet"),
            )
        if found.broadcasts:
            console.print(table)
        console.print(_messages(found))
        if found.hold is not None:
            console.print(
                "Stop what must not go out (krajai broadcast stop NUMBER), then: krajai outbox resume"
            )


@app.command()
def hold(
    reason: Annotated[str, typer.Argument(help="Why nothing is to be sent; others will read it.")],
    as_: As = None,
) -> None:
    """Send nothing at all from now on, warnings too, until `krajai outbox resume`."""
    with opened() as krajai:
        try:
            with krajai.database.write() as session:
                by, now = actor(session, as_), krajai.database.now(session)
                is_new = outbox_hold.hold(session, now, by=by, reason=reason)
        except UnknownOfficer as refused:
            fail(str(refused))
    if not is_new:
        fail("the outbox is held already: krajai outbox show")
    console.print(
        "THE OUTBOX IS HELD: nothing is sent, warnings neither. What is in flight this moment arrives."
    )
    console.print("Let it go again: krajai outbox resume")


@app.command()
def resume(
    discard_messages: Annotated[
        bool,
        typer.Option("--discard-messages", help="Never send the waiting messages to single citizens."),
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask; for scripts.")] = False,
    as_: As = None,
) -> None:
    """Let the outbox go: what waits in it is sent."""
    with opened() as krajai:
        try:
            with krajai.database.read() as session:
                actor(session, as_)
                found = outbox_held.held(session)
            if found.hold is None:
                fail("the outbox is not held")
            recipients = sum(each.waiting for each in found.broadcasts)
            messages = 0 if discard_messages else found.messages
            question = f"Send {len(found.broadcasts)} broadcasts to {recipients:,} or more, and {messages:,} messages?"
            if not yes and not typer.confirm(question, default=False, err=True):
                fail("still held")
            with krajai.database.write() as session:
                by, now = actor(session, as_), krajai.database.now(session)
                if discard_messages:
                    outbox_held.discard_messages(session, now, by=by)
                outbox_hold.let_go(session, now, by=by)
        except UnknownOfficer as refused:
            fail(str(refused))
    console.print("The outbox goes on.")


def _messages(found: Held) -> str:
    if not found.messages:
        return "No message to a single citizen waits."
    return f"{found.messages:,} messages to single citizens wait."
