"""A held outbox sends nothing to nobody; after a restore what was in flight is unknown."""

import pytest
from sqlmodel import select

from broadcasts.delivery.reconcile import waiting_jobs
from storage import outbox_held, outbox_hold
from storage.batches import Batch
from storage.broadcasts import is_live
from storage.jobs import Work
from storage.lifecycles import BatchState, MessageState, Outcome
from storage.outbox import Message
from tests.broadcasts.delivery.scene import Lasting, Scene
from tests.fakes.scripted_channel import ScriptedChannel

SENDS = {Work.CONVERSE, Work.DELIVER_EMERGENCY, Work.DELIVER_ROUTINE}


def held(scene: Scene, *, let_go: bool = False) -> bool:
    with scene.database.write() as session:
        if let_go:
            return outbox_hold.let_go(session, scene.clock.at, by="suda")
        return outbox_hold.hold(session, scene.clock.at, by="suda", reason="wrong words")


def test_nothing_is_sent_until_it_is_let_go(lasting: Lasting) -> None:
    with Scene(lasting, ScriptedChannel(keyed=True)) as scene:
        broadcast_id = scene.release()
        scene.say("sim-1", "An answer")
        assert (held(scene), held(scene)) == (True, False)
        scene.deliver()
        scene.converse("sim-1")
        with scene.database.read() as session:
            assert not is_live(session, broadcast_id, scene.clock.at)
            assert not SENDS & {job.work for job in waiting_jobs(session, scene.clock.at)}
            shown = outbox_held.held(session)
        assert scene.channel.journal == []
        assert shown.hold is not None
        assert (shown.hold.reason, shown.messages) == ("wrong words", 1)
        assert [each.waiting for each in shown.broadcasts if each.broadcast_id == broadcast_id] == [3]
        assert (held(scene, let_go=True), held(scene, let_go=True)) == (True, False)
        scene.deliver()
        scene.converse("sim-1")
        assert dict(scene.channel.delivered) == {"sim-1": 2, "sim-2": 1, "sim-3": 1}


def test_messages_can_be_discarded(lasting: Lasting) -> None:
    with Scene(lasting, ScriptedChannel(keyed=True)) as scene:
        scene.say("sim-1", "Said before the restore")
        with scene.database.write() as session:
            assert outbox_held.discard_messages(session, scene.clock.at, by="suda") == 1
        scene.converse("sim-1")
        assert scene.channel.journal == []


@pytest.mark.parametrize("keyed", [True, False])
def test_after_a_restore_what_was_in_flight_is_unknown(lasting: Lasting, keyed: bool) -> None:
    with Scene(lasting, ScriptedChannel(keyed=keyed)) as scene:
        broadcast_id = scene.release()
        scene.say("sim-1", "An answer")
        with scene.database.write() as session:
            batch = session.exec(select(Batch).where(Batch.broadcast_id == broadcast_id)).one()
            batch.state, batch.outcomes = BatchState.SENDING, Outcome.IN_FLIGHT.encode() * 2 + b"a"
            message = session.exec(select(Message).where(Message.contact_id == scene.ids["sim-1"])).one()
            message.state = MessageState.SENDING
            session.flush()
            keyed_channels = {"local"} if keyed else set[str]()
            assert outbox_held.settle_restored(session, keyed_channels, scene.clock.at) == 3
        (batch,) = scene.batches(broadcast_id)
        assert (batch.state, batch.outcomes) == ("waiting" if keyed else "done", b"uua")
        assert scene.notes(broadcast_id) == {"unknown": ["sim-1", "sim-2"]}
        scene.settle_everything(broadcast_id)
        assert scene.outcomes(broadcast_id) == ("aaa" if keyed else "uua")
        with scene.database.read() as session:
            query = select(Message.state).where(Message.contact_id == scene.ids["sim-1"])
            assert session.exec(query).one() == MessageState.UNKNOWN
