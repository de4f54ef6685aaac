"""`krajai` as it is, with three things that no setting offers: no pace, no storing, and a count of commits.

BENCHMARK_IN_FLIGHT takes the pace off every real channel and lets at most so many sends be on their way at once, which
is what Krajai's rivals have; 0 leaves that to the channel. BENCHMARK_STORES_NOTHING lets webhooks be verified, read and
answered, and forgotten.
BENCHMARK_COUNTS names a file that gets the count when the process ends.
"""

import asyncio
import json
import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, event

from bot import __main__ as krajai
from bot.commands import processes
from bot.ingest import Ingest
from bot.settings import Settings
from bot.wiring import Krajai, open_krajai
from storage.inbox import ReceivedEvent

NO_PACE = 50_000.0
"""Requests a second: far above what any client here can make."""


def main() -> None:
    """Run the command of the arguments."""
    if in_flight := os.environ.get("BENCHMARK_IN_FLIGHT"):
        _take_pace_off(int(in_flight))
    if os.environ.get("BENCHMARK_STORES_NOTHING"):
        Ingest.store = _forget  # type: ignore[method-assign]
    counts = os.environ.get("BENCHMARK_COUNTS")
    counted = _count_commits() if counts else []
    try:
        krajai.main()
    finally:
        if counts:
            Path(counts).write_text(json.dumps({"commits": sum(counted)}), encoding="utf-8")


def _take_pace_off(in_flight: int) -> None:
    def opened(settings: Settings) -> Krajai:
        found = open_krajai(settings)
        for account in found.accounts:
            if account.channel_name != "local":
                _lift(account.channel, in_flight)
        return found

    processes.open_krajai = opened  # type: ignore[attr-defined]


async def _forget(self: Ingest, events: Sequence[ReceivedEvent]) -> None:
    """What `Ingest.store` is where nothing is stored."""


def _lift(channel: Any, in_flight: int) -> None:
    limits = dict.fromkeys(channel.traits.requests_per_second, NO_PACE)
    channel.traits = replace(channel.traits, requests_per_second=limits)
    if not in_flight:
        return
    at_once, send = asyncio.Semaphore(in_flight), channel.send

    async def send_in_turn(*arguments: Any, **more: Any) -> None:
        async with at_once:
            await send(*arguments, **more)

    channel.send = send_in_turn


def _count_commits() -> list[int]:
    counted: list[int] = []

    @event.listens_for(Engine, "commit")
    def _commit(_: object) -> None:
        counted.append(1)

    return counted


if __name__ == "__main__":
    main()
