"""krajai schedule: what runs when, when it ran last and with what result."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

from rich.table import Table

from bot.commands.console import JsonOption, console, opened, write_json

if TYPE_CHECKING:
    from bot.wiring import Krajai


def schedule(as_json: Annotated[bool, JsonOption] = False) -> None:
    """Show the scheduled jobs: when each runs next, when it ran last, and what came of it."""
    with opened() as krajai:
        rows = _rows(krajai)
        if as_json:
            write_json({"schedule": rows})
            return
        table = Table("job", "when", "if missed", "next", "last", "result", box=None)
        for row in rows:
            table.add_row(
                row["name"],
                row["when"],
                row["missed"],
                _shown(krajai, row["next_at"]),
                _shown(krajai, row["last_slot"]),
                f"{row['outcome'] or '-'} {row['result']}".strip(),
            )
        console.print(table)


def _rows(krajai: "Krajai") -> list[dict[str, Any]]:
    from broadcasts.schedule import SCHEDULE
    from broadcasts.slots import next_slot
    from storage.schedule import last_run

    rows = []
    with krajai.database.read() as session:
        now = krajai.database.now(session)
        for job in SCHEDULE:
            last = last_run(session, job.name)
            rows.append(
                {
                    "name": job.name,
                    "when": _when(job),
                    "missed": job.missed.value,
                    "next_at": next_slot(job, last.slot if last else None, now).isoformat(),
                    "last_slot": last.slot.isoformat() if last else None,
                    "started_at": last.started_at.isoformat() if last else None,
                    "finished_at": last.finished_at.isoformat() if last and last.finished_at else None,
                    "outcome": last.outcome if last else None,
                    "attempt": last.attempt if last else 0,
                    "result": last.result if last else "",
                }
            )
    return rows


def _when(job: Any) -> str:
    if job.daily_at is not None:
        return f"daily at {job.daily_at:%H:%M} in Bangkok"
    return (
        f"every {job.every_seconds} s" if job.every_seconds < 60 else f"every {job.every_seconds // 60} min"
    )


def _shown(krajai: "Krajai", at: str | None) -> str:
    if at is None:
        return "-"
    return f"{datetime.fromisoformat(at).astimezone(krajai.settings.zone):%Y-%m-%d %H:%M:%S}"
