"""Gates: coroutines wait here until they may call a provider."""

import asyncio
import math
import time
from collections import deque
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import structlog
from sqlalchemy.exc import SQLAlchemyError

from broadcasts.delivery.channel import NotNow
from storage.leases import steady_seconds
from storage.pace import PaceClass, PaceLease, Pacer

log = structlog.get_logger()

LEAD_SECONDS = 0.05
"""So long before its departure a call is let through: time for the last look, the words and a free connection."""

_MOST_WANTED = 256
_THREADS = 4
_AGAIN_SECONDS = 0.5
_GUARD_SECONDS = 0.01
"""Added to a sliding second: the way from our clock to the provider's is not always equally long."""

_CLOSEST = 0.5
"""After a delay calls follow each other at twice the pace at most, until all are back at their departures."""

_MANY_MISSED = 0.1
"""Of the departures of a second; the odd one that is missed costs less than more slack for all."""

_COUNTS_SECONDS = 1.0
_ONCE_MORE_SECONDS = 1.0
"""So long a call that missed its departure waits for another; then it is looked anew whether it may go at all."""

SEEN_SECONDS = 0.1
"""So long before a call is written it was last seen that it may go; else it is looked again. It takes that long to
its departure, and a look for each would cost too much."""

LOOK_SECONDS = 0.5
"""Longer than that no such look may take: the calls behind are spaced by when this one was to be written. A departure
that lapses meanwhile is not used."""


@dataclass(frozen=True, slots=True)
class Slot:
    """A departure, in seconds of the monotonic clock."""

    at: float
    lapses_at: float

    @property
    def has_lapsed(self) -> bool:
        """Whether it was missed by so much that it must not be used any more."""
        return time.monotonic() > self.lapses_at


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
        self._waiters: deque[asyncio.Future[Slot]] = deque()
        self._pump: asyncio.Task[None] | None = None
        self._given = self._missed = 0
        self._counted_from = time.monotonic()

    def note_missed(self) -> None:
        """Somebody came too late for a departure of this gate."""
        self._missed += 1

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
            if waiter.done() and not waiter.cancelled() and self._waiting():
                self._waiters.popleft().set_result(waiter.result())
            raise

    async def _let_through(self) -> None:
        loop = asyncio.get_running_loop()
        while self._waiting():
            wanted = min(len(self._waiters), _MOST_WANTED)
            try:
                lease = await loop.run_in_executor(self._threads, self._lease, wanted)
            except SQLAlchemyError as fault:
                log.warning("no departures, will be asked for again", kind=type(fault).__name__)
                await asyncio.sleep(_AGAIN_SECONDS)
                continue
            for departure in lease.departures:
                at = lease.asked_at + departure
                slot = Slot(at=at, lapses_at=at + lease.lapse_seconds)
                if (early := slot.at - LEAD_SECONDS - time.monotonic()) > 0:
                    await asyncio.sleep(early)
                self._given += 1
                if slot.has_lapsed:
                    self.note_missed()
                    continue
                if not self._waiting():
                    return
                self._waiters.popleft().set_result(slot)
            if not lease.departures:
                await asyncio.sleep(lease.wait_seconds)

    def _lease(self, wanted: int) -> PaceLease:
        account_id, endpoint, pace_class = self._lease_of
        missed = self._many_missed()
        return self._pacer.lease(account_id, endpoint, pace_class, wanted, self._limit, missed=missed)

    def _many_missed(self) -> bool:
        """Told once in a while."""
        if (now := time.monotonic()) - self._counted_from < _COUNTS_SECONDS:
            return False
        many = self._missed > _MANY_MISSED * self._given
        self._given = self._missed = 0
        self._counted_from = now
        return many

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
        self._seconds: dict[tuple[int, str], LastSecond] = {}

    def of(self, account_id: int, endpoint: str, pace_class: PaceClass, limit: float) -> Gate:
        key = (account_id, endpoint, pace_class)
        if key not in self._gates:
            self._gates[key] = Gate(self._pacer, account_id, endpoint, pace_class, limit, self._threads)
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
        key = (account_id, endpoint)
        if key not in self._seconds:
            self._seconds[key] = LastSecond(limit)
        gate = self.of(account_id, endpoint, pace_class, limit)
        return Departing(gate, self._seconds[key], leaves_by, has_left, look)


class Departing:
    """A `channel.Departure`: `passage` first, then `due` and `left` around each call."""

    __slots__ = ("_gate", "_leaves_by", "_look", "_mine", "_second", "_seen_at", "_slot", "_tell", "has_left")

    def __init__(
        self,
        gate: Gate,
        second: "LastSecond",
        leaves_by: float,
        tell: Callable[[], None],
        look: Callable[[], Awaitable[bool]] | None = None,
    ) -> None:
        self._gate = gate
        self._second = second
        self._leaves_by = leaves_by
        self._tell = tell
        self._look = look
        self._slot: Slot | None = None
        self._mine: _Left | None = None
        self._seen_at = -math.inf
        self.has_left = False
        """Before that, certainly nothing was written."""

    async def passage(self) -> None:
        """Wait in the order of classes and comers until the departure is near."""
        self._slot = await self._gate.passage()
        self._seen_at = time.monotonic()

    async def due(self) -> None:
        """Return at the departure, or later, at a distance from those before. Raises NotNow where others go first."""
        slot, self._slot = self._slot, None
        if slot is not None and (early := slot.at - time.monotonic()) > 0:
            await asyncio.sleep(early)
        if slot is None or slot.has_lapsed:
            slot = await self._again(slot)
        self._mine = await self._second.turn()
        if time.monotonic() - self._seen_at > SEEN_SECONDS:
            await self._look_again()
            if not self.has_left and slot.has_lapsed:
                raise NotNow("others go first", retry_after_seconds=0.0)
        if not self.has_left and steady_seconds() > self._leaves_by:
            # Somebody else may have taken this over by now, or the words have expired.
            raise NotNow("too long on the way", retry_after_seconds=0.0)

    def left(self) -> None:
        """The call is being written. When it was is read in the next turn of the loop: some gather what is written."""
        if not self.has_left:
            self.has_left = True
            self._tell()
        asyncio.get_running_loop().call_soon(self._stamp)

    def _stamp(self) -> None:
        if self._mine is not None:
            self._mine.at = time.monotonic()

    async def _again(self, slot: Slot | None) -> Slot:
        try:
            async with asyncio.timeout(_ONCE_MORE_SECONDS):
                while slot is None or slot.has_lapsed:
                    if slot is not None:
                        self._gate.note_missed()
                    slot = await self._gate.passage(once_more=True)
                    await self._look_again()
                    await asyncio.sleep(max(slot.at - time.monotonic(), 0))
                return slot
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


class LastSecond:
    """The calls of the last second at one endpoint: whatever delays one, no second holds more than the limit.

    Departures are spaced, but a busy process writes late. What counts is when a call was written; one that was late
    must neither crowd nor be crowded.

    `clock` and `pause` are seconds of one clock and a wait on it.
    """

    def __init__(
        self,
        limit: float,
        *,
        clock: Callable[[], float] = time.monotonic,
        pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._window = max(1.0, 1 / limit) + _GUARD_SECONDS
        self._closest = _CLOSEST / limit
        self._clock = clock
        self._pause = pause
        self._left: deque[_Left] = deque([_Left()] * max(math.floor(limit), 1))

    async def turn(self) -> "_Left":
        """Return when one more call may be written, first come first served."""
        first, last = self._left.popleft(), self._left[-1] if self._left else _Left()
        mine = _Left(at=max(self._clock(), self._earliest(first, last)))
        self._left.append(mine)
        try:
            while (wait_seconds := self._earliest(first, last) - self._clock()) > 0:
                await self._pause(wait_seconds)
        finally:
            # Also when the wait is given up: counting one too many harms nobody.
            mine.at = self._clock()
        return mine

    def _earliest(self, first: "_Left", last: "_Left") -> float:
        return max(first.at + self._window, last.at + self._closest)


@dataclass(slots=True)
class _Left:
    """When a call was written, or is expected to be."""

    at: float = -math.inf
