"""krajai officer: who may release alerts at the command line."""

from typing import Annotated

import typer

from bot.commands.console import JsonOption, console, fail, opened, write_json
from storage.audit import record
from storage.officers import LOCAL_OPERATOR, Officer, officers

app = typer.Typer(help="Officers who act for the agency.", no_args_is_help=True)


@app.command()
def add(name: Annotated[str, typer.Argument(help="How the officer signs, such as suda.k")]) -> None:
    """Add an officer; from then on `alert release` needs --as."""
    if not name.strip() or name != name.strip() or len(name) > 80:
        fail("an officer's name has 1 to 80 characters, without spaces around it", 2)
    with opened() as krajai, krajai.database.write() as session:
        if any(officer.name == name for officer in officers(session)):
            fail(f"there is an officer {name!r} already")
        now = krajai.database.now(session)
        officer = Officer(name=name, created_at=now)
        session.add(officer)
        session.flush()
        record(session, now, actor=LOCAL_OPERATOR, action="officer.add", subject=f"officer/{officer.id}")
    console.print(f"officer {name} added", markup=False)


@app.command("list")
def list_(as_json: Annotated[bool, JsonOption] = False) -> None:
    """Show the officers."""
    with opened() as krajai, krajai.database.read() as session:
        found = officers(session)
    if as_json:
        write_json({"officers": [{"name": each.name, "state": each.state} for each in found]})
    for each in () if as_json else found:
        console.print(f"{each.name}  {each.state}", markup=False)


@app.command()
def disable(name: Annotated[str, typer.Argument(help="The officer's name.")]) -> None:
    """Take an officer's right to act."""
    with opened() as krajai, krajai.database.write() as session:
        found = next((each for each in officers(session) if each.name == name), None)
        if found is None:
            fail(f"there is no officer {name!r}")
        found.state = "disabled"
        session.add(found)
        now = krajai.database.now(session)
        record(session, now, actor=LOCAL_OPERATOR, action="officer.disable", subject=f"officer/{found.id}")
    console.print(f"officer {name} is disabled", markup=False)
