"""Looking on while a broadcast goes out: cheap looks that come to what a full count says."""

from datetime import timedelta

from broadcasts.delivery.channel import RecipientGone
from broadcasts.delivery.progress import DeliveryWatch
from storage.broadcasts import Priority
from tests.broadcasts.delivery.scene import Lasting, Scene
from tests.fakes.scripted_channel import ScriptedChannel, Step


def test_each_look_adds_what_is_new(lasting: Lasting) -> None:
    channel = ScriptedChannel(keyed=False, recipients_per_batch=2)
    channel.script_of["c"].append(Step(accepts=False, raises=RecipientGone("blocked")))
    with Scene(lasting, channel, tuple("abcdefg")) as scene:
        broadcast_id = scene.release()
        watch = DeliveryWatch(broadcast_id=broadcast_id)

        def look() -> dict[str, int]:
            with scene.database.read() as session:
                seen = watch.look(session, scene.clock.at)
            assert {"planned": seen.planned, **seen.counts} == {
                **dict.fromkeys(seen.counts, 0),
                **scene.tally(broadcast_id),
            }
            return seen.counts

        assert look()["waiting"] == 7
        scene.clock.advance(1)
        scene.deliver()
        assert look()["accepted"] == 6
        scene.settle_everything(broadcast_id)
        with scene.database.read() as session:
            seen = watch.look(session, scene.clock.at + timedelta(seconds=1))
        assert (seen.over, seen.reasons) == (True, {"failed: blocked": 1})


def test_rate_and_time_left_and_those_who_wait_for_their_hour(lasting: Lasting) -> None:
    with Scene(lasting, ScriptedChannel(keyed=True), tuple("abcdef")) as scene:
        broadcast_id = scene.release(Priority.ROUTINE)
        watch = DeliveryWatch(broadcast_id=broadcast_id)
        with scene.database.write() as session:
            first = watch.look(session, scene.clock.at)
            held, due = scene.batches(broadcast_id)
            held.not_before = scene.clock.at + timedelta(hours=8)
            session.merge(held)
        assert (first.rate, first.eta_seconds, first.not_before, due.size) == (0.0, None, None, 3)
        scene.clock.advance(2)
        scene.deliver(Priority.ROUTINE)
        with scene.database.read() as session:
            second = watch.look(session, scene.clock.at)
            later = scene.clock.at + timedelta(seconds=40)
            watch.look(session, later)
            stalled = watch.look(session, later + timedelta(seconds=20))
        assert (second.settled, second.rate, second.eta_seconds) == (3, 1.5, 2.0)
        assert (stalled.rate, stalled.not_before) == (0.0, held.not_before)
