"""What an SMPP session hears, into the database: words into the inbox, receipts to what they are about."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime

import structlog
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import Session

from bot.channels.smpp_incoming import Delivered, joined
from bot.channels.sms_events import event_of_text
from bot.ingest import Ingest
from broadcasts.delivery.receipts import apply_network_receipt, note_network_id
from storage import inbox
from storage.database import Database
from storage.sms_pieces import SmsPiece, keep, take_overdue

log = structlog.get_logger()


class StoredInlet:
    """The inlet of one account. It raises when the database does not answer: the network keeps the rest for us."""

    def __init__(self, database: Database, ingest: Ingest, account_id: int) -> None:
        self._database = database
        self._ingest = ingest
        self._account_id = account_id

    async def message(self, sender: str, text: str) -> None:
        event = event_of_text(self._account_id, sender, text, "")
        if event is None:
            log.warning("sms from no telephone", account=self._account_id)
            return
        await self._ingest.store([event])

    async def piece(self, delivered: Delivered) -> None:
        await self._write(lambda session, at: self._keep(session, delivered, at))

    async def overdue(self) -> None:
        await self._write(self._hand_over_overdue)

    def _keep(self, session: Session, delivered: Delivered, at: datetime) -> None:
        assert delivered.piece is not None
        reference, total, number = delivered.piece
        piece = SmsPiece(
            account_id=self._account_id,
            sender=delivered.source,
            recipient=delivered.destination,
            reference=reference,
            total=total,
            number=number,
            data_coding=delivered.data_coding,
            message=delivered.message,
            at=at,
        )
        if whole := keep(session, piece):
            self._receive(session, whole, at)

    def _hand_over_overdue(self, session: Session, at: datetime) -> None:
        for pieces in take_overdue(session, self._account_id, at):
            self._receive(session, pieces, at)

    def _receive(self, session: Session, pieces: Sequence[SmsPiece], at: datetime) -> None:
        """Into the inbox in the transaction that lets go of the pieces."""
        text = joined([(piece.message, piece.data_coding) for piece in pieces])
        event = event_of_text(self._account_id, pieces[0].sender, text, "")
        if event is not None:
            inbox.receive(session, [event], at)

    async def accepted(self, network_id: str, reference: str) -> None:
        """Does not raise: the message is with the network, and only its receipt will say nothing."""
        try:
            await self._write(
                lambda session, at: note_network_id(session, self._account_id, network_id, reference, at)
            )
        except (SQLAlchemyError, OSError) as fault:
            log.error("network's id not noted", account=self._account_id, fault=type(fault).__name__)  # noqa: TRY400

    async def receipt(self, network_id: str, status: int) -> None:
        await self._write(
            lambda session, at: apply_network_receipt(session, self._account_id, network_id, status, at)
        )

    async def _write(self, change: Callable[[Session, datetime], object]) -> None:
        await asyncio.to_thread(self._write_now, change)

    def _write_now(self, change: Callable[[Session, datetime], object]) -> None:
        with self._database.write() as session:
            change(session, self._database.now(session))
