"""Gates: coroutines wait here until they may call a provider."""

import asyncio
import math
import time
from collections import Counter, deque
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import structlog
from sqlalchemy.exc import SQLAlchemyError

from broadcasts.delivery.channel import NotNow
from storage.leases import steady_seconds
from storage.pace import CLOSEST, PaceClass, PaceLease, Pacer, interval_seconds

log = structlog.get_logger()

LEAD_SECONDS = 0.05
"""So long before its departure a call is let through: time for the last look, the words and a free connection."""

_MOST_WANTED = 256
_THREADS = 4
_AGAIN_SECONDS = 0.5
_TRIES = 3
"""So often a call that was held up to the end of its departure waits for another one."""

_ONCE_MORE_SECONDS = 1.0
"""So long a call that missed its departure waits for another; then it is looked anew whether it may go at all."""

SEEN_SECONDS = 0.1
"""So long before a call is written it was last seen that it may go; else it is looked again. It takes that long to
its departure, and a look for each would cost too much."""

LOOK_SECONDS = 0.5
"""Longer than that no such look may take. A departure that lapses meanwhile is not used."""


@dataclass(frozen=True, slots=True)
class Slot:
    """A departure, in seconds of the monotonic clock: the one of this place in its lease."""

    lease: PaceLease
    place: int = 0

    @property
    def at(self) -> float:
        return self.lease.asked_at + self.lease.departures[self.place]

    @property
    def has_lapsed(self) -> bool:
        """Whether it was missed by so much that it must not be used any more."""
        return time.monotonic() > self.at + self.lease.lapse_seconds


class Calls:
    """The calls of this process at one endpoint: how close they follow each other, and what became of departures.

    `clock` and `pause` are seconds of one clock and a wait on it.
    """

    def __init__(
        self,
        limit: float,
        *,
        clock: Callable[[], float] = time.monotonic,
        pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._apart = CLOSEST * interval_seconds(limit)
        self._clock = clock
        self._pause = pause
        self._next_at = -math.inf
        self._fates: Counter[int] = Counter()

    async def turn(self) -> None:
        """Return when one more call may be written, first come first served: late ones do not leave in a bunch."""
        now = self._clock()
        at = max(now, self._next_at)
        self._next_at = at + self._apart
        if at > now:
            await self._pause(at - now)

    def written(self, slot: Slot) -> None:
        """A call was written now with this departure."""
        self.unused(slot)
        self._fates[slot.lease.tick_of(self._clock())] += 1

    def unused(self, slot: Slot) -> None:
        """This departure will not be used."""
        self._fates[slot.lease.ticks[slot.place]] -= 1

    def fates(self) -> Mapping[int, int]:
        """What became of departures since it was asked last, for the pacer."""
        told, self._fates = self._fates, Counter()
        return told


class Gate:
    """The gate of one endpoint for one class: lets waiters through, first come first served, at leased departures."""

    def __init__(
        self,
        pacer: Pacer,
        account_id: int,
        endpoint: str,
        pace_class: PaceClass,
        limit: float,
        calls: Calls,
        threads: ThreadPoolExecutor | None = None,
    ) -> None:
        self._pacer = pacer
        self._lease_of = (account_id, endpoint, pace_class)
        self._limit = limit
        self._calls = calls
        self._threads = threads
        self._waiters: deque[asyncio.Future[Slot]] = deque()
        self._pump: asyncio.Task[None] | None = None

    async def passage(self, *, once_more: bool = False) -> "Slot":
        """Wait for a departure, and return shortly before it. Cancelling gives the place to the next.

        Who is let through `once_more`, for what was begun, goes before those who only begin.
        """
        waiter: asyncio.Future[Slot] = asyncio.get_running_loop().create_future()
        if once_more:
            self._waiters.appendleft(waiter)
        else:
            self._waiters.append(waiter)
        if self._pump is None or self._pump.done():
            self._pump = asyncio.create_task(self._let_through())
        try:
            return await waiter
        except asyncio.CancelledError:
            if waiter.done() and not waiter.cancelled():
                self._give(waiter.result())
            raise

    async def _let_through(self) -> None:
        loop = asyncio.get_running_loop()
        while self._waiting():
            wanted = min(len(self._waiters), _MOST_WANTED)
            try:
                # What became of departures is lost with a fault: then they count as long as they might.
                lease = await loop.run_in_executor(self._threads, self._lease, wanted, self._calls.fates())
            except SQLAlchemyError as fault:
                log.warning("no departures, will be asked for again", kind=type(fault).__name__)
                await asyncio.sleep(_AGAIN_SECONDS)
                continue
            for place in range(len(lease.departures)):
                slot = Slot(lease, place)
                if self._waiting() and (early := slot.at - LEAD_SECONDS - time.monotonic()) > 0:
                    await asyncio.sleep(early)
                self._give(slot)
            if not lease.departures:
                await asyncio.sleep(lease.wait_seconds)

    def _lease(self, wanted: int, fates: Mapping[int, int]) -> PaceLease:
        account_id, endpoint, pace_class = self._lease_of
        return self._pacer.lease(account_id, endpoint, pace_class, wanted, self._limit, fates)

    def _give(self, slot: Slot) -> None:
        if slot.has_lapsed or not self._waiting():
            self._calls.unused(slot)
        else:
            self._waiters.popleft().set_result(slot)

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
        self._calls: dict[tuple[int, str], Calls] = {}

    def of(self, account_id: int, endpoint: str, pace_class: PaceClass, limit: float) -> Gate:
        key = (account_id, endpoint, pace_class)
        if key not in self._gates:
            calls = self._calls_of(account_id, endpoint, limit)
            self._gates[key] = Gate(
                self._pacer, account_id, endpoint, pace_class, limit, calls, self._threads
            )
        return self._gates[key]

    def departure(
        self,
        account_id: int,
        endpoint: str,
        pace_class: PaceClass,
        limit: float,
        leaves_by: float = math.inf,
        has_left: Callable[[], None] = lambda: None,
        look: Callable[[], Awaitable[bool]] | None = None,
    ) -> "Departing":
        """The departures of one request: usually one, several where it takes several calls.

        What has not begun to leave by `leaves_by`, in `steady_seconds`, does not. `has_left` is called at the first.
        Whether it may go at all is asked of `look` after `passage` by the caller, and here again whenever it missed
        its departure and waits for another, or was held up by more than `SEEN_SECONDS`: `look` raises TimeoutError when
        that takes longer than `LOOK_SECONDS`.
        """
        gate = self.of(account_id, endpoint, pace_class, limit)
        return Departing(gate, self._calls_of(account_id, endpoint, limit), leaves_by, has_left, look)

    def _calls_of(self, account_id: int, endpoint: str, limit: float) -> Calls:
        if (account_id, endpoint) not in self._calls:
            self._calls[account_id, endpoint] = Calls(limit)
        return self._calls[account_id, endpoint]


class Departing:
    """A `channel.Departure`: `passage` first, then `due` and `left` around each call."""

    __slots__ = ("_calls", "_gate", "_leaves_by", "_look", "_seen_at", "_slot", "_tell", "has_left")

    def __init__(
        self,
        gate: Gate,
        calls: Calls,
        leaves_by: float,
        tell: Callable[[], None],
        look: Callable[[], Awaitable[bool]] | None = None,
    ) -> None:
        self._gate = gate
        self._calls = calls
        self._leaves_by = leaves_by
        self._tell = tell
        self._look = look
        self._slot: Slot | None = None
        self._seen_at = -math.inf
        self.has_left = False
        """Before that, certainly nothing was written."""

    async def passage(self) -> None:
        """Wait in the order of classes and comers until the departure is near."""
        self._slot = await self._gate.passage()
        self._seen_at = time.monotonic()

    async def due(self) -> None:
        """Return at the departure, or later, at a distance from those before. Raises NotNow where others go first."""
        await self._in_time()
        if not self.has_left and steady_seconds() > self._leaves_by:
            # Somebody else may have taken this over by now, or the words have expired.
            raise NotNow("too long on the way", retry_after_seconds=0.0)

    async def _in_time(self) -> None:
        if self._slot is not None and (early := self._slot.at - time.monotonic()) > 0:
            await asyncio.sleep(early)
        for _ in range(_TRIES):
            if self._slot is None or self._slot.has_lapsed:
                await self._again()
            await self._calls.turn()
            if time.monotonic() - self._seen_at > SEEN_SECONDS:
                await self._look_again()
            if self._slot is not None and not self._slot.has_lapsed:
                return
        raise NotNow("others go first", retry_after_seconds=0.2)

    def left(self) -> None:
        """The call is being written. When it was is read in the next turn of the loop: some gather what is written."""
        if not self.has_left:
            self.has_left = True
            self._tell()
        slot, self._slot = self._slot, None
        if slot is not None:
            asyncio.get_running_loop().call_soon(self._calls.written, slot)

    def let_go(self) -> None:
        """Give back the departure that was not used; to be called at the end."""
        slot, self._slot = self._slot, None
        if slot is not None:
            self._calls.unused(slot)

    async def _again(self) -> None:
        try:
            async with asyncio.timeout(_ONCE_MORE_SECONDS):
                while self._slot is None or self._slot.has_lapsed:
                    self.let_go()
                    self._slot = await self._gate.passage(once_more=True)
                    await self._look_again()
                    await asyncio.sleep(max(self._slot.at - time.monotonic(), 0))
        except TimeoutError:
            raise NotNow("others go first", retry_after_seconds=0.2) from None

    async def _look_again(self) -> None:
        """Raises NotNow when it was stopped since the last look. What was begun is finished: half would be worse."""
        if self._look is None or self.has_left:
            return
        self._seen_at = time.monotonic()
        try:
            if not await self._look():
                raise NotNow("stopped", retry_after_seconds=0.0)
        except (SQLAlchemyError, TimeoutError) as fault:
            log.warning("not sent: nobody knows whether it was stopped", kind=type(fault).__name__)
            raise NotNow("the database does not answer", retry_after_seconds=1.0) from None
