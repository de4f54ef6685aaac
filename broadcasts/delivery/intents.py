"""Intents: that somebody is about to be sent to is committed just before, few at a time.

Where a channel has no retry key, a crash leaves in doubt whoever has an intent and no answer. So a batch is claimed
without any, and only those get theirs who leave within the next moment: what else was claimed simply waits again.
"""

import asyncio
import math
from collections.abc import Sequence
from dataclasses import dataclass

from sqlmodel import Session

from broadcasts.delivery.claiming import ClaimedBatch
from storage import batches
from storage.lifecycles import Outcome
from storage.pace import PaceClass

WINDOW_SECONDS = 0.25
"""So far ahead of their departure, at the published pace, recipients get their intent: less would let a busy database
hold up the sending, more would leave more in doubt."""

_LEAST_AHEAD = 6
_IN_FLIGHT, _ACCEPTED = ord(Outcome.IN_FLIGHT.value), ord(Outcome.ACCEPTED.value)


@dataclass(frozen=True, kw_only=True)
class Intent:
    """One recipient of a claimed batch, by position, who is about to be sent to."""

    claimed: ClaimedBatch
    position: int


def write(session: Session, intents: Sequence[Intent], answered: Sequence[ClaimedBatch] = ()) -> list[bool]:
    """Write these intents down; False for those whose lease was lost: they must not be sent. Part of a transaction.

    What is known by now of others of the same batches, and of batches that were `answered` in part, goes along.
    """
    concerned = {id(claimed): claimed for claimed in (*(each.claimed for each in intents), *answered)}
    mine = batches.still_mine(session, [each.batch for each in concerned.values()])
    held = {key: claimed for key, claimed in concerned.items() if claimed.batch.id in mine}
    for each in intents:
        if id(each.claimed) in held:
            each.claimed.so_far[each.position] = _IN_FLIGHT
    batches.write_outcomes(session, [(each.batch, bytes(each.so_far)) for each in held.values()])
    return [id(each.claimed) in held for each in intents]


def note_accepted(intent: Intent) -> None:
    """Remember an answer, for the next intents to write down: a crash then leaves less in doubt.

    Not of those who may have it from before: that they may have got it twice is written with the answer.
    """
    if intent.position not in intent.claimed.in_doubt:
        intent.claimed.so_far[intent.position] = _ACCEPTED


class Windows:
    """How many of an account and class may have an intent and not have left yet."""

    def __init__(self) -> None:
        self._windows: dict[tuple[int, PaceClass], asyncio.Semaphore] = {}

    def place(self, account_id: int, pace_class: PaceClass, limit: float) -> "Place":
        """A place that is still to be taken, at `limit` departures a second."""
        key = (account_id, pace_class)
        if key not in self._windows:
            self._windows[key] = asyncio.Semaphore(_LEAST_AHEAD + math.ceil(limit * WINDOW_SECONDS))
        return Place(self._windows[key])


class Place:
    """A place in a window: taken before the intent, left at the departure, or when there is none."""

    __slots__ = ("_is_taken", "_window")

    def __init__(self, window: asyncio.Semaphore) -> None:
        self._window = window
        self._is_taken = False

    async def take(self) -> None:
        """Wait for it, first come first served."""
        await self._window.acquire()
        self._is_taken = True

    def leave(self) -> None:
        """Let another one in, where it was taken."""
        if self._is_taken:
            self._is_taken = False
            self._window.release()
