"""krajai sources: how the outside sources are."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table

from bot.commands.console import JsonOption, console, fail, opened, write_json

if TYPE_CHECKING:
    from bot.wiring import Krajai

_OFF = "off"


def sources(
    visit: Annotated[
        str | None,
        typer.Option("--visit", help="Visit this source now, outside the schedule, before showing all."),
    ] = None,
    as_json: Annotated[bool, JsonOption] = False,
) -> None:
    """Show every outside source: its state, the age of its data, and what was wrong the last time."""
    from bot.source_health import no_alarm
    from bot.visiting import Visitor
    from broadcasts.schedule import SCHEDULE, sources_in

    with opened() as krajai:
        # Whoever asks reads what is wrong; the alarm in the log is for when nobody looks.
        visitor = Visitor(database=krajai.database, settings=krajai.settings, alarm=no_alarm)
        known = {source.name: source for source in sources_in(SCHEDULE)}
        if visit is not None:
            if visit not in known:
                fail(f"--visit {visit}: give one of {', '.join(known)}")
            visitor.visit(known[visit])
        rows = [_row(krajai, visitor, source) for source in known.values()]
        if as_json:
            write_json({"sources": rows})
            return
        table = Table(
            "source", "state", "since", "data of", "tried", "last result", "what is wrong", box=None
        )
        for row in rows:
            table.add_row(
                row["name"],
                row["state"],
                _shown(krajai, row["since"]),
                _aged(row),
                _shown(krajai, row["tried_at"]),
                row["result"] or "-",
                row["error"] or "-",
            )
        console.print(table)


def _row(krajai: "Krajai", visitor: Any, source: Any) -> dict[str, Any]:
    from storage.sources import source_state

    off = visitor.turned_off(source)
    with krajai.database.read() as session:
        now = krajai.database.now(session)
        state = source_state(session, source.name, now)
    newest = state.data_at or state.good_at
    return {
        "name": source.name,
        "state": _OFF if off else state.status,
        "since": state.since.isoformat() if state.tried_at else None,
        "tried_at": _iso(state.tried_at),
        "good_at": _iso(state.good_at),
        "data_at": _iso(state.data_at),
        "age_seconds": int((now - newest).total_seconds()) if newest else None,
        "failures": state.failures,
        "result": state.result,
        "error": off or state.error,
    }


def _iso(at: datetime | None) -> str | None:
    return at.isoformat() if at else None


def _aged(row: dict[str, Any]) -> str:
    if row["age_seconds"] is None:
        return "-"
    minutes = row["age_seconds"] // 60
    for unit, size in (("d", 1440), ("h", 60)):
        if minutes >= size:
            return f"{minutes // size} {unit} ago"
    return f"{minutes} min ago"


def _shown(krajai: "Krajai", at: str | None) -> str:
    if at is None:
        return "-"
    return f"{datetime.fromisoformat(at).astimezone(krajai.settings.zone):%Y-%m-%d %H:%M}"
