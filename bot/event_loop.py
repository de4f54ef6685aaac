"""The event loop of Krajai's processes: libuv's, which is quicker with sockets; Python's own on Windows."""

import asyncio
import gc
import sys
from collections.abc import Coroutine
from typing import Any

if sys.platform == "win32":
    new_event_loop = asyncio.new_event_loop
else:
    from uvloop import new_event_loop


NEW_OBJECTS = 50_000
"""So many more than were freed, before the collector looks at them: all that is claimed ahead is not looked at because
of the next claim. Python's 700 are a few messages."""


def run(main: Coroutine[Any, Any, None]) -> None:
    """As `asyncio.run`, for what runs for days."""
    gc.set_threshold(NEW_OBJECTS)
    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        runner.run(main)


def keep_what_is_loaded() -> None:
    """The collector passes by what is there by now: to walk through all of it stops a loop for half a second."""
    gc.freeze()
