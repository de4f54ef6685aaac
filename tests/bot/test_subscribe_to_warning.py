"""From a citizen's first word to the warning on her phone, through the whole server, on every network."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest
from sqlmodel import col, select

from bot.web.app import create_app
from bot.wiring import Krajai, open_krajai
from bot.worker import WorkerProcess
from storage.database import Database
from storage.inbox import InboxEvent
from storage.lifecycles import InboxState, MessageState
from storage.outbox import Message
from storage.safety import SafetyReport
from tests.bot.networks import NETWORKS, PUBLIC_URL, Network, settings_for
from tests.bot.queues import until
from tests.handlers.warnings import live_warning

MAE_SAI, HAT_YAI, LEFT = 1, 2, 3
FLASH_FLOOD = "น้ำป่ามาแล้ว"


@asynccontextmanager
async def server(database: Database, network: Network) -> AsyncIterator[tuple[Krajai, httpx.AsyncClient]]:
    krajai = open_krajai(settings_for(network, database.url.render_as_string(hide_password=False)))
    worker = WorkerProcess(krajai)
    work = asyncio.create_task(worker.run())
    transport = httpx.ASGITransport(create_app(krajai))
    try:
        async with httpx.AsyncClient(transport=transport, base_url=PUBLIC_URL) as client:
            yield krajai, client
    finally:
        worker.stop()
        async with asyncio.timeout(300):
            await work
        await krajai.close_channels()
        krajai.close()


def warn(krajai: Krajai) -> None:
    with krajai.database.write() as session:
        live_warning(session, hazard="flash_flood", level="emergency", at=krajai.database.now(session))


def is_answered(krajai: Krajai) -> bool:
    """Nothing that came in waits to be handled, nothing that is said to one waits to be sent."""
    with krajai.database.read() as session:
        heard = session.exec(select(InboxEvent.id).where(InboxEvent.state == InboxState.WAITING)).first()
        said = select(Message.id).where(col(Message.state).in_((MessageState.WAITING, MessageState.SENDING)))
        return heard is None and session.exec(said).first() is None


def warnings_shown(network: Network, citizen: int) -> int:
    return sum(FLASH_FLOOD in each for each in network.shown(citizen))


@pytest.mark.parametrize("name", NETWORKS)
def test_who_subscribed_is_warned_once_and_can_answer(sqlite_database: Database, name: str) -> None:
    async def scene() -> None:
        async with NETWORKS[name]() as network, server(sqlite_database, network) as (krajai, client):
            for citizen, words in ((MAE_SAI, "แม่สาย"), (HAT_YAI, "หาดใหญ่"), (LEFT, "แม่สาย")):
                await network.write(client, citizen, f"สมัคร {words}")
            await until(lambda: is_answered(krajai))
            await network.write(client, LEFT, "หยุด")
            await until(lambda: is_answered(krajai))

            await asyncio.to_thread(warn, krajai)
            await until(lambda: warnings_shown(network, MAE_SAI) == 1)
            await network.tap(client, MAE_SAI, "ฉันปลอดภัย")
            await until(lambda: is_answered(krajai))

            with krajai.database.read() as session:
                assert [each.answer for each in session.exec(select(SafetyReport))] == ["safe"]
            assert [warnings_shown(network, each) for each in (MAE_SAI, HAT_YAI, LEFT)] == [1, 0, 0]
            assert network.complaints == []

    asyncio.run(scene())


@pytest.mark.parametrize(("name", "copies"), [("line", 1), ("telegram", 2), ("kannel", 2)])
def test_a_lost_answer_costs_an_emergency_one_more_copy_at_most(
    sqlite_database: Database, name: str, copies: int
) -> None:
    """LINE's retry key makes the second try harmless; elsewhere an emergency is tried once more and listed."""

    async def scene() -> None:
        async with NETWORKS[name]() as network, server(sqlite_database, network) as (krajai, client):
            await network.write(client, MAE_SAI, "สมัคร แม่สาย")
            await until(lambda: is_answered(krajai))
            network.lose_answers(1)
            await asyncio.to_thread(warn, krajai)
            await until(lambda: warnings_shown(network, MAE_SAI) == copies)

    asyncio.run(scene())
