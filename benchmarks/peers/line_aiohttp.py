"""The ceiling for LINE: aiohttp posts bodies that were made before the clock started."""

import asyncio
import json

import aiohttp

from benchmarks.peers.loop import Task, chunks, gather_all, report, task
from benchmarks.peers.recipients import line_user

MOST_RECIPIENTS = 500


async def run(given: Task) -> None:
    """Post every body."""
    users = [line_user(number) for number in given.numbers]
    messages = [{"type": "text", "text": given.words}]
    bodies = [
        json.dumps({"to": to, "messages": messages}, ensure_ascii=False).encode()
        for to in chunks(users, MOST_RECIPIENTS)
    ]
    headers = {"Authorization": f"Bearer {given.token}", "Content-Type": "application/json"}
    connector = aiohttp.TCPConnector(limit=given.in_flight)
    async with aiohttp.ClientSession(connector=connector, headers=headers) as session:

        async def post(body: bytes) -> None:
            async with session.post(f"{given.url}/v2/bot/message/multicast", data=body) as answer:
                await answer.read()
                answer.raise_for_status()

        await gather_all(bodies, given.in_flight, post)


if __name__ == "__main__":
    asyncio.run(run(task()))
    report()
