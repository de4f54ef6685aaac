"""The only place where objects are joined."""

from dataclasses import dataclass

from bot.channels.local import Faults, LocalChannel, read_event
from bot.metrics import Metrics
from bot.queue import Queue, join_commits, queue_for
from bot.receiving import EventReader, Receiver
from bot.settings import Settings
from broadcasts.delivery.channel import Channel
from broadcasts.delivery.pacing import Gates
from broadcasts.delivery.sending import Sender
from handlers.conversation import Conversation
from handlers.turn import Agency
from storage.database import Database
from storage.pace import DatabasePacer, MemoryPacer, Pacer
from storage.people import ensure_account


@dataclass(kw_only=True)
class Krajai:
    """A process of Krajai: what it has and what it can do. Made by `open_krajai`, closed with `close`."""

    settings: Settings
    database: Database
    channels: dict[int, Channel]
    readers: dict[int, EventReader]
    metrics: Metrics
    local_account_id: int
    local_faults: Faults

    @property
    def batch_sizes(self) -> dict[int, int]:
        return {account: channel.traits.recipients_per_batch for account, channel in self.channels.items()}

    @property
    def honours_retry_key(self) -> dict[int, bool]:
        return {account: channel.traits.honours_retry_key for account, channel in self.channels.items()}

    @property
    def agency(self) -> Agency:
        return Agency(name_th=self.settings.agency_name_th, name_en=self.settings.agency_name_en)

    @property
    def simulator_is_open(self) -> bool:
        """The simulator is for trying: shut as soon as a real channel is on, unless the operator opens it."""
        real = len(self.channels) > 1
        return self.settings.simulator == "on" or (self.settings.simulator == "auto" and not real)

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
            conversation=Conversation(self.agency, self.settings.zone),
            readers=self.readers,
            handled=self.metrics.handled,
            parked=self.metrics.parked,
        )

    def close(self) -> None:
        self.database.close()


def open_krajai(settings: Settings) -> Krajai:
    """Join everything for one process. The database must be migrated."""
    database = Database(settings.database_url)
    join_commits(database)
    faults = Faults()
    with database.write() as session:
        account = ensure_account(session, "local")
        assert account.id is not None
        local_account_id = account.id
    local = LocalChannel(
        database,
        behaves_like=settings.local_behaves_like,
        requests_per_second=settings.local_requests_per_second,
        faults=faults,
    )
    return Krajai(
        settings=settings,
        database=database,
        channels={local_account_id: local},
        readers={local_account_id: read_event},
        metrics=Metrics(),
        local_account_id=local_account_id,
        local_faults=faults,
    )
