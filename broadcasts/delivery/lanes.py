"""Lanes: what of one account and class is ahead of its departure and on its way, and when there is room for more."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from typing import Any

from broadcasts.delivery.channel import ChannelTraits
from storage.leases import SEND_TIMEOUT_SECONDS

AHEAD_SECONDS = 2.0
"""So much of what leaves at the limit is claimed ahead. What has left counts no more, however slow its answer is: by
the law of Little as much is on its way as limit and latency make it."""

MOST_AHEAD = 120
MOST_ON_THE_WAY = 400
"""Batches, whatever the limit is: they are held in memory."""

MOST_REQUESTS_AHEAD = 2000
"""Ahead of their departure, whatever the limit is: each is made ready when it is claimed, while those before it want to
leave."""

CLAIMED_TOGETHER = 8000
"""Recipients a transaction: on SQLite whoever else writes waits for it, some tens of milliseconds."""


@dataclass(frozen=True, kw_only=True)
class Measure:
    """How much fits on a lane: `ahead` in requests that have not left, `batches` with those that have.

    `together`: batches that are claimed at once.
    """

    ahead: int
    batches: int
    requests_a_batch: int
    together: int

    @property
    def enough(self) -> int:
        """As long as so many are ahead nothing more is claimed: looking at every departure would cost too much."""
        return self.ahead // 2


def measure_of(traits: ChannelTraits) -> Measure:
    """What a channel's lane holds."""
    limit = traits.requests_per_second[traits.bulk_endpoint]
    requests = -(-traits.recipients_per_batch // traits.recipients_per_request)
    ahead = min(limit * AHEAD_SECONDS, MOST_AHEAD * requests, MOST_REQUESTS_AHEAD)
    slowest = ahead + limit * SEND_TIMEOUT_SECONDS
    return Measure(
        ahead=max(int(ahead), 1),
        batches=min(int(slowest / requests) + 2, MOST_ON_THE_WAY),
        requests_a_batch=requests,
        together=max(CLAIMED_TOGETHER // traits.recipients_per_batch, 1),
    )


class Lane:
    """Sends of one account and class side by side; one job at a time puts more on it."""

    def __init__(self) -> None:
        self.is_served = False
        self._on_their_way: set[asyncio.Task[None]] = set()
        self._ahead = 0
        self._is_wanted: Callable[[], bool] = lambda: False
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

    async def room(self, measure: Measure, seconds: float) -> int:
        """Wait until there is room for more, so long at the utmost; for how many batches there is room then."""
        if self._batches_that_fit(measure) <= 0:
            await self._until(lambda: self._batches_that_fit(measure) > 0, seconds)
        self._wake.clear()
        return self._batches_that_fit(measure)

    async def quiet(self, seconds: float) -> None:
        """Wait until all are back or somebody tells that more waits, so long at the utmost."""
        await self._until(lambda: not self._on_their_way, seconds)

    def start(
        self, requests: int, send: Callable[[Callable[[], None]], Coroutine[Any, Any, None]]
    ) -> asyncio.Task[None]:
        """Put a send of so many requests on the lane; it is given what to call whenever one has left."""
        task = asyncio.create_task(self._run(requests, send))
        self._on_their_way.add(task)
        self._ahead += requests
        task.add_done_callback(self._back)
        return task

    async def _run(self, requests: int, send: Callable[[Callable[[], None]], Awaitable[None]]) -> None:
        left = 0

        def one_left() -> None:
            nonlocal left
            if left < requests:
                left += 1
                self._gone(1)

        try:
            await send(one_left)
        finally:
            self._gone(requests - left)

    def _batches_that_fit(self, measure: Measure) -> int:
        if self._ahead > measure.enough:
            return 0
        ahead = max((measure.ahead - self._ahead) // measure.requests_a_batch, 1)
        return min(ahead, measure.batches - len(self._on_their_way), measure.together)

    async def _until(self, is_wanted: Callable[[], bool], seconds: float) -> None:
        self._is_wanted = is_wanted
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(max(seconds, 0.0)):
                await self._wake.wait()

    def _gone(self, requests: int) -> None:
        self._ahead -= requests
        if self._is_wanted():
            self._wake.set()

    def _back(self, task: asyncio.Task[None]) -> None:
        self._on_their_way.discard(task)
        if self._is_wanted():
            self._wake.set()
