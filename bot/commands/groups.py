"""krajai group: invitations that bind a group chat to a place."""

from typing import Annotated

import typer

from bot.commands.console import JsonOption, console, fail, opened, write_json
from storage import places
from storage.audit import record
from storage.groups import invite as new_invite
from storage.officers import UnknownOfficer, actor

app = typer.Typer(help="Group chats that are warned.", no_args_is_help=True)


@app.callback()
def _group() -> None:
    """A group of its own, though it has one command so far."""


@app.command()
def invite(
    place: Annotated[str, typer.Argument(help="The group's place: a code or an exact name.")],
    as_: Annotated[
        str | None, typer.Option("--as", help="The officer who acts; needed as soon as one officer exists.")
    ] = None,
    as_json: Annotated[bool, JsonOption] = False,
) -> None:
    """Make a code of eight digits; typed in a group with Krajai's name it binds the group to the place."""
    found = places.find(place)
    if len(found) != 1:
        fail(
            f"{place!r} names {len(found)} places: give a code or a name with its parents (krajai places find)"
        )
    with opened() as krajai:
        try:
            with krajai.database.write() as session:
                by, now = actor(session, as_), krajai.database.now(session)
                made = new_invite(session, found[0].code, by, now)
                record(session, now, actor=by, action="group.invite", subject=f"place/{made.place}")
        except UnknownOfficer as fault:
            fail(str(fault))
    if as_json:
        write_json({"code": made.code, "place": made.place, "expires_at": made.expires_at.isoformat()})
    else:
        console.print(f"{made.code} for {places.full_name(made.place, 'th')}, good for a week and one group")
