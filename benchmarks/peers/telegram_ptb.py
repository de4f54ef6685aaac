"""A bare gather loop over python-telegram-bot as it comes, on its httpx transport: no ledger, no pace."""

import asyncio

from telegram import Bot

from benchmarks.peers.loop import Task, gather_all, report, task
from benchmarks.peers.recipients import telegram_chat


async def run(given: Task) -> None:
    """Send to everybody."""
    bot = Bot(given.token, base_url=f"{given.url}/bot")
    # Not `async with bot`: that asks getMe first, which is no part of sending.
    await bot._request[1].initialize()
    try:
        await gather_all(
            given.numbers,
            given.in_flight,
            lambda number: bot.send_message(int(telegram_chat(number)), given.words),
        )
    finally:
        await bot._request[1].shutdown()


if __name__ == "__main__":
    asyncio.run(run(task()))
    report()
