"""The `krajai` command. Only what a command needs is imported, so that each starts at once."""

import sys
from dataclasses import dataclass
from importlib import import_module

import typer

_PROCESSES = "bot.commands.processes"


@dataclass(frozen=True, kw_only=True)
class Command:
    """A command of `krajai`: `attribute` of `module` is a group of commands or, with `is_group` False, a function.

    `help` is the first line of its own help, so that `krajai --help` imports nothing.
    """

    module: str
    attribute: str
    help: str
    is_group: bool = True


COMMANDS: dict[str, Command] = {
    name: Command(module=module, attribute=attribute, help=help_, is_group=attribute == "app")
    for name, module, attribute, help_ in (
        ("run", _PROCESSES, "run", "Run everything in one process: pages, sending and schedule."),
        ("web", _PROCESSES, "web", "Serve the pages and webhooks."),
        ("worker", _PROCESSES, "worker", "Handle what citizens send, plan broadcasts, send the outbox."),
        ("clock", _PROCESSES, "clock", "Run the schedule."),
        ("migrate", _PROCESSES, "migrate", "Bring the database to the form this version needs."),
        ("account", "bot.commands.accounts", "app", "Accounts on LINE, Telegram and SMS."),
        ("advice", "bot.commands.advice", "app", "Advice by the weather to those who farm, and officers' bulletins."),
        ("alert", "bot.commands.alerts", "app", "Warnings: CAP in, released to those they concern."),
        ("backup", "bot.commands.backup", "backup", "Write the database and citizens' files into one file"),
        ("audit", "bot.commands.audit", "app", "The audit log: verify it, keep its end elsewhere, read it."),
        ("broadcast", "bot.commands.broadcasts", "app", "Broadcasts: what went out to whom."),
        ("case", "bot.commands.cases", "app", "Complaints and requests: take them, answer them, close them."),
        ("cost", "bot.commands.cost", "cost", "Forecast messages and baht a month per account"),
        ("demo", "bot.commands.demo", "demo", "Fill the simulator with citizens and release sample warnings to them."),
        ("doctor", "bot.commands.doctor", "doctor", "Check settings, database, what waits, and every vendor"),
        ("drill", "bot.commands.drills", "app", "Drills: volunteers, and minutes from draft to first message."),
        ("group", "bot.commands.groups", "app", "Group chats that are warned."),
        ("inbox", "bot.commands.inbox", "app", "What citizens sent and could not be handled."),
        ("knowledge", "bot.commands.knowledge", "app", "The articles that answer questions about government services."),
        ("line", "bot.commands.line", "app", "What is set up at LINE."),
        ("officer", "bot.commands.officers", "app", "Officers who act for the agency."),
        ("outbox", "bot.commands.outbox", "app", "What waits to be sent: look, hold all of it, let it go."),
        ("person", "bot.commands.people", "app", "One citizen's data, on her request."),
        ("places", "bot.commands.places", "app", "The register of provinces, districts, subdistricts and villages."),
        ("prices", "bot.commands.prices", "app", "Prices of farm products: fetched, imported, held for a person."),
        ("replay", "bot.commands.replay", "replay", "Play recorded answers of sources with the clock in hand"),
        ("restore", "bot.commands.backup", "restore", "Bring a backup back"),
        ("schedule", "bot.commands.schedule", "schedule", "Show the scheduled jobs"),
        ("sources", "bot.commands.sources", "sources", "Show every outside source"),
        ("telegram", "bot.commands.telegram", "app", "Bots on Telegram."),
        ("understand", "bot.commands.understand", "understand", "Tell what words are taken to mean"),
    )
}  # fmt: skip


def build(wanted: str | None = None) -> typer.Typer:
    """The command with its subcommands; those that are not `wanted` show their help only."""
    app = typer.Typer(
        help="Krajai: the news tower in the citizen's pocket.",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_show_locals=False,
    )
    for name, command in COMMANDS.items():
        loaded = getattr(import_module(command.module), command.attribute) if name == wanted else None
        if command.is_group:
            app.add_typer(loaded or typer.Typer(), name=name, help=command.help)
        else:
            app.command(name, help=None if loaded else command.help)(loaded or _not_loaded)
    app.callback()(_krajai)
    return app


def main() -> None:
    """Run the command of this process's arguments."""
    build(sys.argv[1] if len(sys.argv) > 1 else None)(prog_name="krajai")


def _krajai() -> None:
    """Krajai: the news tower in the citizen's pocket."""


def _not_loaded() -> None:
    """Stands for a command in the list of commands."""


if __name__ == "__main__":
    main()
