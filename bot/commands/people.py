"""krajai person: what is kept of one citizen, on her request."""

from typing import TYPE_CHECKING, Annotated

import typer

from bot.commands.console import WRONG_USE, JsonOption, console, fail, opened, write_json

if TYPE_CHECKING:
    from sqlmodel import Session

app = typer.Typer(help="One citizen's data, on her request.", no_args_is_help=True)

ContactArgument = typer.Argument(help="Where she writes from: channel:address, such as sms:+66812345678.")
OfficerOption = typer.Option("--as", help="The officer who acts; needed as soon as one officer exists.")


@app.command()
def export(
    contact: Annotated[str, ContactArgument],
    as_: Annotated[str | None, OfficerOption] = None,
    as_json: Annotated[bool, JsonOption] = False,
) -> None:
    """Copy all that is kept of a citizen; the audit log says that it was done, not what it was."""
    from storage.audit import record
    from storage.officers import UnknownOfficer, actor
    from storage.person_record import export as exported

    with opened() as krajai:
        try:
            with krajai.database.write() as session:
                by, now = actor(session, as_), krajai.database.now(session)
                person_id = _person(session, contact)
                found = exported(session, person_id)
                record(session, now, actor=by, action="person.export", subject=f"person/{person_id}")
        except UnknownOfficer as fault:
            fail(str(fault))
    if as_json:
        write_json(found)
        return
    for table, rows in found.items():
        console.print(f"{table}: {len(rows)}")
        for row in rows:
            console.print("  " + ", ".join(f"{name}={value}" for name, value in row.items()))


@app.command()
def erase(
    contact: Annotated[str, ContactArgument],
    as_: Annotated[str | None, OfficerOption] = None,
    yes: Annotated[
        bool, typer.Option("--yes", help="She was asked and has confirmed; nothing comes back.")
    ] = False,
) -> None:
    """Erase all that is kept of a citizen who asked for it by another way than the chat; she is told nothing."""
    from storage.erasure import erase as erased
    from storage.officers import UnknownOfficer, actor

    if not yes:
        fail("this cannot be undone: ask her, then say --yes", WRONG_USE)
    with opened() as krajai:
        try:
            with krajai.database.write() as session:
                by, now = actor(session, as_), krajai.database.now(session)
                person_id = _person(session, contact)
                erased(session, person_id, now, actor=by)
        except UnknownOfficer as fault:
            fail(str(fault))
    console.print(f"person {person_id} is erased")


@app.command()
def join(
    contact: Annotated[str, ContactArgument],
    phone: Annotated[str, typer.Argument(help="Her telephone, from which she has texted us: sms:+66...")],
    as_: Annotated[str | None, OfficerOption] = None,
) -> None:
    """Make a citizen's telephone a second way to reach her; when LINE cannot, an emergency goes out there."""
    import storage.tables  # noqa: F401 - all tables are looked through for what is kept of her
    from storage.joined_phones import NotJoined, join_phone
    from storage.officers import UnknownOfficer, actor

    with opened() as krajai:
        try:
            with krajai.database.write() as session:
                by, now = actor(session, as_), krajai.database.now(session)
                person_id = _person(session, contact)
                join_phone(session, person_id, _person(session, phone), now, by=by)
        except (UnknownOfficer, NotJoined) as fault:
            fail(str(fault))
    console.print(f"person {person_id} can now be reached at {phone}, too")


def _person(session: "Session", contact: str) -> int:
    from storage.person_record import person_at

    channel, colon, address = contact.partition(":")
    if not colon or not address:
        fail(f"{contact!r} is no contact: write channel:address, such as sms:+66812345678", WRONG_USE)
    found = person_at(session, channel, address)
    if found is None:
        fail(f"nobody is known at this address on {channel}")
    return found
