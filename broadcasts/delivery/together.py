"""Work of many waiters done in one go: a transaction costs the same for one of them as for a hundred."""

import asyncio
import contextlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

import structlog
from sqlalchemy.exc import OperationalError

from broadcasts.delivery.faults import kind_and_place

log = structlog.get_logger()

Item = TypeVar("Item")
Done = TypeVar("Done")


class Together(Generic[Item, Done]):
    """`work` is done in a thread for up to `most` items at once; those that come meanwhile are in the next go.

    A go begins `gather_seconds` after the one before, or as soon as it is full: who comes alone waits for nobody. It
    returns what each waiter gets, in order. When it raises, each item is worked on alone, so that one at fault costs
    the others nothing; but when it is the database that does not answer, all hear of that at once.
    """

    def __init__(
        self, work: Callable[[list[Item]], list[Done]], most: int, *, gather_seconds: float = 0.0
    ) -> None:
        self._work = work
        self._most = most
        self._gather_seconds = gather_seconds
        self._waiting: list[_Waiter[Item, Done]] = []
        self._pump: asyncio.Task[None] | None = None
        self._next_at = 0.0
        self._full = asyncio.Event()

    async def done(self, item: Item) -> Done:
        """What came of this item; raises what the work raised. A go begins after this call, never before."""
        waiter: _Waiter[Item, Done] = _Waiter(item=item, done=asyncio.get_running_loop().create_future())
        self._waiting.append(waiter)
        if len(self._waiting) >= self._most:
            self._full.set()
        if self._pump is None or self._pump.done():
            self._pump = asyncio.create_task(self._work_off())
        return await waiter.done

    async def _work_off(self) -> None:
        while self._waiting:
            await self._gather()
            go, self._waiting = self._waiting[: self._most], self._waiting[self._most :]
            try:
                await self._work_on(go)
            except OperationalError as fault:
                _fail(go, fault)
            except Exception as fault:  # noqa: BLE001 - whoever is at fault hears of it
                log.warning("one by one, since not all together", fault=kind_and_place(fault), items=len(go))
                await self._one_by_one(go, fault)

    async def _gather(self) -> None:
        loop = asyncio.get_running_loop()
        if self._gather_seconds and len(self._waiting) < self._most:
            self._full = asyncio.Event()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout_at(self._next_at):
                    await self._full.wait()
        self._next_at = loop.time() + self._gather_seconds

    async def _one_by_one(self, go: "list[_Waiter[Item, Done]]", fault: Exception) -> None:
        if len(go) == 1:
            _fail(go, fault)
            return
        for alone in go:
            try:
                await self._work_on([alone])
            except Exception as its_own:  # noqa: BLE001 - handed to the one who waits for it
                _fail([alone], its_own)

    async def _work_on(self, go: "list[_Waiter[Item, Done]]") -> None:
        found = await asyncio.to_thread(self._work, [waiter.item for waiter in go])
        for waiter, done in zip(go, found, strict=True):
            if not waiter.done.done():
                waiter.done.set_result(done)


@dataclass(frozen=True, kw_only=True)
class _Waiter(Generic[Item, Done]):
    item: Item
    done: "asyncio.Future[Done]"


def _fail(waiters: "list[_Waiter[Item, Done]]", fault: Exception) -> None:
    for waiter in waiters:
        if not waiter.done.done():
            waiter.done.set_exception(fault)
