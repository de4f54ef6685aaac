"""A flood from one person does not slow others: measured as events that are handled before theirs."""

import asyncio
from collections import deque
from typing import cast

from bot.receiving import MOST_EVENTS_A_JOB, Receiver
from handlers.conversation import Conversation
from storage import inbox
from storage.database import Database
from storage.inbox import ReceivedEvent
from storage.jobs import Job
from tests.bot.test_receiving import Talk, read
from tests.broadcasts.delivery.scene import Clock
from tests.builders import account

FLOOD = 120
OTHERS = 10


class OneWorker:
    """The worst case: a single place for work, which takes one job after the other."""

    def __init__(self, database: Database, talk: Talk) -> None:
        clock = Clock()
        self.jobs: deque[Job] = deque()
        self.database = Database(database.url.render_as_string(hide_password=False), clock=clock)
        self.database.after_commit = self._announced
        with self.database.write() as session:
            self.account_id = account(session)
        self.at = clock.at
        self.receiver = Receiver(
            database=self.database,
            conversation=cast("Conversation", talk),
            readers={self.account_id: read},
        )

    def receive(self, sender: str, *texts: str, urgent: bool = False) -> None:
        with self.database.write() as session:
            for text in texts:
                event = ReceivedEvent(
                    account_id=self.account_id,
                    event_id=text,
                    sender=sender,
                    body=text.encode(),
                    urgent=urgent,
                )
                inbox.receive(session, [event], self.at)

    def work(self) -> None:
        while self.jobs:
            asyncio.run(self.receiver.handle(self.jobs.popleft().key))
        self.database.close()

    def _announced(self, jobs: tuple[Job, ...]) -> None:
        self.jobs += [job for job in jobs if job.key != "" and job.work.value.startswith("handle")]


def test_others_wait_for_ten_of_a_flood_and_no_more(database: Database) -> None:
    talk = Talk()
    worker = OneWorker(database, talk)
    worker.receive("sim-flood", *(f"flood {number}" for number in range(FLOOD)))
    for number in range(OTHERS):
        worker.receive(f"sim-{number}", f"other {number}")
    worker.work()
    places = [talk.heard.index(f"other {number}") for number in range(OTHERS)]
    assert places == [MOST_EVENTS_A_JOB + number for number in range(OTHERS)]
    flood = [text for text in talk.heard if text.startswith("flood")]
    assert flood == [f"flood {number}" for number in range(FLOOD)], "in order, and none is lost"
