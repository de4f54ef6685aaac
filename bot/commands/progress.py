"""Following a delivery at the terminal."""

import time
from collections.abc import Iterable, Mapping
from datetime import tzinfo
from types import MappingProxyType
from typing import Any

from rich.console import RenderableType
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.text import Text

from bot.commands.console import errors, write_json
from bot.commands.estimates import duration
from bot.wiring import Krajai
from broadcasts.delivery.progress import DeliveryWatch, Snapshot
from storage.lifecycles import BroadcastState
from storage.outbox_hold import hold_of

LOOK_SECONDS = 0.5
NOBODY_WORKS_SECONDS = 10.0
SNAPSHOT_SECONDS = 1.0
MOST_OF_THE_TIME = 20
"""A look that takes long is followed by a pause so many times as long: looking must not slow the sending."""

_MOST_REASONS = 5


def watch_broadcast(
    krajai: Krajai, broadcast_id: int, *, quiet: bool, snapshots: bool = False, patient: bool = False
) -> dict[str, int]:
    """Show how a broadcast goes out until it has ended; its tally.

    Unless `patient` it ends also when nothing has moved for a while. `snapshots` writes a line of JSON a second.
    """
    watch = DeliveryWatch(broadcast_id=broadcast_id)
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.completed:,}/{task.total:,}"))
    with _Bar(
        *columns, TimeElapsedColumn(), TextColumn("{task.fields[speed]}"), console=errors, disable=quiet
    ) as progress:
        task = progress.add_task("sending", total=1, speed="")
        moved_at, settled, told_at, complained = time.monotonic(), -1, -SNAPSHOT_SECONDS, ""
        while True:
            began = time.monotonic()
            with krajai.database.read() as session:
                seen = watch.look(session, krajai.database.now(session))
                held = hold_of(session)
            progress.reasons = seen.reasons
            progress.update(
                task,
                total=max(seen.planned, 1),
                completed=seen.settled,
                description=_description(seen),
                speed=_speed(seen),
            )
            if snapshots and (seen.over or began - told_at >= SNAPSHOT_SECONDS):
                told_at = began
                write_json(_as_json(seen), indent=None)
            if seen.over:
                return {"planned": seen.planned, **seen.counts}
            if seen.settled != settled:
                moved_at, settled, complained = time.monotonic(), seen.settled, ""
            elif time.monotonic() - moved_at > NOBODY_WORKS_SECONDS:
                why = _why_waiting(seen, held.reason if held else "", krajai.settings.zone)
                if why != complained:
                    errors.print(why)
                    complained = why
                if not patient:
                    return {"planned": seen.planned, **seen.counts}
            time.sleep(max(LOOK_SECONDS, MOST_OF_THE_TIME * (time.monotonic() - began)))


class _Bar(Progress):
    """With the most frequent reasons below it why some do not simply get it; all of them are in the report."""

    reasons: Mapping[str, int] = MappingProxyType({})

    def get_renderables(self) -> Iterable[RenderableType]:
        yield from super().get_renderables()
        for reason, number in list(self.reasons.items())[:_MOST_REASONS]:
            yield Text(f"  {number:,} {reason}")


def _description(seen: Snapshot) -> str:
    names = ("accepted", "failed", "unknown", "skipped", "not_sent")
    said = [f"{name.replace('_', ' ')} {seen.counts[name]:,}" for name in names if seen.counts[name]]
    return ", ".join(said) or ("choosing recipients" if seen.planning else "sending")


def _speed(seen: Snapshot) -> str:
    if seen.over or not seen.rate:
        return ""
    left = f", {duration(seen.eta_seconds)} left" if seen.eta_seconds else ""
    growing = " and more" if seen.planning else ""
    return f"{seen.rate:,.0f} a second{left}{growing}"


def _why_waiting(seen: Snapshot, held: str, zone: tzinfo) -> str:
    if held:
        return f"krajai: nothing is sent: the outbox is held ({held}): krajai outbox show"
    if seen.state == BroadcastState.PAUSED:
        return f"krajai: the broadcast is paused: {seen.reason}"
    if seen.not_before is not None:
        next_at = seen.not_before.astimezone(zone)
        return f"krajai: the others wait for the hour they wished, the next from {next_at:%d.%m. %H:%M}"
    return "krajai: it is released, but no worker has moved it for a while: is `krajai run` (or a worker) running?"


def _as_json(seen: Snapshot) -> dict[str, Any]:
    return {
        "at": seen.at.isoformat(timespec="milliseconds"),
        "state": seen.state,
        "reason": seen.reason,
        "planned": seen.planned,
        "planning": seen.planning,
        **seen.counts,
        "rate": round(seen.rate, 1),
        "eta_seconds": None if seen.eta_seconds is None else round(seen.eta_seconds, 1),
        "not_before": seen.not_before,
        "reasons": seen.reasons,
    }
