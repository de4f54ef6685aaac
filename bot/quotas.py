"""What LINE still allows this month, asked by the process with the clock: without it nothing routine goes out."""

import asyncio
import contextlib

import structlog

from bot.channels.accounts import ConnectedAccount
from bot.wiring import Krajai
from broadcasts.delivery.channel import ChannelError, ContentRefused, OutcomeUnknown
from broadcasts.delivery.faults import kind_and_place
from storage.groups import GroupChat, group_chats, note_members
from storage.quota import note_quota

log = structlog.get_logger()

ASK_SECONDS = 3600.0
AFTER_A_FAULT_SECONDS = 300.0


async def keep_asking(krajai: Krajai, account: ConnectedAccount, stopping: asyncio.Event) -> None:
    """Ask for one LINE account each hour until `stopping`, sooner after a failure."""
    while not stopping.is_set():
        wait_seconds = ASK_SECONDS
        try:
            await ask(krajai, account)
            await count_members(krajai, account, stopping)
        except ChannelError as fault:
            log.warning("quota or members are not known", account=account.name, reason=str(fault))
            wait_seconds = AFTER_A_FAULT_SECONDS
        except Exception as fault:  # noqa: BLE001 - the edge: the next look is another chance
            log.error("the quota was not asked", account=account.name, fault=kind_and_place(fault))  # noqa: TRY400
            wait_seconds = AFTER_A_FAULT_SECONDS
        try:
            async with asyncio.timeout(wait_seconds):
                await stopping.wait()
        except TimeoutError:
            continue


async def ask(krajai: Krajai, account: ConnectedAccount) -> None:
    """Ask LINE and keep its answer. Raises ChannelError."""
    # LINE's packages are loaded where there is an account of it.
    from bot.channels.line import LineChannel
    from bot.channels.line_account import quota

    assert isinstance(account.channel, LineChannel)
    answer = await quota(account.channel)

    def keep() -> None:
        with krajai.database.write() as session:
            now = krajai.database.now(session)
            note_quota(session, account.id, limit=answer.limit, used=answer.used, at=now)

    await asyncio.to_thread(keep)


async def count_members(krajai: Krajai, account: ConnectedAccount, stopping: asyncio.Event) -> None:
    """Ask how many people are in each group chat that hears warnings: so many messages LINE counts for one.

    One that LINE tells nothing of keeps the number it had, and so do all where it answers nobody; those that hear
    nothing, into which anybody may invite us, count as one. Raises ChannelError.
    """
    from bot.channels.line import LineChannel
    from bot.channels.line_account import members

    assert isinstance(account.channel, LineChannel)

    def read() -> list[GroupChat]:
        with krajai.database.read() as session:
            return group_chats(session, account.id)

    found: dict[int, int] = {}

    def keep() -> None:
        with krajai.database.write() as session:
            note_members(session, found)

    try:
        for chat in await asyncio.to_thread(read):
            if stopping.is_set():
                break
            with contextlib.suppress(ContentRefused, OutcomeUnknown):
                count = await members(account.channel, chat.address) if chat.is_bound else 1
                if count != chat.members:
                    found[chat.contact_id] = count
    finally:
        if found:
            await asyncio.to_thread(keep)
