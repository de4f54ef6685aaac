"""The event loop of Krajai's processes: libuv's, which is quicker with sockets; Python's own on Windows."""

import asyncio
import sys
from collections.abc import Coroutine
from typing import Any

if sys.platform == "win32":
    new_event_loop = asyncio.new_event_loop
else:
    from uvloop import new_event_loop


def run(main: Coroutine[Any, Any, None]) -> None:
    """As `asyncio.run`, for what runs for days."""
    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        runner.run(main)
