"""What the loops of all peers share: their arguments, so many sends on their way at once, what they report."""

import argparse
import asyncio
import json
import resource
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from benchmarks.peers.recipients import FIRST

Item = TypeVar("Item")


@dataclass(frozen=True)
class Task:
    """`count` recipients, numbered from FIRST, get `words` from the provider at `url`, `in_flight` sends at once."""

    url: str
    token: str
    words: str
    count: int
    in_flight: int

    @property
    def numbers(self) -> range:
        return range(FIRST, FIRST + self.count)


def task() -> Task:
    """The task of the command line."""
    parser = argparse.ArgumentParser()
    for name in ("url", "token", "words"):
        parser.add_argument(f"--{name}", required=True)
    for name in ("count", "in-flight"):
        parser.add_argument(f"--{name}", required=True, type=int)
    _loaded.update(_used())
    return Task(**vars(parser.parse_args()))


async def gather_all(
    items: Iterable[Item], in_flight: int, send: Callable[[Item], Awaitable[object]]
) -> None:
    """Send to everybody, as the documentation of these packages shows it: a semaphore and one big gather."""
    at_once = asyncio.Semaphore(in_flight)

    async def send_in_turn(item: Item) -> None:
        async with at_once:
            await send(item)

    await asyncio.gather(*(send_in_turn(item) for item in items))


def chunks(items: Sequence[Item], size: int) -> list[Sequence[Item]]:
    """Pieces of at most `size`."""
    return [items[first : first + size] for first in range(0, len(items), size)]


def report() -> None:
    """Print what this process used since it had loaded its packages, and the most memory it had."""
    used = _used()
    cpu_seconds = used["cpu_seconds"] - _loaded["cpu_seconds"]
    print(json.dumps({"cpu_seconds": cpu_seconds, "peak_megabytes": used["peak_megabytes"]}))


_loaded: dict[str, float] = {}


def _used() -> dict[str, float]:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return {"cpu_seconds": used.ru_utime + used.ru_stime, "peak_megabytes": used.ru_maxrss / 1024}
