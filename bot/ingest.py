"""The door of the inbox: events of webhooks that arrive together are committed together, a failing one alone."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from bot.one_exchange import OneExchange
from storage import inbox
from storage.database import Database
from storage.inbox import ReceivedEvent

MOST_TOGETHER = 200


@dataclass(frozen=True, kw_only=True)
class _Waiting:
    events: tuple[ReceivedEvent, ...]
    stored: asyncio.Future[None]


class Ingest:
    """Stores events of many requests with few commits; `not_stored` is told how many could not be."""

    def __init__(self, database: Database, not_stored: Callable[[int], None] = lambda events: None) -> None:
        self._database = database
        self._exchange = None if database.is_sqlite else OneExchange(database)
        self._not_stored = not_stored
        self._waiting: list[_Waiting] = []
        self._flush: asyncio.Task[None] | None = None

    async def store(self, events: Sequence[ReceivedEvent]) -> None:
        """Return when the events are committed; raises when they could not be stored."""
        waiting = _Waiting(events=tuple(events), stored=asyncio.get_running_loop().create_future())
        self._waiting.append(waiting)
        if self._flush is None or self._flush.done():
            self._flush = asyncio.create_task(self._commit_all())
        await waiting.stored

    async def _commit_all(self) -> None:
        while self._waiting:
            together, self._waiting = self._waiting[:MOST_TOGETHER], self._waiting[MOST_TOGETHER:]
            try:
                await self._commit(together)
            except Exception:  # noqa: BLE001 - whoever is at fault hears of it below, alone
                for alone in together:
                    await self._commit_alone(alone)

    async def _commit(self, together: list[_Waiting]) -> None:
        if events := [event for each in together for event in each.events]:
            await self._write(events)
        for each in together:
            if not each.stored.done():
                each.stored.set_result(None)

    async def _commit_alone(self, waiting: _Waiting) -> None:
        try:
            await self._commit([waiting])
        except Exception as fault:  # noqa: BLE001 - handed to the request that waits, which would wait for ever
            self._not_stored(len(waiting.events))
            if not waiting.stored.done():
                waiting.stored.set_exception(fault)

    async def _write(self, events: list[ReceivedEvent]) -> None:
        if self._exchange is not None:
            await self._exchange.write(events)
        else:
            await asyncio.to_thread(self._write_to_file, events)

    def _write_to_file(self, events: list[ReceivedEvent]) -> None:
        with self._database.write() as session:
            inbox.receive(session, events, self._database.now(session))
