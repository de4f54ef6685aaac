"""Keeping the menus at LINE as they should be: by language, and by whether an emergency is live in her place.

One process does so, the one with the clock. What LINE was told is noted after it accepted, so that a crash between
the two only tells it again.
"""

import asyncio
from itertools import groupby

import structlog

from bot.channels.accounts import ConnectedAccount
from bot.wiring import Krajai
from broadcasts.audience.menus import DueMenu, anybody_asked, due_menus, note_menu
from broadcasts.delivery.channel import ChannelError
from broadcasts.delivery.faults import kind_and_place
from storage.alerts import emergency_places

log = structlog.get_logger()

LOOK_SECONDS = 3.0
BETWEEN_CALLS_SECONDS = 0.4
"""LINE links menus three times a second at most."""

MOST_TOGETHER = 500
AFTER_A_FAULT_SECONDS = 30.0
UNTIL_INSTALLED_SECONDS = 300.0


class _NotInstalled(Exception):
    """`krajai line rich-menu install` was not run for this account."""


class MenuKeeper:
    """Links menus for one LINE account."""

    def __init__(self, krajai: Krajai, account: ConnectedAccount) -> None:
        self._krajai = krajai
        self._account = account
        self._settled_for: tuple[str, ...] | None = None
        """The places with an emergency for which everybody has her menu."""

        self._looked_for: tuple[str, ...] | None = None
        self._beyond = 0
        """The contact up to which the look for those places has come."""

    async def keep(self, stopping: asyncio.Event) -> None:
        """Look again and again until `stopping`. Nothing that LINE or the database does ends it."""
        while not stopping.is_set():
            wait_seconds = LOOK_SECONDS
            try:
                if await self.link_some():
                    wait_seconds = BETWEEN_CALLS_SECONDS
            except _NotInstalled:
                wait_seconds = UNTIL_INSTALLED_SECONDS
            except ChannelError as fault:
                log.warning(
                    "menus not linked, will be tried again", account=self._account.name, reason=str(fault)
                )
                wait_seconds = AFTER_A_FAULT_SECONDS
            except Exception as fault:  # noqa: BLE001 - the edge: a menu is worth no more than a line in the log
                log.error("menus not linked", account=self._account.name, fault=kind_and_place(fault))  # noqa: TRY400
                wait_seconds = AFTER_A_FAULT_SECONDS
            try:
                async with asyncio.timeout(wait_seconds):
                    await stopping.wait()
            except TimeoutError:
                continue

    async def link_some(self) -> bool:
        """Link the menus of up to 500 citizens; False when nobody waits. Raises ChannelError and _NotInstalled."""
        places, due = await asyncio.to_thread(self._due)
        if not due:
            # Settled when a look from the beginning finds nobody.
            self._settled_for = None if self._beyond else places
            looks_anew, self._beyond = self._beyond > 0, 0
            return looks_anew
        for menu, group in groupby(sorted(due, key=lambda each: each.menu), key=lambda each: each.menu):
            await self._link(menu, list(group))
            await asyncio.sleep(BETWEEN_CALLS_SECONDS)
        self._beyond = max(each.contact_id for each in due)
        return True

    async def _link(self, menu: str, due: list[DueMenu]) -> None:
        # LINE's packages are loaded where there is an account of it.
        from bot.channels.line import LineChannel
        from bot.channels.line_menu import Variant, link_menu, unlink_menu

        channel = self._account.channel
        assert isinstance(channel, LineChannel)
        addresses = [each.address for each in due]
        if menu:
            variant, _, language = menu.partition("/")
            if not await link_menu(channel, addresses, language, Variant(variant)):
                raise _NotInstalled
        else:
            await unlink_menu(channel, addresses)
        await asyncio.to_thread(self._note, due)

    def _due(self) -> tuple[tuple[str, ...], list[DueMenu]]:
        database, account_id = self._krajai.database, self._account.id
        with database.read() as session:
            places = emergency_places(session, database.now(session))
            if places == self._settled_for and not anybody_asked(session, account_id):
                return places, []
            if places != self._looked_for:
                self._looked_for, self._beyond = places, 0
            return places, due_menus(session, account_id, places, MOST_TOGETHER, after=self._beyond)

    def _note(self, linked: list[DueMenu]) -> None:
        with self._krajai.database.write() as session:
            note_menu(session, linked)
