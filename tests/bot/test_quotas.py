"""The month's quota is asked and kept: it decides what may go out that is not urgent."""

import asyncio

from bot import quotas
from bot.wiring import open_krajai
from broadcasts.delivery.estimates import people_by_account
from storage.database import Database
from storage.people import GROUP_CONTACT, group_chats
from storage.quota import quota_of, refusal, reserve_of
from storage.subscriptions import WARNING
from tests.bot.networks import LineNetwork, settings_for
from tests.bot.queues import until
from tests.builders import NOW, citizen
from tests.fakes.line import FakeLine


def test_the_members_of_group_chats_are_asked_and_count(database: Database) -> None:
    """Those of whom LINE tells nothing keep what they had, and what is not urgent is refused by all members."""
    talks, left, gone = (f"C{number}" + "0" * 31 for number in range(3))

    async def scene() -> dict[str, int]:
        async with FakeLine(quota=1_000, members={talks: 214, left: 90}, left_groups={left}).serve() as fake:
            url = database.url.render_as_string(hide_password=False)
            krajai = open_krajai(settings_for(LineNetwork(fake), url))
            account = next(each for each in krajai.accounts if each.channel_name == "line")
            with krajai.database.write() as session:
                for address in (talks, left, gone):
                    contact, _ = citizen(session, address, account_id=account.id)
                    contact.kind, contact.members = GROUP_CONTACT, 5
                    session.add(contact)
                citizen(session, "U" + "1" * 32, account_id=account.id)
            await quotas.ask(krajai, account)
            await quotas.count_members(krajai, account, asyncio.Event())
            with krajai.database.read() as session:
                found = {each.address: each.members for each in group_chats(session, account.id)}
                needed = people_by_account(session, {"topic": WARNING, "places": ["57"], "reached": []}, NOW)
                assert needed == {account.id: 214 + 5 + 5 + 1}
                assert reserve_of(session, account.id) == 2 * 225
            await krajai.close_channels()
            krajai.close()
        return found

    assert asyncio.run(scene()) == {talks: 214, left: 5, gone: 5}


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
