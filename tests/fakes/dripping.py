"""An answer that comes a byte at a time and never ends, as from a proxy that is about to die."""

import asyncio
import contextlib

from aiohttp import web

BYTE_SECONDS = 0.05


async def drip(request: web.Request, closing: asyncio.Event) -> web.StreamResponse:
    """Answer 200 and blanks until the caller has gone, or `closing` is set."""
    answer = web.StreamResponse(headers={"Content-Type": "application/json"})
    with contextlib.suppress(ConnectionError):
        await answer.prepare(request)
        while not closing.is_set():
            await answer.write(b" ")
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(BYTE_SECONDS):
                    await closing.wait()
    return answer
