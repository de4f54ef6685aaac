"""The `krajai` command. Only what a command needs is imported, so that each starts at once."""

import sys
from importlib import import_module

import typer

_GROUPS = {
    "account": "bot.commands.accounts",
    "alert": "bot.commands.alerts",
    "broadcast": "bot.commands.broadcasts",
    "group": "bot.commands.groups",
    "inbox": "bot.commands.inbox",
    "line": "bot.commands.line",
    "officer": "bot.commands.officers",
    "places": "bot.commands.places",
    "telegram": "bot.commands.telegram",
}
_SINGLE = {"demo": "bot.commands.demo", "doctor": "bot.commands.doctor"}
_PROCESSES = ("run", "web", "worker", "clock", "migrate")


def build(wanted: str | None = None) -> typer.Typer:
    """The command with its subcommands; with `wanted`, only the module of that subcommand is imported."""
    app = typer.Typer(
        help="Krajai: the news tower in the citizen's pocket.",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_show_locals=False,
    )
    known = wanted in _GROUPS or wanted in _SINGLE or wanted in _PROCESSES
    if not known or wanted in _PROCESSES:
        import_module("bot.commands.processes").register(app)
    for name, module in _GROUPS.items():
        if not known or wanted == name:
            app.add_typer(import_module(module).app, name=name)
    for name, module in _SINGLE.items():
        if not known or wanted == name:
            app.command(name)(getattr(import_module(module), name))
    app.callback()(_krajai)
    return app


def _krajai() -> None:
    """Krajai: the news tower in the citizen's pocket."""


def main() -> None:
    """Run the command of this process's arguments."""
    build(sys.argv[1] if len(sys.argv) > 1 else None)(prog_name="krajai")


if __name__ == "__main__":
    main()
