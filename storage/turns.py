"""Turns of threads at what only one may do at a time."""

import heapq
import itertools
import threading
from collections.abc import Iterator
from contextlib import contextmanager


class Turns:
    """One thread at a time: whoever is urgent before all others, else first come first served."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._is_taken = False
        self._waiting: list[tuple[bool, int, threading.Event]] = []
        self._numbers = itertools.count()

    @contextmanager
    def turn(self, *, urgent: bool = False) -> Iterator[None]:
        """Wait for a turn, and have it to the end of the block."""
        with self._guard:
            mine = (not urgent, next(self._numbers), threading.Event())
            if self._is_taken:
                heapq.heappush(self._waiting, mine)
            else:
                self._is_taken = True
                mine[2].set()
        try:
            mine[2].wait()
            yield
        finally:
            self._leave(mine)

    def _leave(self, mine: tuple[bool, int, threading.Event]) -> None:
        with self._guard:
            if not mine[2].is_set():
                # The wait itself was interrupted.
                self._waiting.remove(mine)
                heapq.heapify(self._waiting)
            elif self._waiting:
                heapq.heappop(self._waiting)[2].set()
            else:
                self._is_taken = False
