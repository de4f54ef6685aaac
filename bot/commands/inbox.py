"""krajai inbox: events that could not be handled."""

import typer

from bot.commands.console import console, opened
from storage.inbox import retry_parked

app = typer.Typer(help="What citizens sent and could not be handled.", no_args_is_help=True)


@app.callback()
def _inbox() -> None:
    """A group of its own, though it has one command so far."""


@app.command()
def retry() -> None:
    """Give parked events another three tries."""
    with opened() as krajai, krajai.database.write() as session:
        retried = retry_parked(session, krajai.database.now(session))
    console.print(f"{retried} parked events are tried again")
