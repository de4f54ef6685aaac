"""Handling what is in the inbox: one event, one commit, in order for each sender."""

import asyncio
import contextlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

import structlog
from sqlmodel import Session

from broadcasts.delivery.channel import ChannelError
from broadcasts.delivery.faults import kind_and_place
from handlers.conversation import Conversation
from handlers.understanding.warm import read_ahead
from storage import erasure, inbox, outbox, people
from storage.database import Database
from storage.inbox import InboxEvent
from storage.lifecycles import ContactState, InboxState
from storage.people import MENU_DUE, Contact, Person
from storage.replies import Bubble, Incoming
from storage.wording import LANGUAGES, say

log = structlog.get_logger()

MOST_EVENTS_A_JOB = 10
"""So many events of one sender are handled before others have their turn."""

LANGUAGE_SECONDS = 2.0
WORKING_AFTER_SECONDS = 1.5
MOST_KNOWN = 100_000


@dataclass(frozen=True, kw_only=True)
class ReadEvent:
    """An event after its channel has read it."""

    incoming: Incoming
    reply_token: str = ""


EventReader = Callable[[bytes], ReadEvent]
"""A channel's reading of one event's raw bytes. When it raises, the event is tried again and parked in the end."""


class Courtesies(Protocol):
    """What some channels can do beside sending. Both raise ChannelError."""

    async def language_of(self, address: str) -> str:
        """The language of her app ("th", "en", ...), '' where it is not told."""

    async def show_working(self, address: str) -> None:
        """Show that an answer is being made."""


@dataclass(frozen=True, kw_only=True)
class Receiver:
    """Lets the conversation answer what `readers` (by account id) read; counts by `handled` and `parked`."""

    database: Database
    conversation: Conversation
    readers: Mapping[int, EventReader]
    handled: Callable[[], None] = lambda: None
    parked: Callable[[], None] = lambda: None
    courtesies: Mapping[int, Courtesies] = field(default_factory=dict)
    _known: set[tuple[int, str]] = field(default_factory=set)

    async def handle(self, key: str) -> None:
        """Handle what waits of one sender; after `MOST_EVENTS_A_JOB` the rest goes behind all others in the queue."""
        account_id, sender = inbox.split_sender_key(key)
        await self._handle(account_id, sender, await self._language_of_newcomer(account_id, sender))

    async def handle_urgent(self, key: str) -> None:
        """As `handle`, at once: a cry for help waits for no question about a language."""
        await self._handle(*inbox.split_sender_key(key))

    async def _handle(self, account_id: int, sender: str, language: str = "") -> None:
        courtesies = self.courtesies.get(account_id)
        waiting = asyncio.create_task(_show_working(courtesies, sender)) if courtesies else None
        try:
            for _ in range(MOST_EVENTS_A_JOB):
                if not await asyncio.to_thread(self._handle_next, account_id, sender, language):
                    return
            await asyncio.to_thread(self._announce_rest, account_id, sender)
        finally:
            if waiting is not None:
                waiting.cancel()
                await asyncio.wait([waiting])

    async def _language_of_newcomer(self, account_id: int, sender: str) -> str:
        """Asked once, before the first answer; '' for those whom we know, and where nobody tells in time."""
        courtesies = self.courtesies.get(account_id)
        if courtesies is None or (account_id, sender) in self._known:
            return ""
        if await asyncio.to_thread(self._is_known, account_id, sender):
            return ""
        try:
            async with asyncio.timeout(LANGUAGE_SECONDS):
                return await courtesies.language_of(sender)
        except (ChannelError, TimeoutError):
            return ""
        except Exception as fault:  # noqa: BLE001 - a courtesy's edge: her words are answered all the same
            log.error("a newcomer's language is not told", fault=kind_and_place(fault))  # noqa: TRY400
            return ""

    def _is_known(self, account_id: int, sender: str) -> bool:
        with self.database.read() as session:
            known = people.is_known(session, account_id, sender)
        if known:
            if len(self._known) >= MOST_KNOWN:
                self._known.clear()
            self._known.add((account_id, sender))
        return known

    def _handle_next(self, account_id: int, sender: str, language: str = "") -> bool:
        if not self._read_ahead(account_id, sender):
            return False
        event: InboxEvent | None = None
        try:
            with self.database.write() as session:
                now = self.database.now(session)
                event = inbox.next_event(session, account_id, sender, now)
                if event is None:
                    return False
                contact, person = people.contact_at(session, account_id, sender, now)
                read = self.readers[account_id](event.body)
                if contact.created_at == now:
                    _speak(person, contact, read.incoming.language or language)
                bubbles = self.conversation.answer(session, contact, person, read.incoming, now)
                erased = contact.state == ContactState.ERASED
                if erased:
                    # Who was just forgotten is told so through a contact that knows her address alone.
                    contact, _ = people.contact_at(session, account_id, sender, now)
                    self._known.discard((account_id, sender))
                assert contact.id is not None
                outbox.say_to(session, contact.id, bubbles, now, reply_token=read.reply_token, important=True)
                inbox.mark_handled(session, event, now)
                if erased:
                    erasure.empty_event(session, event)
        except Exception as fault:
            if event is None or event.id is None:
                raise
            self._failed(event.id, fault)
            return True
        self.handled()
        return True

    def _read_ahead(self, account_id: int, sender: str) -> bool:
        """Understand her next event before the transaction, in which all others wait; False when she has none.

        By then another event may be the next one: it is understood there, only later.
        """
        with self.database.read() as session:
            event = inbox.next_event(session, account_id, sender, self.database.now(session))
        if event is None:
            return False
        # What fails here fails again below, where it is counted, tried again and parked.
        with contextlib.suppress(Exception):
            read_ahead(self.readers[account_id](event.body).incoming)
        return True

    def _announce_rest(self, account_id: int, sender: str) -> None:
        with self.database.write() as session:
            inbox.announce_rest(session, account_id, sender, self.database.now(session))

    def _failed(self, event_id: int, fault: Exception) -> None:
        kind = kind_and_place(fault)
        with self.database.write() as session:
            now = self.database.now(session)
            state = inbox.mark_failed(session, event_id, kind, now)
            if state is InboxState.PARKED:
                self._apologise(session, event_id, now)
        if state is InboxState.PARKED:
            self.parked()
            log.error("event parked", event_id=event_id, fault=kind)
        else:
            log.warning("event failed, will be tried again", event_id=event_id, fault=kind)

    @staticmethod
    def _apologise(session: Session, event_id: int, now: datetime) -> None:
        """Say that the words are kept, and what to do when it is urgent."""
        event = session.get_one(InboxEvent, event_id)
        contact, person = people.contact_at(session, event.account_id, event.sender, now)
        if contact.id is not None and contact.state == ContactState.ACTIVE:
            outbox.say_to(session, contact.id, [Bubble(text=say(person.language, "trouble.kept"))], now)


def _speak(person: Person, contact: Contact, language: str) -> None:
    """A newcomer is greeted in the language of her app where Krajai speaks it."""
    if language in LANGUAGES and language != person.language:
        person.language, contact.menu = language, MENU_DUE


async def _show_working(courtesies: Courtesies, sender: str) -> None:
    """Where the answer takes a while, say that one is being made."""
    await asyncio.sleep(WORKING_AFTER_SECONDS)
    try:
        await courtesies.show_working(sender)
    except ChannelError:
        return
    except Exception as fault:  # noqa: BLE001 - a courtesy's edge: her words are answered all the same
        log.error("not shown that an answer is made", fault=kind_and_place(fault))  # noqa: TRY400
