"""Bodies that wait for their departure at the last moment: connected, encoded, and not a byte written."""

import asyncio

import aiohttp
from aiohttp.abc import AbstractStreamWriter
from aiohttp.http import StreamWriter

from broadcasts.delivery.channel import Departure


class DepartingBody(aiohttp.BytesPayload):
    """A JSON body. aiohttp writes the head together with the first piece of the body, so both wait.

    Whatever stood between the departure and the writing would bunch requests that were spaced: rendering, encoding, a
    new connection, a busy event loop.
    """

    def __init__(self, body: bytes, departure: Departure) -> None:
        super().__init__(body, content_type="application/json")
        self._departure = departure

    async def write(self, writer: AbstractStreamWriter) -> None:
        """Write all of it when it is due."""
        await self.write_with_length(writer, None)

    async def write_with_length(self, writer: AbstractStreamWriter, content_length: int | None) -> None:
        """Write so much of it when it is due."""
        await self._departure.due()
        if isinstance(writer, StreamWriter) and _is_shut(writer.transport):
            # Before `left`, so that delivery knows that nothing was sent.
            raise aiohttp.ClientConnectionResetError("the connection was closed before anything was written")
        self._departure.left()
        await super().write_with_length(writer, content_length)


def _is_shut(transport: asyncio.Transport | None) -> bool:
    return transport is None or transport.is_closing()
