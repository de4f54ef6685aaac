"""Fetching updates where Telegram cannot reach us: long polling of one bot, by one process of the installation.

Telegram keeps an update for 24 hours and gives it again until a call names a higher offset. That call is made after
the updates before it are committed, so a crash at any point loses none; those that come twice are known by their id.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import structlog
from telegram.error import Conflict, InvalidToken, TelegramError

from bot.channels.accounts import ConnectedAccount
from bot.channels.telegram import TelegramChannel
from bot.channels.telegram_events import ALLOWED_UPDATES, received, tap_id
from bot.channels.telegram_transport import TooManyRequests
from storage.inbox import ReceivedEvent
from storage.leases import backoff_seconds

log = structlog.get_logger()

LONG_POLL_SECONDS = 25

Store = Callable[[Sequence[ReceivedEvent]], Awaitable[object]]
"""Returns when the events are committed, raises when they are not."""

_ADVICE: tuple[tuple[type[TelegramError], str], ...] = (
    (
        Conflict,
        "another program fetches the updates of this bot, or it has a webhook: krajai telegram webhook remove",
    ),
    (InvalidToken, "Telegram refuses the bot's token: look at KRAJAI_TELEGRAM_BOT_TOKEN"),
    (TelegramError, "updates could not be fetched, will be tried again"),
)


async def poll(
    account: ConnectedAccount,
    store: Store,
    stopping: asyncio.Event,
    *,
    patience: Callable[[int], float] = backoff_seconds,
) -> None:
    """Fetch and store the updates of one bot until `stopping`; `patience` gives the wait after so many failures."""
    channel = account.channel
    if not isinstance(channel, TelegramChannel):
        raise TypeError(f"{account!r} is no bot of Telegram")
    offset: int | None = None
    failures = 0
    answering: set[asyncio.Task[None]] = set()
    try:
        while not stopping.is_set():
            try:
                updates = await _fetch(channel, offset, stopping)
                await _store(account, updates, store)
            except TelegramError as fault:
                failures += 1
                log.warning(
                    _advice(fault), account=account.name, kind=type(fault).__name__, failures=failures
                )
                await _wait(stopping, max(patience(failures), _asked_to_wait(fault)))
            except Exception as fault:  # noqa: BLE001 - whatever kept them from being stored, they are fetched again
                failures += 1
                log.warning("updates could not be stored", account=account.name, kind=type(fault).__name__)
                await _wait(stopping, patience(failures))
            else:
                failures = 0
                offset = _next(updates, offset)
                for query_id in filter(None, map(tap_id, updates)):
                    task = asyncio.create_task(channel.answer_tap(query_id))
                    answering.add(task)
                    task.add_done_callback(answering.discard)
    finally:
        await asyncio.gather(*answering, return_exceptions=True)


async def _fetch(channel: TelegramChannel, offset: int | None, stopping: asyncio.Event) -> list[Any]:
    """The next updates; none when it is time to stop, which may come while Telegram has nothing to tell."""
    fetching = asyncio.create_task(
        channel.bot.raw_updates(
            offset=offset, wait_seconds=LONG_POLL_SECONDS, allowed_updates=ALLOWED_UPDATES
        )
    )
    stopped = asyncio.create_task(stopping.wait())
    try:
        await asyncio.wait({fetching, stopped}, return_when=asyncio.FIRST_COMPLETED)
        return await fetching if fetching.done() else []
    finally:
        for task in (fetching, stopped):
            task.cancel()
        await asyncio.gather(fetching, stopped, return_exceptions=True)


async def _store(account: ConnectedAccount, updates: list[Any], store: Store) -> None:
    read = (received(account.id, update, json.dumps(update).encode()) for update in updates)
    if events := [event for event in read if event is not None]:
        await store(events)


def _next(updates: list[Any], offset: int | None) -> int | None:
    """One above the highest id, as Telegram wants it: also past those that are not stored."""
    ids = [update.get("update_id") for update in updates if isinstance(update, dict)]
    return max((number + 1 for number in ids if isinstance(number, int)), default=offset)


def _advice(fault: TelegramError) -> str:
    return next(advice for kind, advice in _ADVICE if isinstance(fault, kind))


def _asked_to_wait(fault: TelegramError) -> float:
    return fault.retry_after_seconds if isinstance(fault, TooManyRequests) else 0.0


async def _wait(stopping: asyncio.Event, seconds: float) -> None:
    try:
        await asyncio.wait_for(stopping.wait(), seconds)
    except TimeoutError:
        return
