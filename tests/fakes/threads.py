"""A fake in a thread of its own, for a command under test that runs a loop of its own."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import AbstractAsyncContextManager, contextmanager
from typing import TypeVar

Fake = TypeVar("Fake")


@contextmanager
def beside(fake: AbstractAsyncContextManager[Fake]) -> Iterator[Fake]:
    """The fake, serving until the block ends."""
    started, stop = threading.Event(), asyncio.Event()
    loops: list[asyncio.AbstractEventLoop] = []
    served: list[Fake] = []

    async def run() -> None:
        async with fake as entered:
            loops.append(asyncio.get_running_loop())
            served.append(entered)
            started.set()
            await stop.wait()

    thread = threading.Thread(target=asyncio.run, args=(run(),))
    thread.start()
    assert started.wait(10)
    try:
        yield served[0]
    finally:
        loops[0].call_soon_threadsafe(stop.set)
        thread.join(10)
