"""The menus at LINE follow the emergencies and the languages, and nobody is told twice."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from bot import menus
from bot.channels import line_menu
from bot.channels.accounts import ConnectedAccount
from bot.channels.line import LineChannel
from bot.channels.line_menu import alias_of
from bot.menus import MenuKeeper
from bot.settings import Settings
from bot.wiring import Krajai, open_krajai
from broadcasts.alerts import releasing
from storage.database import Database
from storage.people import MENU_DUE, ensure_account
from storage.quota import note_quota
from tests import builders
from tests.bot.networks import LineNetwork, settings_for
from tests.fakes.line import FakeLine
from tests.handlers.warnings import live_warning

THAI, ENGLISH, ELSEWHERE, LEFT = (f"U{number:032x}" for number in range(1, 5))
NORMAL, EMERGENCY = line_menu.Variant.NORMAL, line_menu.Variant.EMERGENCY


def settings(fake: FakeLine, database: Database) -> Settings:
    return settings_for(LineNetwork(fake), database.url.render_as_string(hide_password=False))


def line_account(krajai: Krajai) -> ConnectedAccount:
    return next(each for each in krajai.accounts if each.channel_name == "line")


async def install(account: ConnectedAccount) -> None:
    assert isinstance(account.channel, LineChannel)
    await line_menu.install(account.channel)


def citizens(database: Database) -> None:
    with database.write() as session:
        account = ensure_account(session, "line").id
        at = database.now(session) - timedelta(hours=1)
        for address, place, language in (
            (THAI, "570901", "th"),
            (ENGLISH, "57", "en"),
            (ELSEWHERE, "9011", "th"),
            (LEFT, "5709", "th"),
        ):
            contact, _ = builders.citizen(
                session, address, places=(place,), language=language, account_id=account, at=at
            )
            if address == ENGLISH:
                contact.menu = MENU_DUE
            if address == LEFT:
                contact.state = "blocked"


@pytest.fixture(autouse=True)
def _without_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(menus, "BETWEEN_CALLS_SECONDS", 0.0)


def test_an_emergency_changes_the_menus_of_its_place_and_its_end_changes_them_back(
    database: Database,
) -> None:
    async def scene() -> None:
        async with FakeLine().serve() as fake:
            krajai = open_krajai(settings(fake, database))
            account = line_account(krajai)
            await asyncio.to_thread(citizens, database)
            await install(account)
            aliases = {menu_id: alias for alias, menu_id in fake.menus.aliases.items()}
            keeper = MenuKeeper(krajai, account)

            async def linked() -> dict[str, str]:
                while await keeper.link_some():
                    continue
                return {user: aliases[menu] for user, menu in fake.menus.links.items()}

            assert await linked() == {ENGLISH: alias_of("en")}
            with database.write() as session:
                alert = live_warning(session, places=("5709",), at=database.now(session))
            assert await linked() == {THAI: alias_of("th", EMERGENCY), ENGLISH: alias_of("en", EMERGENCY)}
            asked = len(fake.requests)
            assert await linked()
            assert len(fake.requests) == asked
            with database.write() as session:
                releasing.stop(session, alert.id or 0, by="tester", at=database.now(session))
            assert await linked() == {ENGLISH: alias_of("en")}
            await krajai.close_channels()
            krajai.close()

    asyncio.run(scene())


@pytest.mark.parametrize("more", [{"status": "Exercise"}, {"level": "watch"}])
def test_what_is_no_emergency_changes_no_menu(sqlite_database: Database, more: dict[str, Any]) -> None:
    async def scene() -> None:
        async with FakeLine().serve() as fake:
            krajai = open_krajai(settings(fake, sqlite_database))
            account = line_account(krajai)
            await asyncio.to_thread(citizens, sqlite_database)
            await install(account)
            with sqlite_database.write() as session:
                now = sqlite_database.now(session)
                note_quota(session, account.id, limit=None, used=0, at=now)
                live_warning(session, places=("5709",), at=now, **more)
            keeper = MenuKeeper(krajai, account)
            while await keeper.link_some():
                continue
            assert set(fake.menus.links) == {ENGLISH}
            await krajai.close_channels()
            krajai.close()

    asyncio.run(scene())


def test_menus_that_are_not_installed_are_waited_for(sqlite_database: Database) -> None:
    async def scene() -> None:
        async with FakeLine().serve() as fake:
            krajai = open_krajai(settings(fake, sqlite_database))
            account = line_account(krajai)
            await asyncio.to_thread(citizens, sqlite_database)
            stopping = asyncio.Event()
            keeping = asyncio.create_task(MenuKeeper(krajai, account).keep(stopping))
            while not fake.requests:  # noqa: ASYNC110 - what is waited for is no event
                await asyncio.sleep(0.01)
            stopping.set()
            async with asyncio.timeout(300):
                await keeping
            assert fake.menus.links == {}
            await krajai.close_channels()
            krajai.close()

    asyncio.run(scene())
