"""A bare loop over Kannel's sendsms with aiohttp: no ledger, no pace, no receipts."""

import asyncio

import aiohttp

from benchmarks.peers.loop import Task, gather_all, report, task
from benchmarks.peers.recipients import phone


async def run(given: Task) -> None:
    """Hand everybody's message to the gateway."""
    username, _, password = given.token.partition(":")
    same = {"username": username, "password": password, "from": "1784", "charset": "UTF-8", "coding": "2"}
    connector = aiohttp.TCPConnector(limit=given.in_flight)
    async with aiohttp.ClientSession(connector=connector) as session:

        async def send(number: int) -> None:
            query = {**same, "to": phone(number), "text": given.words}
            async with session.get(given.url, params=query) as answer:
                await answer.read()
                answer.raise_for_status()

        await gather_all(given.numbers, given.in_flight, send)


if __name__ == "__main__":
    asyncio.run(run(task()))
    report()
