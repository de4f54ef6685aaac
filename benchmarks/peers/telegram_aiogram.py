"""A bare loop over aiogram: no ledger, no pace."""

import asyncio

from aiogram import Bot
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.telegram import TelegramAPIServer

from benchmarks.peers.loop import Task, gather_all, report, task
from benchmarks.peers.recipients import telegram_chat


async def run(given: Task) -> None:
    """Send to everybody."""
    session = AiohttpSession(api=TelegramAPIServer.from_base(given.url))
    async with Bot(given.token, session=session) as bot:
        await gather_all(
            given.numbers,
            given.in_flight,
            lambda number: bot.send_message(int(telegram_chat(number)), given.words),
        )


if __name__ == "__main__":
    asyncio.run(run(task()))
    report()
