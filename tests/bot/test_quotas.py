"""The month's quota is asked and kept: it decides what may go out that is not urgent."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Iterator

import pytest

from bot import quotas
from bot.channels import line_account
from bot.channels.accounts import ConnectedAccount
from bot.wiring import Krajai, open_krajai
from broadcasts.delivery.channel import ChannelError, NotNow, OutcomeUnknown
from broadcasts.delivery.estimates import people_by_account
from storage.database import Database
from storage.groups import group_chats
from storage.people import GROUP_CONTACT
from storage.quota import quota_of, refusal, reserve_of
from storage.subscriptions import WARNING
from tests.bot.networks import LineNetwork, settings_for
from tests.bot.queues import until
from tests.builders import MAE_SAI, NOW, citizen
from tests.fakes.line import FakeLine

TALKS, LEFT, GONE, STRANGE = (f"C{number}" + "0" * 31 for number in range(4))


def with_groups(
    database: Database,
    fake: FakeLine,
    act: Callable[[Krajai, ConnectedAccount], Awaitable[None]],
) -> dict[str, int]:
    """The members of an account's group chats, five each before `act`; STRANGE hears no warnings."""

    async def scene() -> dict[str, int]:
        async with fake.serve():
            url = database.url.render_as_string(hide_password=False)
            krajai = open_krajai(settings_for(LineNetwork(fake), url))
            account = next(each for each in krajai.accounts if each.channel_name == "line")
            with krajai.database.write() as session:
                for address in (TALKS, LEFT, GONE, STRANGE):
                    places = () if address == STRANGE else (MAE_SAI,)
                    contact, _ = citizen(session, address, account_id=account.id, places=places)
                    contact.kind, contact.members = GROUP_CONTACT, 5
                    session.add(contact)
                citizen(session, "U" + "1" * 32, account_id=account.id)
            await act(krajai, account)
            with krajai.database.read() as session:
                found = {each.address: each.members for each in group_chats(session, account.id)}
            await krajai.close_channels()
            krajai.close()
        return found

    return asyncio.run(scene())


def test_the_members_of_group_chats_are_asked_and_count(database: Database) -> None:
    """Those of whom LINE tells nothing keep what they had; anybody may invite us, so others count as one."""

    async def act(krajai: Krajai, account: ConnectedAccount) -> None:
        stopping = asyncio.Event()
        asking = asyncio.create_task(quotas.keep_asking(krajai, account, stopping))

        def counted() -> int:
            with krajai.database.read() as session:
                return reserve_of(session, account.id)

        await until(lambda: counted() == 2 * (214 + 5 + 5 + 1 + 1))
        stopping.set()
        await asking
        with krajai.database.read() as session:
            audience = {"topic": WARNING, "places": ["57"], "reached": []}
            assert people_by_account(session, audience, NOW) == {account.id: 214 + 5 + 5 + 1}

    fake = FakeLine(quota=1_000, members={TALKS: 214, LEFT: 90, STRANGE: 400}, left_groups={LEFT})
    assert with_groups(database, fake, act) == {TALKS: 214, LEFT: 5, GONE: 5, STRANGE: 1}


@pytest.mark.parametrize(
    ("second", "found"),
    [
        (OutcomeUnknown("odd"), {TALKS: 214, LEFT: 5, GONE: 216, STRANGE: 1}),
        (NotNow("too many"), {TALKS: 214, LEFT: 5, GONE: 5, STRANGE: 5}),
    ],
)
def test_what_was_counted_before_a_fault_is_kept(
    database: Database, second: ChannelError, found: dict[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A chat that LINE cannot count holds up no other; where it asks to wait the rest waits."""
    answers: Iterator[int | ChannelError] = iter([214, second, 216])

    async def members(*_: object) -> int:
        answer = next(answers)
        if isinstance(answer, ChannelError):
            raise answer
        return answer

    monkeypatch.setattr(line_account, "members", members)

    async def act(krajai: Krajai, account: ConnectedAccount) -> None:
        with contextlib.suppress(NotNow):
            await quotas.count_members(krajai, account, asyncio.Event())

    assert with_groups(database, FakeLine(), act) == found


def test_a_stop_is_not_waited_for(database: Database) -> None:
    async def act(krajai: Krajai, account: ConnectedAccount) -> None:
        stopping = asyncio.Event()
        stopping.set()
        await quotas.count_members(krajai, account, stopping)

    assert set(with_groups(database, FakeLine(members={TALKS: 214}), act).values()) == {5}


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
