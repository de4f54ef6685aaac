"""Answers that a fake keeps back until it is told to let them go."""

import asyncio
from collections.abc import Iterable


class Held:
    """Whoever is told to be held is served, and has no answer before the test lets go."""

    def __init__(self) -> None:
        self._addresses: frozenset[str] = frozenset()
        self.waiting: list[str] = []
        """Addresses of the requests that wait for their answer, the first of each."""

    def hold(self, addresses: Iterable[str]) -> None:
        """From now on also answers to requests to any of these wait."""
        self._addresses |= frozenset(addresses)

    def let_go(self) -> None:
        self._addresses = frozenset()

    async def answer(self, addresses: Iterable[str]) -> None:
        """Return when the request to these may be answered."""
        if self._addresses.isdisjoint(to := list(addresses)):
            return
        self.waiting.append(to[0])
        try:
            while not self._addresses.isdisjoint(to):  # noqa: ASYNC110 - tests change it from another thread
                await asyncio.sleep(0.01)
        finally:
            self.waiting.remove(to[0])
