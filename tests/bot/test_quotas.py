"""The month's quota is asked and kept: it decides what may go out that is not urgent."""

import asyncio

from bot import quotas
from bot.wiring import open_krajai
from storage.database import Database
from storage.quota import quota_of, refusal
from tests.bot.networks import LineNetwork, settings_for
from tests.bot.queues import until
from tests.fakes.line import FakeLine


def test_what_line_answers_decides_what_may_go_out(database: Database) -> None:
    async def scene() -> None:
        async with FakeLine(quota=500, used=20).serve() as fake:
            url = database.url.render_as_string(hide_password=False)
            krajai = open_krajai(settings_for(LineNetwork(fake), url))
            account = next(each for each in krajai.accounts if each.channel_name == "line")
            with krajai.database.read() as session:
                assert "is not known" in refusal(session, account.id, 1, krajai.database.now(session))
            stopping = asyncio.Event()
            asking = asyncio.create_task(quotas.keep_asking(krajai, account, stopping))

            def known() -> bool:
                with krajai.database.read() as session:
                    return quota_of(session, account.id) is not None

            await until(known)
            with krajai.database.read() as session:
                now = krajai.database.now(session)
                assert refusal(session, account.id, 480, now) == ""
                assert refusal(session, account.id, 481, now)
            stopping.set()
            await asking
            await krajai.close_channels()
            krajai.close()

    asyncio.run(scene())
