"""After "delete my data" no table, file or log holds her words, number or photo (issue 4, "Must show")."""

import asyncio
import logging
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
from sqlmodel import col, select
from structlog.testing import capture_logs

from bot.channels.sms_events import read_event, received_event
from bot.media import Fetched, sweep
from bot.receiving import Receiver
from broadcasts.delivery.pacing import Gates
from broadcasts.delivery.planning import plan_page
from broadcasts.delivery.sending import Sender
from broadcasts.schedule import SCHEDULE
from handlers.waiting import drafts
from storage import inbox, media
from storage.batches import Batch
from storage.cases import Case
from storage.cases_privacy import Privacy
from storage.database import Database
from storage.dialogs import Dialog
from storage.inbox import sender_key
from storage.lifecycles import ContactState, MediaState
from storage.media import Media, MediaKind
from storage.media_files import MediaFolder
from storage.outbox import Message
from storage.pace import MemoryPacer
from storage.people import Contact, Person
from storage.safety import SafetyReport
from storage.subscriptions import Subscription
from tests.bot.test_media import photo_bytes
from tests.broadcasts.delivery.scene import Clock
from tests.builders import account, released
from tests.fakes.scripted_channel import ScriptedChannel
from tests.handlers.playing import conversation
from tests.storage.traces import contents, files_in, traces

NUMBER = "+66812345678"
TYPED_NUMBER = "081-234-5678"
CRY = "ช่วยด้วย ยายคำปันติดอยู่บนหลังคา โทร 081-234-5678"
COMPLAINT = "ไฟถนนดับหน้าบ้านยายคำปัน ต.สุเทพ อ.เมืองเชียงใหม่"
NONSENSE = "กระเป๋าฝรั่งดองโทรศัพท์"
HERS = (NUMBER, NUMBER[1:], TYPED_NUMBER, "ยายคำปัน", NONSENSE)
"""What must not be found anywhere."""


@dataclass
class House:
    """Krajai with an SMS account, a folder of files and a clock."""

    database: Database
    folder: MediaFolder
    clock: Clock
    account_id: int
    receiver: Receiver
    channel: ScriptedChannel
    sent_events: int = 0

    def says(self, words: str, sender: str = NUMBER) -> None:
        self.sent_events += 1
        fields = {"from": sender, "text": words, "id": f"gateway-{self.sent_events}", "charset": "UTF-8"}
        event = received_event(
            self.account_id, [(name.encode(), value.encode()) for name, value in fields.items()]
        )
        assert event is not None
        with self.database.write() as session:
            inbox.receive(session, [event], self.clock.at)
        asyncio.run(self.receiver.handle(sender_key(self.account_id, event.sender)))

    def contact(self) -> tuple[Contact, Person] | None:
        with self.database.read() as session:
            query = select(Contact).where(Contact.address == NUMBER)
            contact = session.exec(query).first()
            return None if contact is None else (contact, session.get_one(Person, contact.person_id))

    def sends_a_photo(self) -> None:
        known = self.contact()
        assert known is not None
        contact, person = known
        with self.database.write() as session:
            wanted = media.want(
                session,
                MediaKind.PHOTO,
                provider_id="her-photo",
                account_id=self.account_id,
                contact_id=contact.id or 0,
                person_id=person.id or 0,
                at=self.clock.at,
            )
            assert wanted is not None
        self.sweeps()

    def sweeps(self) -> None:
        async def fetch(provider_id: str, most_bytes: int) -> Fetched:
            return Fetched(data=photo_bytes())

        asyncio.run(sweep(self.database, {self.account_id: fetch}, self.folder))

    def sends_what_waits(self) -> None:
        """All open messages go out."""
        sender = Sender(
            database=self.database, channels={self.account_id: self.channel}, gates=Gates(MemoryPacer())
        )
        with self.database.read() as session:
            contacts = set(session.exec(select(Message.contact_id)))
        for contact_id in contacts:
            asyncio.run(sender.converse(contact_id))

    def clock_runs(self) -> None:
        (job,) = [each for each in SCHEDULE if each.name == "forget_those_who_left"]
        assert job.run is not None
        with self.database.write() as session:
            job.run(session, self.clock.at)


@pytest.fixture
def house(database: Database, tmp_path: Path) -> Iterator[House]:
    clock = Clock()
    own = Database(database.url.render_as_string(hide_password=False), clock=clock)
    with own.write() as session:
        account_id = account(session, "sms")
    made = House(
        database=own,
        folder=MediaFolder(path=tmp_path / "media", privacy=Privacy()),
        clock=clock,
        account_id=account_id,
        receiver=Receiver(
            database=own, conversation=conversation(account_id), readers={account_id: read_event}
        ),
        channel=ScriptedChannel(keyed=False),
    )
    yield made
    own.close()


def lives_here(house: House) -> None:
    """She writes, cries for help, complains, sends a photo, and is warned."""
    house.says("สมัคร ต.สุเทพ เมืองเชียงใหม่")
    house.says(NONSENSE)
    house.says(CRY)
    house.says("กดผิด")
    house.says(COMPLAINT)
    house.says("1")
    house.sends_a_photo()
    with house.database.write() as session:
        assert session.exec(select(SafetyReport)).all()
        (photo,) = session.exec(select(Media)).all()
        (case,) = session.exec(select(Case)).all()
        photo.case_id = case.id
        broadcast = released(session, places=["5001"], at=house.clock.at)
        assert broadcast.id is not None
        plan_page(session, broadcast.id, house.clock.at, {house.account_id: 10})
        assert session.exec(select(Batch)).all()
    held = contents(house.database) + files_in(house.folder.path)
    assert traces(held, HERS) == list(HERS)
    assert photo_marks(house)


def photo_marks(house: House) -> bool:
    return any(file.is_file() for file in house.folder.path.rglob("*"))


def asks_to_be_erased(house: House) -> None:
    house.says("ลบข้อมูลฉันให้หมด")
    house.says("ลบเลย")


def test_nothing_of_her_is_left(house: House, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with capture_logs() as logs:
        lives_here(house)
        asks_to_be_erased(house)
        house.sends_what_waits()
        house.clock.at += timedelta(minutes=1)
        house.clock_runs()
        house.clock.at += timedelta(minutes=2)
        house.sweeps()
    farewell = house.channel.journal[-1].request
    assert (farewell.addresses, len(farewell.bubbles)) == ((NUMBER,), 1)
    assert farewell.bubbles[0].text.startswith("ลบแล้ว")
    assert traces(contents(house.database), HERS) == []
    assert traces((repr(logs) + caplog.text).encode(), HERS) == []
    assert not photo_marks(house)
    with house.database.read() as session:
        states = set(session.exec(select(Contact.state)))
        assert states == {ContactState.ERASED}
        assert session.exec(select(Subscription)).all() == []
        (case,) = session.exec(select(Case)).all()
        assert (case.person_id, case.contact_id, case.words) == (None, None, "")
        assert case.category == "street-light"
        assert session.exec(select(Media.state)).all() == [MediaState.REMOVED]
        erased = session.exec(select(Person).where(col(Person.erased_at).is_(None))).all()
        assert erased == []


def test_the_address_is_kept_until_the_farewell_is_out_and_no_longer_than_ten_minutes(house: House) -> None:
    house.says("สมัคร แม่สาย")
    asks_to_be_erased(house)
    known = house.contact()
    assert known is not None
    assert known[0].state == ContactState.LEAVING
    assert known[1].consented_at is None
    house.clock_runs()
    assert house.contact() is not None, "the farewell is not out yet"
    house.clock.at += timedelta(minutes=11)
    house.clock_runs()
    assert house.contact() is None
    house.sends_what_waits()
    assert house.channel.journal == []
    assert traces(contents(house.database), [NUMBER]) == []


def test_a_stranger_writes_from_the_same_number(house: House) -> None:
    house.says("สมัคร แม่สาย")
    asks_to_be_erased(house)
    house.says("สวัสดี")
    house.clock.at += timedelta(minutes=20)
    house.clock_runs()
    known = house.contact()
    assert known is not None
    assert known[0].state == ContactState.ACTIVE
    house.says("เรื่องของฉัน")
    house.sends_what_waits()
    texts = [call.request.bubbles[0].text for call in house.channel.journal]
    assert any("พิมพ์ สมัคร ตามด้วยชื่ออำเภอ" in text for text in texts)
    assert "แม่สาย" not in texts[-1]
    with house.database.read() as session:
        assert session.exec(select(Subscription)).all() == []


def test_what_she_said_after_it_waits_for_its_answer(house: House) -> None:
    """Events that came together: the ones behind the wish are a stranger's."""
    house.says("สมัคร แม่สาย")
    house.says("ลบข้อมูลฉันให้หมด")
    with house.database.write() as session:
        for number, words in enumerate(("ลบเลย", "สมัคร แม่จัน")):
            event = received_event(
                house.account_id,
                [(b"from", NUMBER.encode()), (b"text", words.encode()), (b"id", f"late-{number}".encode())],
            )
            assert event is not None
            inbox.receive(session, [event], house.clock.at)
    asyncio.run(house.receiver.handle(sender_key(house.account_id, NUMBER)))
    known = house.contact()
    assert known is not None
    with house.database.read() as session:
        assert [each.place for each in session.exec(select(Subscription))] == ["5707"]
        assert session.exec(select(Subscription.person_id)).one() == known[1].id


def test_a_restart_in_between_forgets_all_the_same(house: House) -> None:
    house.says("สมัคร แม่สาย")
    asks_to_be_erased(house)
    again = Database(house.database.url.render_as_string(hide_password=False), clock=house.clock)
    house.database.close()
    house.database = again
    house.sends_what_waits()
    house.clock_runs()
    assert house.contact() is None
    again.close()


def test_a_complaint_that_is_not_sent_is_erased_wherever_it_waits(house: House) -> None:
    """One that runs, one that waits, and words of which nobody knows yet to which they belong."""
    house.says("สมัคร ต.สุเทพ เมืองเชียงใหม่")
    house.says(COMPLAINT)
    house.says("ถนนเป็นหลุมหน้าบ้านยายคำปัน")
    house.says("เมนู")
    house.says("แจ้งปัญหา")
    house.says("1")
    house.says("หลุมใหญ่หน้าบ้านยายคำปัน")
    assert traces(contents(house.database), ["ยายคำปัน"]) == ["ยายคำปัน"]
    house.says("ลบข้อมูลฉันให้หมด")
    with house.database.read() as session:
        (dialog,) = session.exec(select(Dialog)).all()
        assert len(drafts(dialog)) == 2
    house.says("ลบเลย")
    with house.database.read() as session:
        assert [drafts(each) for each in session.exec(select(Dialog))] == [[]]
        assert all(each.known == {} for each in session.exec(select(Dialog)))
    house.sends_what_waits()
    house.clock.at += timedelta(minutes=1)
    house.clock_runs()
    assert traces(contents(house.database), HERS) == []


def test_somebody_else_loses_nothing(house: House) -> None:
    house.says("สมัคร แม่สาย")
    house.says(COMPLAINT, sender="+66899999999")
    house.says("1", sender="+66899999999")
    asks_to_be_erased(house)
    house.clock_runs()
    with house.database.read() as session:
        (case,) = session.exec(select(Case)).all()
        assert case.words != ""
        assert case.person_id is not None
    assert traces(contents(house.database), ["+66899999999"]) == ["+66899999999"]
