"""Following a delivery at the terminal."""

import time

from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from bot.commands.console import errors
from bot.wiring import Krajai
from storage import batches
from storage.broadcasts import Broadcast
from storage.lifecycles import BroadcastState

LOOK_SECONDS = 0.3
NOBODY_WORKS_SECONDS = 10.0


def watch_broadcast(krajai: Krajai, broadcast_id: int, *, quiet: bool) -> dict[str, int]:
    """Show how a broadcast goes out until it has ended, or until nothing has moved for a while; its tally."""
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.completed:,}/{task.total:,}"))
    with Progress(*columns, TimeElapsedColumn(), console=errors, disable=quiet) as progress:
        task = progress.add_task("sending", total=1)
        moved_at, seen = time.monotonic(), -1
        while True:
            with krajai.database.read() as session:
                broadcast = session.get_one(Broadcast, broadcast_id)
                tally = batches.tally(session, broadcast_id)
            settled = sum(tally[name] for name in ("accepted", "failed", "unknown", "skipped", "not_sent"))
            progress.update(
                task, total=max(tally["planned"], 1), completed=settled, description=_description(tally)
            )
            if broadcast.state not in (BroadcastState.RELEASED, BroadcastState.PAUSED):
                return tally
            if settled != seen:
                moved_at, seen = time.monotonic(), settled
            elif time.monotonic() - moved_at > NOBODY_WORKS_SECONDS:
                errors.print(_why_waiting(broadcast))
                return tally
            time.sleep(LOOK_SECONDS)


def _description(tally: dict[str, int]) -> str:
    said = [f"{name} {tally[name]:,}" for name in ("accepted", "failed", "unknown", "skipped") if tally[name]]
    return ", ".join(said) or "sending"


def _why_waiting(broadcast: Broadcast) -> str:
    if broadcast.state == BroadcastState.PAUSED:
        return f"krajai: the broadcast is paused: {broadcast.reason}"
    return "krajai: it is released, but no worker has moved it for a while: is `krajai run` (or a worker) running?"
