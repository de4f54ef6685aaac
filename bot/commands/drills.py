"""krajai drill: the volunteers of exercises and trainings, and how long each drill took."""

from dataclasses import asdict
from typing import Annotated

import typer
from rich.table import Table
from sqlmodel import Session, select

from bot.commands.console import JsonOption, console, fail, opened, write_json
from broadcasts.alerts import drills
from storage import drill_members
from storage.audit import record
from storage.officers import UnknownOfficer, actor
from storage.people import Account, Contact
from storage.wording import dates

app = typer.Typer(help="Drills: volunteers, and minutes from draft to first message.", no_args_is_help=True)

As = Annotated[
    str | None, typer.Option("--as", help="The officer who acts; needed as soon as one officer exists.")
]
Group = Annotated[str, typer.Argument(help="The name of the group.")]
Channel = Annotated[str, typer.Argument(help="Her channel: local, line, telegram or sms.")]
Address = Annotated[str, typer.Argument(help="Her address there: an id or a telephone number.")]


@app.command()
def join(group: Group, channel: Channel, address: Address, as_: As = None) -> None:
    """Take somebody who wished it into a group of volunteers. She must have written to Krajai before."""
    _change(group, channel, address, as_, joins=True)


@app.command()
def leave(group: Group, channel: Channel, address: Address, as_: As = None) -> None:
    """Take her out of a group."""
    _change(group, channel, address, as_, joins=False)


@app.command("list")
def list_(as_json: Annotated[bool, JsonOption] = False) -> None:
    """Show the groups, and the drills with their minutes, the newest first."""
    with opened() as krajai:
        with krajai.database.read() as session:
            groups, found = drill_members.groups(session), drills.drills(session)
            due = drills.is_due(session, krajai.database.now(session))
        if as_json:
            rows = [{**asdict(each), "minutes": each.minutes} for each in found]
            write_json({"groups": dict(groups), "due": due, "drills": rows})
            return
        for name, count in groups.items():
            console.print(f"group {name}: {count:,} can be reached", markup=False)
        table = Table("released", "kind", "what", "minutes to the first message", box=None)
        for each in found:
            at = dates.stamp(each.released_at, "th", krajai.settings.zone)
            minutes = "-" if each.minutes is None else f"{each.minutes:.1f}"
            table.add_row(at, each.mode, each.headline, minutes)
        console.print(table)
        console.print("no drill in the last 31 days" if due else "the last drill is less than 31 days ago")


def _change(group: str, channel: str, address: str, as_: str | None, *, joins: bool) -> None:
    with opened() as krajai:
        try:
            with krajai.database.write() as session:
                by, now = actor(session, as_), krajai.database.now(session)
                contact_id = _contact(session, channel, address)
                if joins:
                    drill_members.join(session, group, contact_id, by=by, at=now)
                elif not drill_members.leave(session, group, contact_id, now):
                    fail(f"{channel} {address} is not in group {group!r}")
                act = "drill.join" if joins else "drill.leave"
                record(session, now, actor=by, action=act, subject=f"contact/{contact_id}")
        except (UnknownOfficer, ValueError) as fault:
            fail(str(fault))
    console.print(f"{channel} {address} {'joined' if joins else 'left'} group {group}", markup=False)


def _contact(session: Session, channel: str, address: str) -> int:
    query = (
        select(Contact.id)
        .join(Account)
        .where(Account.channel == channel, Contact.address == address, Contact.state == "active")
    )
    found = session.exec(query).first()
    if found is None:
        fail(f"nobody at {channel} {address} has written to Krajai")
    return found
