"""One account that is refused, or refuses the words: nobody on another waits for it, and officers know."""

import asyncio
import threading
from datetime import timedelta

import pytest
from sqlalchemy import func
from sqlmodel import Session, col, select

from broadcasts.delivery import settling
from broadcasts.delivery.channel import AccountRefused, ContentRefused, RecipientsRefused
from broadcasts.delivery.claiming import ClaimedBatch, claim_batches
from broadcasts.delivery.held_up import Holds, held_up_now, held_up_on
from broadcasts.delivery.pacing import Gates
from broadcasts.delivery.progress import DeliveryWatch
from broadcasts.delivery.sending import Sender
from broadcasts.delivery.verdicts import ACCEPTED, Verdict, judge
from storage import people
from storage.audit import AuditEntry
from storage.broadcasts import Priority
from storage.duty import DutyShift
from storage.lifecycles import BroadcastState
from storage.officers import Officer, Role
from storage.outbox import Message
from tests import builders
from tests.broadcasts.delivery.scene import Lasting, NoPace, Scene
from tests.fakes.scripted_channel import ScriptedChannel, Step

TOKEN = judge(AccountRefused("401"), honours_retry_key=True)
QUOTA = judge(AccountRefused("quota"), honours_retry_key=True)
WORDS = judge(ContentRefused("400"), honours_retry_key=True)
REFUSED = Step(accepts=False, raises=AccountRefused("401"))
WORDS_REFUSED = Step(accepts=False, raises=ContentRefused("400"))
RECOVERS_SECONDS = 60
MANY = [f"sim-{n}" for n in range(1, 61)]


class TwoNetworks(Scene):
    """Besides the scene's own people some on another account, in the same district."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.other = ScriptedChannel(keyed=False)
        with self.database.write() as session:
            number = people.ensure_account(session, "telegram", f"other {self.place}").id or 0
            for n in range(4):
                builders.citizen(session, f"other-{n}", account_id=number, places=[self.place])
        self.other_id = number
        self.sender = Sender(
            database=self.database,
            channels={self.account_id: self.channel, number: self.other},
            gates=Gates(NoPace()),
        )

    def work(self, priority: Priority = Priority.EMERGENCY) -> None:
        """What is due at this second, on both."""
        for account_id in (self.account_id, self.other_id):
            asyncio.run(self.sender.deliver(account_id, priority))
        self.recover()


def officer(session: Session, name: str, *roles: Role) -> Officer:
    """An officer with a chat of her own."""
    found = session.exec(select(Officer).where(Officer.name == name)).first() or Officer(
        name=name, roles=[role.value for role in roles], created_at=builders.NOW
    )
    account_id = people.ensure_account(session, "telegram", "officers").id
    contact, _ = builders.citizen(session, f"chat of {name}", account_id=account_id, places=[])
    found.contact_id, found.language = contact.id, "en"
    session.add(found)
    session.flush()
    return found


def told(scene: Scene, name: str, since: int) -> list[str]:
    """What an officer was told from this message on."""
    with scene.database.read() as session:
        chat = select(Officer.contact_id).where(Officer.name == name)
        query = select(Message).where(col(Message.contact_id).in_(chat), col(Message.id) > since)
        return [message.body[0]["text"] for message in session.exec(query.order_by(col(Message.id)))]


def newest(scene: Scene) -> int:
    with scene.database.read() as session:
        return session.exec(select(func.max(Message.id))).one() or 0


@pytest.fixture
def officers(lasting: Lasting) -> None:
    with lasting.database.write() as session:
        suda = officer(session, "suda", Role.APPROVER)
        officer(session, "malee", Role.APPROVER)
        officer(session, "case worker", Role.CASE_WORKER)
        if session.exec(select(DutyShift)).first() is None:
            session.add(DutyShift(officer_id=suda.id or 0, place="", created_at=builders.NOW))


@pytest.mark.parametrize("step", [REFUSED, WORDS_REFUSED], ids=["account", "words"])
@pytest.mark.parametrize("keyed", [True, False], ids=["keyed", "single"])
def test_only_what_is_on_that_account_waits_and_it_goes_on_by_itself(
    lasting: Lasting, keyed: bool, step: Step, officers: None
) -> None:
    channel = ScriptedChannel(keyed=keyed)
    channel.script.extend([step] * 10_000)
    with TwoNetworks(lasting, channel, MANY) as scene:
        before = newest(scene)
        broadcast_id, began = scene.release(lives=timedelta(hours=48)), scene.clock.at
        while scene.clock.at - began < timedelta(seconds=100):
            scene.work()
            assert scene.state(broadcast_id) == BroadcastState.RELEASED
            scene.clock.advance(1)
        assert set(scene.other.delivered.values()) == {1}
        assert len(scene.other.delivered) == 4
        assert scene.tally(broadcast_id) == {"planned": 64, "accepted": 4, "waiting": 60}
        with scene.database.read() as session:
            (said,) = held_up_on(session, broadcast_id).values()
            seen = DeliveryWatch(broadcast_id=broadcast_id).look(session, scene.clock.at)
            assert held_up_now(session) == 1
        assert said.startswith("held up on local/scene")
        assert said.endswith(f": {step.raises}")
        assert seen.reasons == {said: 60}
        (suda,) = told(scene, "suda", before)
        assert suda.startswith(f"Warning {broadcast_id} does not go out on local/scene")
        assert str(step.raises) in suda
        assert (told(scene, "malee", before), told(scene, "case worker", before)) == ([], [])
        channel.script.clear()
        mended = scene.clock.at
        while scene.state(broadcast_id) == BroadcastState.RELEASED:
            scene.work()
            scene.clock.advance(1)
        assert (scene.clock.at - mended).total_seconds() <= RECOVERS_SECONDS
        assert scene.tally(broadcast_id) == {"planned": 64, "accepted": 64}
        assert set(channel.delivered.values()) == {1}
        assert len(told(scene, "suda", before)) == 1
        with scene.database.read() as session:
            assert (held_up_on(session, broadcast_id), held_up_now(session)) == ({}, 0)


def test_while_it_is_held_nothing_else_of_an_emergency_is_tried_there(lasting: Lasting) -> None:
    with Scene(lasting, ScriptedChannel(keyed=True)) as scene:
        scene.channel.script.append(REFUSED)
        first = scene.release()
        scene.deliver()
        second = scene.release()
        scene.deliver()
        assert (len(scene.channel.journal), scene.outcomes(second)) == (1, "...")
        routine = scene.release(Priority.ROUTINE)
        scene.deliver(Priority.ROUTINE)
        assert scene.outcomes(routine) == "aaa", "what is routine pauses by itself"
        scene.clock.advance(1)
        scene.deliver()
        assert (scene.outcomes(first), scene.outcomes(second)) == ("aaa", "aaa")


def test_refused_words_hold_up_no_other_warning_and_are_seldom_tried(lasting: Lasting) -> None:
    with Scene(lasting, ScriptedChannel(keyed=True), MANY) as scene:
        scene.channel.script.extend([WORDS_REFUSED] * 10_000)
        first, began = scene.release(), scene.clock.at
        for _ in range(4):
            scene.deliver()
            scene.clock.advance(1)
        at_first = len(scene.channel.journal)
        scene.channel.script.clear()
        second = scene.release()
        scene.deliver()
        assert scene.outcomes(second) == "a" * len(MANY)
        assert set(scene.outcomes(first)) == {"."}
        scene.channel.script.extend([WORDS_REFUSED] * 10_000)
        while scene.clock.at - began < timedelta(seconds=180):
            scene.deliver()
            scene.clock.advance(1)
        tried = len(scene.channel.journal) - at_first - len(MANY) // 3
        assert tried <= at_first * 3, "each of those at most twice a minute, in the end"
        assert set(scene.outcomes(first)) == {"."}


def test_while_words_are_refused_those_who_were_not_tried_wait_as_long(lasting: Lasting) -> None:
    """Thousands of requests would be refused in vain, again and again."""
    with Scene(lasting, ScriptedChannel(keyed=True), MANY[:9]) as scene:
        broadcast_id = scene.release()
        with scene.write() as session:
            (claimed,) = claim_batches(
                session, scene.account_id, Priority.EMERGENCY, scene.clock.at, 1, honours_retry_key=True
            )
            settling.settle_batch(session, claimed, [WORDS] * 3, scene.clock.at, honours_retry_key=True)
        scene.deliver()
        assert scene.channel.journal == []
        scene.clock.advance(1)
        scene.deliver()
        assert scene.outcomes(broadcast_id) == "...aaaaaa", "it may be one of hers alone: others come first"
        scene.clock.advance(1)
        scene.deliver()
        assert scene.outcomes(broadcast_id) == "a" * 9


def test_one_whose_words_are_refused_does_not_keep_back_all_others_for_ever(lasting: Lasting) -> None:
    """Of a slow account one request is tried at a time, and the first of the queue is refused through its own fault."""
    with Scene(lasting, ScriptedChannel(keyed=True), MANY[:9]) as scene:
        broadcast_id = scene.release()
        first = scene.batches(broadcast_id)[0].id
        for _ in range(20):
            with scene.write() as session:
                claimed = claim_batches(
                    session, scene.account_id, Priority.EMERGENCY, scene.clock.at, 1, honours_retry_key=True
                )
            for each in claimed:
                verdicts = [WORDS if each.batch.id == first else ACCEPTED] * len(each.positions)
                with scene.write() as session:
                    settling.settle_batch(session, each, verdicts, scene.clock.at, honours_retry_key=True)
            scene.clock.advance(3)
        assert scene.outcomes(broadcast_id) == "...aaaaaa"
        scene.stop(broadcast_id)


def test_of_several_whose_words_are_refused_at_once_the_first_puts_the_others_off(lasting: Lasting) -> None:
    """Each of 120 requests would write thousands of rows anew, a few milliseconds later than the last did."""
    with Scene(lasting, ScriptedChannel(keyed=True), MANY) as scene:
        broadcast_id = scene.release()
        with scene.write() as session:
            claimed = claim_batches(
                session, scene.account_id, Priority.EMERGENCY, scene.clock.at, 3, honours_retry_key=True
            )
        put_off = []
        for each in claimed:
            before = {batch.id: batch.not_before for batch in scene.batches(broadcast_id)}
            scene.clock.advance(0.02)
            with scene.write() as session:
                settling.settle_batch(session, each, [WORDS] * 3, scene.clock.at, honours_retry_key=True)
            after = {batch.id: batch.not_before for batch in scene.batches(broadcast_id)}
            put_off.append(sum(before[one] != after[one] for one in before if one != each.batch.id))
        assert put_off == [len(MANY) // 3 - len(claimed), 0, 0]


@pytest.mark.parametrize(
    ("waves", "reasons", "shown"),
    [
        ([[TOKEN], [TOKEN]], ["401"], "401"),
        ([[TOKEN], [TOKEN], [ACCEPTED], [QUOTA]], ["401", "quota"], "quota"),
        ([[TOKEN] * 3, [ACCEPTED, QUOTA]], ["401", "quota"], "quota"),
        ([[TOKEN], [ACCEPTED], [TOKEN]], ["401", "401"], "401"),
        ([[TOKEN], [TOKEN], [ACCEPTED]], ["401"], None),
        ([[TOKEN], [QUOTA], [TOKEN]], ["401"], "401"),
    ],
    ids=["twice", "mended", "others of before", "anew", "no more", "nothing has gone out since"],
)
def test_what_is_told_and_shown_is_what_is_refused_now(
    lasting: Lasting,
    officers: None,
    waves: list[list[Verdict]],
    reasons: list[str],
    shown: str | None,
) -> None:
    """In each wave so many batches leave at once."""
    with Scene(lasting, ScriptedChannel(keyed=True), MANY) as scene:
        before, broadcast_id = newest(scene), scene.release()
        for wave in waves:
            with scene.write() as session:
                claimed = claim_batches(
                    session,
                    scene.account_id,
                    Priority.EMERGENCY,
                    scene.clock.at,
                    len(wave),
                    honours_retry_key=True,
                )
            for one, verdict in zip(claimed, wave, strict=True):
                with scene.write() as session:
                    verdicts = [verdict] * len(one.positions)
                    settling.settle_batch(session, one, verdicts, scene.clock.at, honours_retry_key=True)
            scene.clock.advance(3)
        heard = [each.partition("Reason: ")[2].partition(".")[0] for each in told(scene, "suda", before)]
        assert heard == reasons
        with scene.database.read() as session:
            said = [each.rpartition(": ")[2] for each in held_up_on(session, broadcast_id).values()]
        assert said == ([shown] if shown else [])
        scene.stop(broadcast_id)


@pytest.mark.parametrize(
    "refusal", [ContentRefused("400"), RecipientsRefused("400, and not whom", [])], ids=["words", "somebody"]
)
def test_a_request_that_is_refused_where_others_with_its_words_are_not_waits_alone(
    lasting: Lasting, refusal: Exception
) -> None:
    with Scene(lasting, ScriptedChannel(keyed=True), MANY[:9]) as scene:
        broadcast_id = scene.release()
        scene.channel.script.extend([Step(), Step(accepts=False, raises=refusal), Step()])
        scene.deliver()
        assert sorted(scene.outcomes(broadcast_id)) == sorted("aaa...aaa")
        assert scene.state(broadcast_id) == BroadcastState.RELEASED


def test_the_waits_grow_to_half_a_minute_and_a_new_fault_begins_anew(lasting: Lasting) -> None:
    with Scene(lasting, ScriptedChannel(keyed=True)) as scene:
        scene.release()
        with scene.write() as session:
            (claimed,) = claim_batches(
                session, scene.account_id, Priority.EMERGENCY, scene.clock.at, 1, honours_retry_key=True
            )
        holds, at, waits = Holds(), scene.clock.at, []
        for _ in range(8):
            holds.note(claimed, [TOKEN], at)
            began = at
            while holds.is_held(scene.account_id, at):
                at += timedelta(seconds=0.5)
                holds.note(claimed, [ACCEPTED], at)
                holds.note(claimed, [TOKEN], at - timedelta(seconds=0.5))
            waits.append((at - began).total_seconds())
        assert waits == [1, 2, 5, 10, 20, 30, 30, 30]
        at += timedelta(minutes=1)
        holds.note(claimed, [TOKEN], at)
        assert not holds.is_held(scene.account_id, at + timedelta(seconds=1))
        assert not holds.is_held(scene.account_id + 1, at)


@pytest.mark.parametrize("verdict", [TOKEN, WORDS], ids=["account", "words"])
def test_two_workers_that_are_refused_at_once_tell_it_once(
    lasting: Lasting, verdict: Verdict, officers: None
) -> None:
    with Scene(lasting, ScriptedChannel(keyed=True), MANY[:9]) as scene:
        before, broadcast_id = newest(scene), scene.release()
        with scene.write() as session:
            claimed = claim_batches(
                session, scene.account_id, Priority.EMERGENCY, scene.clock.at, 9, honours_retry_key=True
            )
        barrier = threading.Barrier(len(claimed))

        def settle(one: ClaimedBatch) -> None:
            barrier.wait()
            with scene.write() as session:
                verdicts = [verdict] * len(one.positions)
                assert settling.settle_batch(session, one, verdicts, scene.clock.at, honours_retry_key=True)

        workers = [threading.Thread(target=settle, args=(one,)) for one in claimed]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join(300)
        assert len(claimed) == 3
        assert len(told(scene, "suda", before)) == 1
        with scene.database.read() as session:
            query = select(AuditEntry.action).where(AuditEntry.subject == f"broadcast/{broadcast_id}")
            actions = list(session.exec(query.order_by(col(AuditEntry.id))))
            assert actions == ["broadcast.release", "broadcast.held_up"]


@pytest.mark.parametrize("on_duty", [True, False], ids=["on duty", "nobody on duty"])
def test_a_pause_is_told_in_the_same_commit(lasting: Lasting, officers: None, on_duty: bool) -> None:
    """Those on duty; where none of them can be told, everybody who may release."""
    with Scene(lasting, ScriptedChannel(keyed=True)) as scene:
        with scene.write() as session:
            suda = session.exec(select(Officer).where(Officer.name == "suda")).one()
            suda.contact_id = suda.contact_id if on_duty else None
            session.add(suda)
        scene.channel.script.append(REFUSED)
        before, broadcast_id = newest(scene), scene.release(Priority.ROUTINE)
        scene.deliver(Priority.ROUTINE)
        assert scene.state(broadcast_id) == BroadcastState.PAUSED
        heard = {name: told(scene, name, before) for name in ("suda", "malee", "case worker")}
        (said,) = heard.pop("suda" if on_duty else "malee")
        assert said.startswith(f"Broadcast {broadcast_id} is paused, since local/scene")
        assert said.endswith("Reason: 401")
        assert set(map(len, heard.values())) == {0}
