"""A bare loop over line-bot-sdk's asynchronous client: no ledger, no retry key, no pace."""

import asyncio

from linebot.v3.messaging import (
    AsyncApiClient,
    AsyncMessagingApi,
    Configuration,
    MulticastRequest,
    TextMessage,
)

from benchmarks.peers.loop import Task, chunks, gather_all, report, task
from benchmarks.peers.recipients import line_user

MOST_RECIPIENTS = 500


async def run(given: Task) -> None:
    """Multicast to everybody."""
    users = [line_user(number) for number in given.numbers]
    message = TextMessage(text=given.words)
    async with AsyncApiClient(Configuration(host=given.url, access_token=given.token)) as client:
        api = AsyncMessagingApi(client)
        await gather_all(
            chunks(users, MOST_RECIPIENTS),
            given.in_flight,
            lambda to: api.multicast(MulticastRequest(to=list(to), messages=[message])),
        )


if __name__ == "__main__":
    asyncio.run(run(task()))
    report()
