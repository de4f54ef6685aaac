"""The only place where objects are joined."""

import asyncio
import re
from dataclasses import dataclass, field
from pathlib import Path

import structlog

from bot.alert_desk import AlertDesk
from bot.channels.accounts import ConnectedAccount
from bot.channels.local import Faults, LocalChannel
from bot.channels.local import read_event as read_local_event
from bot.channels.registry import FORMS, House, NotConnected, connect, main_credentials
from bot.ingest import Ingest
from bot.metrics import Metrics
from bot.queue import Queue, join_commits, queue_for
from bot.receiving import EventReader, Receiver
from bot.settings import Settings
from broadcasts.alerts.signing import SigningKey, UnusableKey, read_signing_key
from broadcasts.delivery.channel import Channel
from broadcasts.delivery.fallback import FallbackRule
from broadcasts.delivery.pacing import Gates
from broadcasts.delivery.sending import Sender
from handlers.conversation import Conversation
from handlers.turn import Agency
from handlers.understanding.service_articles import ArticleBroken, use_overlay
from storage import people
from storage.agencies import for_cases, is_joined, join_file
from storage.broadcasts import Form
from storage.cases_agencies import Agencies, AgenciesRefused, read_agencies
from storage.cases_privacy import use_secret_key
from storage.database import Database
from storage.officer_telling import use_console
from storage.pace import DatabasePacer, MemoryPacer, Pacer
from storage.people import MAIN, Account
from storage.sealing import SealBroken, unseal

log = structlog.get_logger()

LOCAL = "local"

_BOT_USER_ID = re.compile("U[0-9a-f]{32}")


@dataclass(kw_only=True)
class Krajai:
    """A process of Krajai: what it has and what it can do. Made by `open_krajai`, closed with `close`."""

    settings: Settings
    database: Database
    ingest: Ingest
    accounts: tuple[ConnectedAccount, ...]
    agencies: Agencies
    metrics: Metrics
    local_faults: Faults
    signing_key: SigningKey | None
    _called_bots: dict[int, str] = field(default_factory=dict)

    @property
    def channels(self) -> dict[int, Channel]:
        return {account.id: account.channel for account in self.accounts}

    @property
    def readers(self) -> dict[int, EventReader]:
        return {account.id: account.read_event for account in self.accounts}

    @property
    def forms(self) -> dict[int, Form]:
        as_local = self.settings.local_behaves_like
        names = {each.id: each.channel_name.replace(LOCAL, as_local) for each in self.accounts}
        return {account: FORMS.get(name, Form.CHAT) for account, name in names.items()}

    @property
    def local_account_id(self) -> int:
        return next(account.id for account in self.accounts if account.channel_name == LOCAL)

    @property
    def batch_sizes(self) -> dict[int, int]:
        return {account: channel.traits.recipients_per_batch for account, channel in self.channels.items()}

    @property
    def honours_retry_key(self) -> dict[int, bool]:
        return {account: channel.traits.honours_retry_key for account, channel in self.channels.items()}

    @property
    def fallback(self) -> FallbackRule:
        """From which accounts to which, and for how much, text messages go out instead."""
        return FallbackRule(
            lines=frozenset(each.id for each in self.accounts if each.channel_name == "line"),
            texts={each.id: each.channel for each in self.accounts if each.channel_name == "sms"},
            alert_satang=self.settings.sms_instead_baht_per_alert * 100,
            day_satang=self.settings.sms_instead_baht_per_day * 100,
        )

    @property
    def agency(self) -> Agency:
        chosen = self.settings
        return Agency(
            name_th=chosen.agency_name_th,
            name_en=chosen.agency_name_en,
            retention_reason_th=chosen.retention_reason_th,
            retention_reason_en=chosen.retention_reason_en,
            phone=chosen.agency_phone,
            public_url=chosen.public_url,
        )

    @property
    def public_url(self) -> str:
        """Where others reach this installation: what the operator has set, never what a request claims."""
        return self.settings.public_url.rstrip("/") or f"http://{self.settings.host}:{self.settings.port}"

    @property
    def simulator_is_open(self) -> bool:
        """The simulator is for trying: shut as soon as a real channel is on, unless the operator opens it."""
        real = len(self.accounts) > 1
        return self.settings.simulator == "on" or (self.settings.simulator == "auto" and not real)

    @property
    def polled(self) -> tuple[ConnectedAccount, ...]:
        """The bots whose updates are fetched, since Telegram cannot reach this installation."""
        asks = self.settings.telegram_polling
        polls = asks == "on" or (asks == "auto" and not self.settings.public_url)
        return tuple(each for each in self.accounts if each.channel_name == "telegram" and polls)

    def queue(self) -> Queue:
        return queue_for(self.database)

    def sender(self) -> Sender:
        pacer: Pacer = MemoryPacer() if self.database.is_sqlite else DatabasePacer(self.database)
        return Sender(
            database=self.database,
            channels=self.channels,
            gates=Gates(pacer),
            sent=self.metrics.sent,
            refused=self.metrics.refused,
        )

    def receiver(self) -> Receiver:
        return Receiver(
            database=self.database,
            conversation=Conversation(
                self.agency,
                self.settings.zone,
                self.forms,
                agencies=self.agencies,
                desk=AlertDesk(self.settings.zone),
            ),
            readers=self.readers,
            handled=self.metrics.handled,
            parked=self.metrics.parked,
            courtesies={each.id: each.courtesies for each in self.accounts if each.courtesies},
        )

    async def note_called_bot(self, account_id: int, bot_user_id: str) -> None:
        """For which bot LINE called this account; written when it is another than before."""
        if _BOT_USER_ID.fullmatch(bot_user_id) and self._called_bots.get(account_id) != bot_user_id:
            await asyncio.to_thread(self._write_called_bot, account_id, bot_user_id)
            self._called_bots[account_id] = bot_user_id

    def _write_called_bot(self, account_id: int, bot_user_id: str) -> None:
        with self.database.read() as session:
            if people.called_bot(session, account_id) == bot_user_id:
                return
        with self.database.write() as session:
            people.note_called_bot(session, account_id, bot_user_id)

    async def prepare_channels(self) -> None:
        """Make every channel ready for its first send; called in the loop that sends. One that fails stops no other."""
        for account in self.accounts:
            try:
                await account.channel.prepare()
            except Exception as fault:  # noqa: BLE001 - whatever a vendor's packages raise: sending tells again
                log.error("a channel is not ready", account=str(account), kind=type(fault).__name__)  # noqa: TRY400

    async def close_channels(self) -> None:
        """Close the vendors' connections; called in the loop that used them."""
        for account in self.accounts:
            await account.channel.close()

    def close(self) -> None:
        self.database.close()


def open_krajai(settings: Settings) -> Krajai:
    """Join everything for one process. The database must be migrated. Raises NotConnected."""
    database = Database(settings.database_url)
    join_commits(database)
    use_secret_key(database, settings.secret_key.get_secret_value())
    use_console(database, settings.public_url)
    faults = Faults()
    metrics = Metrics()
    ingest = Ingest(database, metrics.not_stored)
    house = House(settings=settings, database=database, ingest=ingest)
    return Krajai(
        settings=settings,
        database=database,
        ingest=house.ingest,
        accounts=(_local(settings, database, faults), *_connected(house)),
        agencies=_joined(database, _knowledge(settings)),
        metrics=metrics,
        local_faults=faults,
        signing_key=_signing_key(settings),
    )


def _signing_key(settings: Settings) -> SigningKey | None:
    try:
        return read_signing_key(settings.cap_signing_key_file, settings.cap_signing_certificate_file)
    except UnusableKey as fault:
        raise NotConnected(str(fault)) from fault


def _knowledge(settings: Settings) -> Agencies:
    """The agencies of this installation; its own answers about services are put over ours."""
    try:
        use_overlay(Path(settings.articles_folder) if settings.articles_folder else None)
    except ArticleBroken as fault:
        raise NotConnected(f"KRAJAI_ARTICLES_FOLDER: {fault}") from fault
    file = Path(settings.agencies_file) if settings.agencies_file else None
    try:
        return read_agencies(settings.agency_name_th, settings.agency_name_en, file)
    except AgenciesRefused as fault:
        raise NotConnected(f"KRAJAI_AGENCIES_FILE: {fault}") from fault


def _joined(database: Database, read: Agencies) -> Agencies:
    """The agencies of the table, after what the file says was put into it."""
    with database.read() as session:
        joined = is_joined(session, read)
    if not joined:
        with database.write() as session:
            join_file(session, read, database.now(session))
    with database.read() as session:
        return for_cases(session)


def _local(settings: Settings, database: Database, faults: Faults) -> ConnectedAccount:
    channel = LocalChannel(
        database,
        behaves_like=settings.local_behaves_like,
        requests_per_second=settings.local_requests_per_second,
        faults=faults,
    )
    return ConnectedAccount(
        id=_row_id(database, LOCAL, MAIN),
        channel_name=LOCAL,
        name=MAIN,
        channel=channel,
        read_event=read_local_event,
        credentials={},
    )


def _connected(house: House) -> list[ConnectedAccount]:
    """The environment's accounts, then those of the database."""
    found = [
        connect(_row_id(house.database, channel_name, MAIN), channel_name, MAIN, credentials, house)
        for channel_name, credentials in main_credentials(house.settings).items()
    ]
    with house.database.read() as session:
        added = [
            row for row in people.accounts(session) if row.state == "active" and "sealed" in row.settings
        ]
    return found + [_unsealed(row, house) for row in added]


def _unsealed(row: Account, house: House) -> ConnectedAccount:
    assert row.id is not None
    secret = house.settings.secret_key.get_secret_value()
    try:
        credentials = unseal(secret, row.settings["sealed"], purpose=f"account/{row.channel}")
    except SealBroken as fault:
        raise NotConnected(f"account {row.channel}/{row.name}: {fault}") from fault
    return connect(row.id, row.channel, row.name, credentials, house)


def _row_id(database: Database, channel_name: str, name: str) -> int:
    with database.read() as session:
        known = next(
            (row for row in people.accounts(session) if (row.channel, row.name) == (channel_name, name)), None
        )
    if known is None:
        with database.write() as session:
            known = people.ensure_account(session, channel_name, name)
    assert known.id is not None
    return known.id
