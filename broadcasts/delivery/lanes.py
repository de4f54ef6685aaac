"""Lanes: what of one account and class is on its way from this process, and when there is room for more."""

import asyncio
import contextlib
from collections.abc import Coroutine
from typing import Any


class Lane:
    """Sends of one account and class side by side, so many at most; one job at a time puts more on it."""

    def __init__(self) -> None:
        self.is_served = False
        self._on_their_way: set[asyncio.Task[None]] = set()
        self._wake_at = 0
        self._wake = asyncio.Event()

    def serve(self) -> None:
        """A job begins to put sends on the lane."""
        self.is_served = True
        self._wake = asyncio.Event()

    def tell_that_more_waits(self) -> None:
        self._wake.set()

    @property
    def is_empty(self) -> bool:
        """Nothing is on its way, and nobody has told that more waits since the last look."""
        return not self._on_their_way and not self._wake.is_set()

    async def room(self, most: int, seconds: float) -> int:
        """Wait until a good part of `most` is free, so long at the utmost; for how many there is room then.

        Looking for more at every single answer would cost a transaction each.
        """
        enough = most - max(most // 4, 1)
        if len(self._on_their_way) > enough:
            await self._until_left(enough, seconds)
        self._wake.clear()
        return most - len(self._on_their_way)

    async def quiet(self, seconds: float) -> None:
        """Wait until all are back or somebody tells that more waits, so long at the utmost."""
        await self._until_left(0, seconds)

    def start(self, send: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Put a send on the lane."""
        task = asyncio.create_task(send)
        self._on_their_way.add(task)
        task.add_done_callback(self._back)
        return task

    async def _until_left(self, at_most: int, seconds: float) -> None:
        self._wake_at = at_most
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(max(seconds, 0.0)):
                await self._wake.wait()

    def _back(self, task: asyncio.Task[None]) -> None:
        self._on_their_way.discard(task)
        if len(self._on_their_way) <= self._wake_at:
            self._wake.set()
