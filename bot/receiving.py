"""Handling what is in the inbox: one event, one commit, in order for each sender."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

import structlog
from sqlmodel import Session

from broadcasts.delivery.faults import kind_and_place
from handlers.conversation import Conversation
from storage import inbox, outbox, people
from storage.database import Database
from storage.inbox import InboxEvent
from storage.lifecycles import ContactState, InboxState
from storage.replies import Bubble, Incoming
from storage.wording import say

log = structlog.get_logger()


@dataclass(frozen=True, kw_only=True)
class ReadEvent:
    """An event after its channel has read it."""

    incoming: Incoming
    reply_token: str = ""


EventReader = Callable[[bytes], ReadEvent]
"""A channel's reading of one event's raw bytes. When it raises, the event is tried again and parked in the end."""


@dataclass(frozen=True, kw_only=True)
class Receiver:
    """Lets the conversation answer what `readers` (by account id) read; counts by `handled` and `parked`."""

    database: Database
    conversation: Conversation
    readers: Mapping[int, EventReader]
    handled: Callable[[], None] = lambda: None
    parked: Callable[[], None] = lambda: None

    async def handle(self, key: str) -> None:
        """Handle all that waits of one sender."""
        account_id, sender = inbox.split_sender_key(key)
        while await asyncio.to_thread(self._handle_next, account_id, sender):
            continue

    def _handle_next(self, account_id: int, sender: str) -> bool:
        event: InboxEvent | None = None
        try:
            with self.database.write() as session:
                now = self.database.now(session)
                event = inbox.next_event(session, account_id, sender, now)
                if event is None:
                    return False
                contact, person = people.contact_at(session, account_id, sender, now)
                read = self.readers[account_id](event.body)
                bubbles = self.conversation.answer(session, contact, person, read.incoming, now)
                if contact.id is not None and contact.state != ContactState.ERASED:
                    outbox.say_to(
                        session, contact.id, bubbles, now, reply_token=read.reply_token, important=True
                    )
                inbox.mark_handled(session, event, now)
        except Exception as fault:
            if event is None or event.id is None:
                raise
            self._failed(event.id, fault)
            return True
        self.handled()
        return True

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
