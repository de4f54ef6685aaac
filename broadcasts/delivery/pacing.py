"""Gates: coroutines wait here until they may call a provider."""

import asyncio
from collections import deque

from storage.pace import SLACK_SECONDS, PaceClass, Pacer

_LOCAL_SLACK_SECONDS = SLACK_SECONDS * 0.75
"""The rest of the slack is for the way from the database's clock to ours."""

_MOST_WANTED = 256


class Gate:
    """The gate of one endpoint for one class: lets waiters through, first come first served, at leased departures."""

    def __init__(
        self, pacer: Pacer, account_id: int, endpoint: str, pace_class: PaceClass, limit: float
    ) -> None:
        self._pacer = pacer
        self._lease_of = (account_id, endpoint, pace_class)
        self._limit = limit
        self._waiters: deque[asyncio.Future[None]] = deque()
        self._pump: asyncio.Task[None] | None = None

    async def passage(self) -> None:
        """Return at the moment of departure; the call must leave at once. Cancelling gives the place to the next."""
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiters.append(waiter)
        if self._pump is None or self._pump.done():
            self._pump = asyncio.create_task(self._let_through())
        await waiter

    async def _let_through(self) -> None:
        loop = asyncio.get_running_loop()
        while self._waiting():
            wanted = min(len(self._waiters), _MOST_WANTED)
            account_id, endpoint, pace_class = self._lease_of
            lease = await asyncio.to_thread(
                self._pacer.lease, account_id, endpoint, pace_class, wanted, self._limit
            )
            asked_at = loop.time()
            for departure in lease.departures:
                await asyncio.sleep(max(asked_at + departure - loop.time(), 0))
                if loop.time() > asked_at + departure + _LOCAL_SLACK_SECONDS:
                    continue
                if not self._waiting():
                    return
                self._waiters.popleft().set_result(None)
            if not lease.departures:
                await asyncio.sleep(lease.wait_seconds)

    def _waiting(self) -> bool:
        while self._waiters and self._waiters[0].done():
            self._waiters.popleft()
        return bool(self._waiters)


class Gates:
    """All gates of a process, made when first asked for."""

    def __init__(self, pacer: Pacer) -> None:
        self._pacer = pacer
        self._gates: dict[tuple[int, str, PaceClass], Gate] = {}

    def of(self, account_id: int, endpoint: str, pace_class: PaceClass, limit: float) -> Gate:
        key = (account_id, endpoint, pace_class)
        if key not in self._gates:
            self._gates[key] = Gate(self._pacer, account_id, endpoint, pace_class, limit)
        return self._gates[key]
