"""Looking once more, right before a call, whether its broadcast may still be sent."""

import asyncio
import contextlib
import math
import time

from sqlalchemy.exc import SQLAlchemyError

from broadcasts.delivery.together import Together
from storage import broadcasts
from storage.database import Database

LOOKED_TOGETHER = 1000
LOOK_HOLDS_SECONDS = 0.03
"""So long it counts that a broadcast was seen to be live: a look for each of a thousand messages a second would take
a good part of all there is."""


class Looks:
    """Looks that are asked for at the same time are one; each begins after it was asked for."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._together = Together(self._are_live, LOOKED_TOGETHER)
        self._seen_live: dict[int, float] = {}
        self._ahead: dict[int, asyncio.Task[None]] = {}

    async def is_live(self, broadcast_id: int, within_seconds: float | None = None) -> bool:
        """Whether a broadcast may be sent, now or at most `LOOK_HOLDS_SECONDS` ago.

        Raises SQLAlchemyError, and TimeoutError when nobody knows in time.
        """
        age = time.monotonic() - self._seen_live.get(broadcast_id, -math.inf)
        if age <= LOOK_HOLDS_SECONDS:
            if age > LOOK_HOLDS_SECONDS / 2 and broadcast_id not in self._ahead:
                self._ahead[broadcast_id] = asyncio.create_task(self._look_ahead(broadcast_id))
            return True
        async with asyncio.timeout(within_seconds):
            return await self._look(broadcast_id)

    async def _look_ahead(self, broadcast_id: int) -> None:
        """So that those who come next need not wait with a connection in hand; what fails here they meet themselves."""
        try:
            with contextlib.suppress(SQLAlchemyError):
                await self._look(broadcast_id)
        finally:
            del self._ahead[broadcast_id]

    async def _look(self, broadcast_id: int) -> bool:
        asked_at = time.monotonic()
        if live := await self._together.done(broadcast_id):
            self._seen_live[broadcast_id] = asked_at
        else:
            self._seen_live.pop(broadcast_id, None)
        return live

    def _are_live(self, broadcast_ids: list[int]) -> list[bool]:
        with self._database.read() as session:
            live = broadcasts.live_ids(session, self._database.now(session))
        return [broadcast_id in live for broadcast_id in broadcast_ids]
