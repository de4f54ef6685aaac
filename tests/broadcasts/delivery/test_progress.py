"""Looking on while a broadcast goes out: cheap looks that come to what a full count says."""

from datetime import timedelta

from broadcasts.delivery.channel import RecipientGone
from broadcasts.delivery.progress import DeliveryWatch
from storage import people
from storage.batches import Batch, insert_batches, new_batch
from storage.broadcasts import Priority
from storage.lifecycles import BatchState
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


def test_the_time_left_is_that_of_the_slowest_channel(lasting: Lasting) -> None:
    """A fast one goes at 4 recipients a second and has 4 left, a slow one at 1 and has 5 left: 5 s, not 9 / 5."""
    with Scene(lasting, ScriptedChannel(keyed=True)) as scene:
        broadcast_id, at = scene.release(), scene.clock.at
        with scene.database.write() as session:
            slow = people.ensure_account(session, "sms", "slow").id or 0
            for batch in scene.batches(broadcast_id):
                session.delete(session.get_one(Batch, batch.id))
            session.flush()
            sizes = ((scene.account_id, 8), (scene.account_id, 4), (slow, 2), (slow, 5))
            insert_batches(
                session,
                [new_batch(broadcast_id, account, "th", "", range(size), at) for account, size in sizes],
            )
        watch = DeliveryWatch(broadcast_id=broadcast_id)
        fast_one, _, slow_one, _ = scene.batches(broadcast_id)
        seen = []
        for done in (None, fast_one, slow_one):
            with scene.database.write() as session:
                if done is not None:
                    done.state, done.outcomes, done.finished_at = (
                        BatchState.DONE,
                        b"a" * done.size,
                        scene.clock.at,
                    )
                    session.merge(done)
                seen.append(watch.look(session, scene.clock.at))
            scene.clock.advance(1)
        assert [each.rate for each in seen] == [0.0, 8.0, 5.0]
        assert [each.eta_seconds for each in seen] == [None, None, 5.0], (
            "none while the slow one stands still"
        )
        scene.stop(broadcast_id)
