"""An Update or a Cancel reaches those who may have got the original, overtakes nobody, and tells nobody twice."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import insert
from sqlmodel import Session, col, select

from broadcasts.delivery import drawing, planning
from broadcasts.delivery.channel import NotTogether, RecipientsRefused
from broadcasts.delivery.claiming import ClaimedBatch, claim_batches
from broadcasts.delivery.planning import UNSETTLED_WAIT_SECONDS, plan_page
from broadcasts.delivery.settling import recover_batch, settle_batch
from broadcasts.delivery.verdicts import ACCEPTED, Verdict, held_back, judge
from storage import batches, broadcasts
from storage.batches import Batch, new_batch
from storage.broadcasts import Priority
from storage.database import Database
from storage.lifecycles import BatchState, BroadcastState, ContactState
from storage.people import Contact, Person
from tests import builders
from tests.broadcasts.audience.people import ON_A_DATABASE, Someone, World, areas, crowds, settle_down
from tests.broadcasts.delivery.plans import copies, plan, planned
from tests.builders import NOW

MAY_HAVE_GOT_IT = frozenset("a>u")


@dataclass(frozen=True)
class Sent:
    """A batch of the original: whom it was for (numbers of persons), what became of them, and whether it is at work.

    `settles` is what becomes of them in the end, when it is at work.
    """

    broadcast: int
    persons: tuple[int, ...]
    outcomes: str
    settles: str
    sending: bool


@st.composite
def sent_batches(draw: st.DrawFn, broadcasts: int = 2) -> list[Sent]:
    made = []
    for _ in range(draw(st.integers(0, 6))):
        chosen = draw(st.lists(st.integers(0, 3), min_size=1, max_size=4, unique=True))
        size, sending = len(chosen), draw(st.booleans())
        letters = "..>>aafus" if sending else "..aafus"
        outcomes = draw(st.text(letters, min_size=size, max_size=size))
        settles = draw(st.text(".aafus", min_size=size, max_size=size))
        made.append(Sent(draw(st.integers(0, broadcasts - 1)), tuple(chosen), outcomes, settles, sending))
    return made


@dataclass
class Earlier:
    """The broadcasts that are corrected, and their batches by what the test knows of them."""

    broadcast_ids: list[int]
    batches: list[tuple[int, list[int], Sent]] = field(default_factory=list)
    """Row id, contact ids, what was drawn."""

    settled: set[int] = field(default_factory=set)

    def in_flight(self) -> set[int]:
        return {
            contact
            for row_id, contacts, sent in self.batches
            if sent.sending and row_id not in self.settled
            for contact in contacts
        }

    def reached(self) -> set[int]:
        """Contacts who may have got it in the end."""
        return {
            contact
            for _, contacts, sent in self.batches
            for contact, outcome in zip(
                contacts, sent.settles if sent.sending else sent.outcomes, strict=True
            )
            if outcome in MAY_HAVE_GOT_IT
        }

    def settle_one(self, database: Database) -> None:
        """The oldest batch at work gets its answer."""
        for row_id, _, sent in self.batches:
            if sent.sending and row_id not in self.settled:
                self.settled.add(row_id)
                with database.write() as session:
                    batch = session.get_one(Batch, row_id)
                    assert batches.settle(session, batch, sent.settles.encode(), NOW)
                return


def send_earlier(session: Session, world: World, drawn: Sequence[Sent]) -> Earlier:
    """Two broadcasts, stopped by the correction, with these batches: each for the first contact of its persons."""
    earlier = Earlier([builders.released(session, at=NOW - timedelta(hours=h)).id or 0 for h in (2, 1)])
    for sent in drawn:
        numbers = [number for number in sent.persons if number < len(world.people)]
        if not numbers:
            continue
        keep = [sent.persons.index(number) for number in numbers]
        kept = Sent(
            sent.broadcast,
            tuple(numbers),
            "".join(sent.outcomes[i] for i in keep),
            "".join(sent.settles[i] for i in keep),
            sent.sending,
        )
        contacts = [world.contacts[number][0] for number in numbers]
        row = new_batch(
            earlier.broadcast_ids[sent.broadcast], builders.account(session, "line"), "th", "", contacts, NOW
        )
        row["outcomes"] = kept.outcomes.encode()
        row["state"] = BatchState.SENDING if kept.sending else BatchState.STOPPED
        row_id = session.connection().execute(insert(Batch).values(row).returning(col(Batch.id))).scalar_one()
        assert row_id is not None
        earlier.batches.append((row_id, contacts, kept))
    return earlier


@given(
    people=crowds(8),
    drawn=sent_batches(),
    places=st.one_of(st.just([]), areas()),
    page=st.integers(1, 3),
    crashes=st.lists(st.booleans(), max_size=10),
)
@ON_A_DATABASE
def test_a_correction_reaches_everybody_it_concerns_once_and_overtakes_nobody(
    database: Database,
    people: list[Someone],
    drawn: list[Sent],
    places: list[str],
    page: int,
    crashes: list[bool],
) -> None:
    """With places it is an Update, without it is a Cancel."""
    world = settle_down(database, people)
    sizes = dict.fromkeys(world.accounts, 2)
    with database.write() as session:
        earlier = send_earlier(session, world, drawn)
        correction = builders.released(session, places=places, reached=earlier.broadcast_ids[::-1]).id or 0
    seen: list[int] = []

    def nobody_is_overtaken() -> None:
        told = [copy.contact_id for copy in copies(database, correction)]
        assert set(told[len(seen) :]) & earlier.in_flight() == set()
        seen[:] = told
        earlier.settle_one(database)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(planning, "PAGE_BATCHES", page)
        patch.setattr(drawing, "PAGE_KEYS", page)
        plan(database, correction, sizes, crashes=crashes, between=nobody_is_overtaken)

    reached = {contact for contact in earlier.reached() if world.is_active(contact)}
    addressed = {world.person_of(contact) for contact in reached}
    area = {contact for number, (contact, *_) in world.audience(places).items() if number not in addressed}
    found = copies(database, correction)
    assert sorted(copy.contact_id for copy in found) == sorted(reached | area)
    assert all(batch.size <= 2 for batch, _ in planned(database, correction))
    assert earlier.in_flight() == set()


def one_batch(
    session: Session, outcomes: str, state: BatchState, *, count: int = 1, places: Sequence[str] = ()
) -> tuple[int, list[int], list[int]]:
    """A broadcast with `count` batches of these outcomes; its id, the batches' and the contacts'."""
    account_id = builders.account(session)
    broadcast_id = builders.released(session).id or 0
    rows, contacts = [], []
    for n in range(count):
        ids = [
            builders.citizen(session, f"sim-{n}-{i}", places=places)[0].id or 0 for i in range(len(outcomes))
        ]
        contacts += ids
        rows.append(
            {
                **new_batch(broadcast_id, account_id, "th", "", ids, NOW),
                "outcomes": outcomes.encode(),
                "state": state,
            }
        )
    session.connection().execute(insert(Batch), rows)
    row_ids = [
        found or 0 for found in session.exec(select(Batch.id).where(Batch.broadcast_id == broadcast_id))
    ]
    return broadcast_id, row_ids, contacts


@pytest.mark.parametrize(
    ("outcome", "told"), [("a", True), ("u", True), (">", True), ("f", False), ("s", False), (".", False)]
)
def test_a_cancel_tells_exactly_those_who_may_have_got_it(
    database: Database, outcome: str, *, told: bool
) -> None:
    with database.write() as session:
        original, _, contacts = one_batch(session, outcome, BatchState.STOPPED)
        builders.citizen(session, "sim-else", places=["5709"])
        cancel = builders.released(session, places=[], reached=[original]).id or 0
    plan(database, cancel, {1: 500})
    assert [copy.contact_id for copy in copies(database, cancel)] == (contacts if told else [])


def test_a_correction_waits_for_what_is_in_flight_and_for_nobody_else(database: Database) -> None:
    with database.write() as session:
        flying, (row_id,), waited_for = one_batch(session, ">>", BatchState.SENDING)
        landed_batch = new_batch(flying, builders.account(session), "th", "", [], NOW)
        landed = builders.citizen(session, "sim-landed", places=[])[0].id or 0
        landed_batch |= {
            "recipients": batches.pack([landed]),
            "outcomes": b"a",
            "size": 1,
            "state": BatchState.DONE,
        }
        session.connection().execute(insert(Batch), [landed_batch])
        cancel = builders.released(session, places=[], reached=[flying]).id or 0
    waits = []
    for _ in range(5):
        with database.write() as session:
            waits.append(plan_page(session, cancel, NOW, {1: 1}))
    assert waits[-2:] == [UNSETTLED_WAIT_SECONDS] * 2
    assert [copy.contact_id for copy in copies(database, cancel)] == [landed]
    with database.write() as session:
        batches.settle(session, session.get_one(Batch, row_id), b"af", NOW)
    plan(database, cancel, {1: 1})
    assert [copy.contact_id for copy in copies(database, cancel)] == [landed, waited_for[0]]


def in_hand(
    session: Session, outcomes: str, *, resent: bool, keyed: bool
) -> tuple[int, ClaimedBatch, list[int]]:
    """A broadcast whose one batch a worker has claimed, with these outcomes before; its contacts."""
    broadcast_id, _, contacts = one_batch(session, outcomes, BatchState.WAITING, places=["5709"])
    batch = session.exec(select(Batch).where(Batch.broadcast_id == broadcast_id)).one()
    batch.resent = resent
    session.flush()
    account_id = builders.account(session)
    (claimed,) = claim_batches(session, account_id, Priority.EMERGENCY, NOW, 1, honours_retry_key=keyed)
    return broadcast_id, claimed, contacts


HELD = held_back("stopped")
TO_0 = judge(RecipientsRefused("to[0]", [0]), honours_retry_key=True, recipients=3)
ALONE = judge(NotTogether("a group", [0]), honours_retry_key=True, recipients=3)


@pytest.mark.parametrize(
    ("outcomes", "resent", "keyed", "verdicts", "told"),
    [
        ("uuu", True, False, [ACCEPTED, HELD, HELD], "aaa"),
        ("uu.", True, False, [ACCEPTED, HELD, HELD], "aa."),
        (".u.", True, False, None, ".a."),
        ("...", False, True, [TO_0] * 3, "..."),
        ("...", False, True, [ALONE] * 3, "..."),
    ],
    ids=["held back in the second attempt", "one in the first", "the worker died", "split", "parted"],
)
def test_who_may_have_got_it_is_told_although_others_were_to_move_on(
    database: Database,
    outcomes: str,
    resent: bool,
    keyed: bool,
    verdicts: list[Verdict] | None,
    told: str,
) -> None:
    """The Cancel has looked at all batches when the last attempt of one comes to an end."""
    with database.write() as session:
        original, claimed, contacts = in_hand(session, outcomes, resent=resent, keyed=keyed)
    with database.write() as session:
        broadcasts.move(session, original, BroadcastState.STOPPED, NOW, by="officer")
        cancel = builders.released(session, places=[], reached=[original]).id or 0
    for _ in range(5):
        with database.write() as session:
            assert plan_page(session, cancel, NOW, {1: 500}) is not None
    assert copies(database, cancel) == []
    with database.write() as session:
        if verdicts is None:
            recover_batch(session, claimed.batch, NOW, honours_retry_key=keyed)
        else:
            assert settle_batch(session, claimed, verdicts, NOW, honours_retry_key=keyed)
    plan(database, cancel, {1: 500})
    may_have = [contact for contact, letter in zip(contacts, told, strict=True) if letter == "a"]
    assert [copy.contact_id for copy in copies(database, cancel)] == may_have
    assert len(planned(database, original)) == 1
    with database.read() as session:
        assert not batches.has_open(session, original)


def test_who_got_the_first_does_not_get_the_third_before_the_second(database: Database) -> None:
    """An Update of an Update: the one in between is in flight to somebody who got the original long ago."""
    with database.write() as session:
        original, _, (both, only_original) = one_batch(session, "aa", BatchState.DONE)
        update = builders.released(session).id or 0
        row = new_batch(update, builders.account(session), "th", "", [both], NOW)
        session.connection().execute(insert(Batch), [{**row, "outcomes": b">", "state": BatchState.SENDING}])
        batch_id = session.exec(select(Batch.id).where(Batch.broadcast_id == update)).one()
        cancel = builders.released(session, places=[], reached=[update, original]).id or 0
    for _ in range(5):
        with database.write() as session:
            plan_page(session, cancel, NOW, {1: 1})
    assert [copy.contact_id for copy in copies(database, cancel)] == [only_original]
    with database.write() as session:
        # It failed in the end; the original stands, and its cancel is still to be told.
        batches.settle(session, session.get_one(Batch, batch_id), b"f", NOW)
    plan(database, cancel, {1: 1})
    assert [copy.contact_id for copy in copies(database, cancel)] == [only_original, both]


def test_many_that_were_in_flight_are_taken_page_by_page(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A page looks at a few batches only: PostgreSQL takes 65,535 values in a statement and not one more."""
    monkeypatch.setattr(planning, "PAGE_BATCHES", 2)
    with database.write() as session:
        original, row_ids, contacts = one_batch(session, ">>>", BatchState.SENDING, count=7)
        cancel = builders.released(session, places=[], reached=[original]).id or 0
    for _ in range(6):
        with database.write() as session:
            plan_page(session, cancel, NOW, {1: 500})
    with database.write() as session:
        for row_id in row_ids:
            batches.settle(session, session.get_one(Batch, row_id), b"aaa", NOW)
    assert plan(database, cancel, {1: 500}) >= 4
    assert sorted(copy.contact_id for copy in copies(database, cancel)) == contacts


def test_who_is_blocked_by_now_is_not_told_and_who_changed_language_reads_the_new_one(
    database: Database,
) -> None:
    with database.write() as session:
        original, _, (gone, moved) = one_batch(session, "aa", BatchState.DONE)
        contact = session.get_one(Contact, gone)
        contact.state = ContactState.BLOCKED
        person = session.get_one(Person, session.get_one(Contact, moved).person_id)
        person.language = "en"
        cancel = builders.released(session, places=[], reached=[original]).id or 0
    plan(database, cancel, {1: 500})
    assert [(copy.contact_id, copy.language) for copy in copies(database, cancel)] == [(moved, "en")]
