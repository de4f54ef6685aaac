"""Gates: coroutines wait here until they may call a provider."""

import asyncio
import math
import time
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import structlog
from sqlalchemy.exc import SQLAlchemyError

from storage.pace import SLACK_SECONDS, PaceClass, PaceLease, Pacer

log = structlog.get_logger()

_LOCAL_SLACK_SECONDS = SLACK_SECONDS * 0.75
"""The rest of the slack is for the way from the database's clock to ours."""

_MOST_WANTED = 256
_THREADS = 4
_AGAIN_SECONDS = 0.5
_WINDOW_SECONDS = 1.001
"""A sliding second, and a little for clocks that are read at different moments."""


class Gate:
    """The gate of one endpoint for one class: lets waiters through, first come first served, at leased departures."""

    def __init__(
        self,
        pacer: Pacer,
        account_id: int,
        endpoint: str,
        pace_class: PaceClass,
        limit: float,
        threads: ThreadPoolExecutor | None = None,
    ) -> None:
        self._pacer = pacer
        self._lease_of = (account_id, endpoint, pace_class)
        self._limit = limit
        self._threads = threads
        self._waiters: deque[asyncio.Future[None]] = deque()
        self._pump: asyncio.Task[None] | None = None

    async def passage(self) -> None:
        """Return at the moment of departure; the call must leave at once. Cancelling gives the place to the next."""
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiters.append(waiter)
        if self._pump is None or self._pump.done():
            self._pump = asyncio.create_task(self._let_through())
        try:
            await waiter
        except asyncio.CancelledError:
            if waiter.done() and not waiter.cancelled() and self._waiting():
                self._waiters.popleft().set_result(None)
            raise

    async def _let_through(self) -> None:
        loop = asyncio.get_running_loop()
        while self._waiting():
            wanted = min(len(self._waiters), _MOST_WANTED)
            try:
                lease, asked_at = await loop.run_in_executor(self._threads, self._lease, wanted)
            except SQLAlchemyError as fault:
                log.warning("no departures, will be asked for again", kind=type(fault).__name__)
                await asyncio.sleep(_AGAIN_SECONDS)
                continue
            for departure in lease.departures:
                await asyncio.sleep(max(asked_at + departure - time.monotonic(), 0))
                if time.monotonic() > asked_at + departure + _LOCAL_SLACK_SECONDS:
                    continue
                if not self._waiting():
                    return
                self._waiters.popleft().set_result(None)
            if not lease.departures:
                await asyncio.sleep(lease.wait_seconds)

    def _lease(self, wanted: int) -> tuple[PaceLease, float]:
        """A lease and when it was given: read here, since a busy event loop hears of it later."""
        account_id, endpoint, pace_class = self._lease_of
        lease = self._pacer.lease(account_id, endpoint, pace_class, wanted, self._limit)
        return lease, time.monotonic()

    def _waiting(self) -> bool:
        while self._waiters and self._waiters[0].done():
            self._waiters.popleft()
        return bool(self._waiters)


class Gates:
    """All gates of a process, made when first asked for."""

    def __init__(self, pacer: Pacer) -> None:
        self._pacer = pacer
        # Threads of their own: a departure must not queue behind the work of all others.
        self._threads = ThreadPoolExecutor(_THREADS, "pace")
        self._gates: dict[tuple[int, str, PaceClass], Gate] = {}
        self._left: dict[tuple[int, str], deque[_Departure]] = {}

    def of(self, account_id: int, endpoint: str, pace_class: PaceClass, limit: float) -> Gate:
        key = (account_id, endpoint, pace_class)
        if key not in self._gates:
            self._gates[key] = Gate(self._pacer, account_id, endpoint, pace_class, limit, self._threads)
        return self._gates[key]

    async def departure(self, account_id: int, endpoint: str, limit: float) -> None:
        """The last look before the call: what delayed it since its passage must not crowd it into its neighbours.

        Whatever happened on the way, this process makes at most `limit` calls in any second.
        """
        left = self._left.setdefault((account_id, endpoint), deque(maxlen=max(math.floor(limit), 1)))
        window = max(_WINDOW_SECONDS, 1 / limit)
        before = left[0] if len(left) == left.maxlen else _Departure(at=-math.inf)
        mine = _Departure(at=max(time.monotonic(), before.at + window))
        left.append(mine)
        while (wait_seconds := before.at + window - time.monotonic()) > 0:  # noqa: ASYNC110 - time tells, no event
            await asyncio.sleep(wait_seconds)
        mine.at = time.monotonic()


@dataclass(kw_only=True)
class _Departure:
    """When a call left, or is expected to."""

    at: float
