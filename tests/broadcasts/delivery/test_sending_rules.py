"""What a sender looks at before a batch: stop, expiry, the hash; and how long a key is good for."""

from datetime import timedelta

import pytest
from sqlmodel import update

from broadcasts.delivery import lanes, sending
from broadcasts.delivery.channel import (
    AccountRefused,
    ContentRefused,
    NotNow,
    OutcomeUnknown,
    SendRequest,
    Unreachable,
)
from storage import batches
from storage.broadcasts import Broadcast, Priority
from storage.lifecycles import BatchState, BroadcastState
from tests.broadcasts.delivery.scene import Lasting, Scene
from tests.fakes.scripted_channel import ScriptedChannel, Step

BOTH = pytest.mark.parametrize("keyed", [True, False], ids=["keyed", "single"])
NINE = [f"sim-{n}" for n in range(1, 10)]


def cut(*, accepts: bool = True) -> Step:
    return Step(accepts=accepts, raises=OutcomeUnknown("the line was cut"))


class EndsMidway(ScriptedChannel):
    """Does something to the broadcast while its first request is under way."""

    scene: Scene
    broadcast_id: int
    what: str

    async def send(self, request: SendRequest) -> None:
        await super().send(request)
        if len(self.journal) > 1:
            return
        if self.what == "stop":
            self.scene.stop(self.broadcast_id)
        elif self.what == "expiry":
            self.scene.clock.advance(6 * 3600)
        elif self.what == "pause":
            with self.scene.write() as session:
                session.connection().execute(
                    update(Broadcast).where(Broadcast.id == self.broadcast_id).values(state="paused")  # type: ignore[arg-type]
                )


@BOTH
@pytest.mark.parametrize("what", ["stop", "expiry", "pause"])
def test_what_ends_a_broadcast_is_seen_before_the_next_batch(
    lasting: Lasting, keyed: bool, what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lanes, "MOST_ON_THE_WAY", 1)
    channel = EndsMidway(keyed=keyed, recipients_per_batch=3 if keyed else 1)
    with Scene(lasting, channel, NINE) as scene:
        broadcast_id = scene.release()
        channel.scene, channel.broadcast_id, channel.what = scene, broadcast_id, what
        scene.deliver()
        got = 3 if keyed else 1
        assert len(channel.journal) == 1
        assert scene.outcomes(broadcast_id) == "a" * got + "." * (9 - got)
        scene.deliver()
        assert len(channel.journal) == 1
        if what == "pause":
            assert scene.tally(broadcast_id) == {"planned": 9, "accepted": got, "waiting": 9 - got}
            scene.settle_everything(broadcast_id)
            assert scene.outcomes(broadcast_id) == "a" * 9
            assert set(channel.delivered.values()) == {1}
        else:
            assert scene.state(broadcast_id) == {"stop": "stopped", "expiry": "expired"}[what]
            assert scene.tally(broadcast_id) == {"planned": 9, "accepted": got, "not_sent": 9 - got}


@BOTH
def test_a_stop_between_claim_and_call_sends_nothing(lasting: Lasting, keyed: bool) -> None:
    """The last look is after the wait for a departure, however long that was."""
    with Scene(lasting, ScriptedChannel(keyed=keyed)) as scene:
        broadcast_id = scene.release()
        departed = scene.sender.gates.of

        def stop_first(*of: object) -> object:
            if scene.state(broadcast_id) == BroadcastState.RELEASED:
                scene.stop(broadcast_id)
            return departed(*of)  # type: ignore[arg-type]

        scene.sender.gates.of = stop_first  # type: ignore[assignment, method-assign]
        scene.deliver()
        assert scene.channel.journal == []
        assert scene.tally(broadcast_id) == {"planned": 3, "not_sent": 3}
        assert {batch.state for batch in scene.batches(broadcast_id)} == {BatchState.STOPPED}


def test_words_that_were_changed_after_the_release_are_never_sent(lasting: Lasting) -> None:
    with Scene(lasting, ScriptedChannel(keyed=True)) as scene:
        broadcast_id = scene.release()
        with scene.write() as session:
            broadcast = session.get_one(Broadcast, broadcast_id)
            broadcast.words = {"th": {"": [{"text": "something else"}]}}
            session.add(broadcast)
        scene.deliver()
        assert scene.channel.journal == []
        assert scene.state(broadcast_id) == BroadcastState.STOPPED
        assert scene.tally(broadcast_id) == {"planned": 3, "not_sent": 3}


def test_a_broadcast_to_nobody_ends_as_done(lasting: Lasting) -> None:
    with Scene(lasting, ScriptedChannel(keyed=True), addresses=()) as scene:
        broadcast_id = scene.release()
        scene.recover()
        assert scene.state(broadcast_id) == BroadcastState.DONE


def test_nothing_is_frozen_by_an_attempt_that_never_left(
    lasting: Lasting, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sending, "PASSAGE_TIMEOUT_SECONDS", 0.0)
    with Scene(lasting, ScriptedChannel(keyed=True)) as scene:
        broadcast_id = scene.release()
        scene.deliver()
        (batch,) = scene.batches(broadcast_id)
        assert (batch.state, batch.attempts, batch.first_attempt_at) == (BatchState.WAITING, 0, None)
        assert scene.outcomes(broadcast_id) == "..."
        scene.leave("sim-2", "stops")
        monkeypatch.undo()
        scene.settle_everything(broadcast_id)
        assert scene.outcomes(broadcast_id) == "asa"


@pytest.mark.parametrize(
    ("hours", "outcomes", "calls", "notes"),
    [(23.9, "aaa", 2, {}), (24, "uuu", 1, {"unknown": ["sim-1", "sim-2", "sim-3"]})],
)
def test_a_key_is_used_for_24_hours_and_not_longer(
    lasting: Lasting, hours: float, outcomes: str, calls: int, notes: dict[str, list[str]]
) -> None:
    with Scene(lasting, ScriptedChannel(keyed=True)) as scene:
        scene.channel.script.append(cut())
        broadcast_id = scene.release(lives=timedelta(hours=48))
        scene.deliver()
        assert scene.outcomes(broadcast_id) == "uuu"
        scene.clock.advance(hours * 3600)
        scene.deliver()
        assert (scene.outcomes(broadcast_id), len(scene.channel.journal)) == (outcomes, calls)
        assert scene.notes(broadcast_id) == notes
        assert scene.state(broadcast_id) == BroadcastState.DONE


def test_what_certainly_never_arrived_is_sent_after_24_hours_too(lasting: Lasting) -> None:
    with Scene(lasting, ScriptedChannel(keyed=True)) as scene:
        scene.channel.script.append(Step(accepts=False, raises=AccountRefused("quota")))
        broadcast_id = scene.release(lives=timedelta(hours=48))
        scene.deliver()
        scene.clock.advance(25 * 3600)
        scene.deliver()
        assert scene.outcomes(broadcast_id) == "aaa"


def test_doubt_is_kept_through_attempts_that_say_nothing(lasting: Lasting) -> None:
    """A correction is addressed to all who may have got the original: waiting again must not hide that they may."""
    with Scene(lasting, ScriptedChannel(keyed=True)) as scene:
        silent = (NotNow("429", 1.0), Unreachable("no line"), AccountRefused("quota"), ContentRefused("400"))
        scene.channel.script.append(cut(accepts=False))
        scene.channel.script.extend(Step(accepts=False, raises=each) for each in silent)
        broadcast_id = scene.release()
        for _ in range(5):
            scene.deliver()
            assert scene.outcomes(broadcast_id) == "uuu"
            if scene.state(broadcast_id) == BroadcastState.PAUSED:
                scene.resume(broadcast_id)
            scene.clock.advance(60)
        assert len(scene.channel.journal) == 5
        scene.stop(broadcast_id)
        assert scene.tally(broadcast_id) == {"planned": 3, "unknown": 3}


@BOTH
def test_nobody_fails_by_a_revoked_token_and_a_resume_sends_the_rest(lasting: Lasting, keyed: bool) -> None:
    channel = ScriptedChannel(keyed=keyed, recipients_per_batch=2)
    with Scene(lasting, channel, NINE) as scene:
        channel.script.extend([Step(), *[Step(accepts=False, raises=AccountRefused("401"))] * 30])
        broadcast_id = scene.release(Priority.ROUTINE)
        for _ in range(3):
            scene.deliver(Priority.ROUTINE)
            assert scene.state(broadcast_id) == BroadcastState.PAUSED
            assert set(scene.outcomes(broadcast_id)) == {"a", "."}
            scene.deliver(Priority.ROUTINE)
            scene.clock.advance(60)
            scene.resume(broadcast_id)
        channel.script.clear()
        scene.settle_everything(broadcast_id, Priority.ROUTINE)
        assert scene.outcomes(broadcast_id) == "a" * 9
        assert set(channel.delivered.values()) == {1}


def test_a_refusal_of_a_last_one_alone_does_not_pause_what_others_were_sent_for_ever(
    lasting: Lasting,
) -> None:
    with Scene(lasting, ScriptedChannel(keyed=False, recipients_per_batch=2)) as scene:
        scene.channel.script_of["sim-3"].extend([Step(accepts=False, raises=ContentRefused("400"))] * 9)
        broadcast_id = scene.release()
        scene.settle_everything(broadcast_id)
        assert (scene.outcomes(broadcast_id), scene.state(broadcast_id)) == ("aaf", "done")
        assert scene.channel.calls_to("sim-3") <= 2


def test_a_retry_waits_longer_each_time_and_a_named_wait_is_kept(lasting: Lasting) -> None:
    with Scene(lasting, ScriptedChannel(keyed=True)) as scene:
        faults = [Unreachable("no line")] * 4 + [NotNow("429", 33.0)]
        scene.channel.script.extend(Step(accepts=False, raises=fault) for fault in faults)
        broadcast_id = scene.release()
        waits = []
        for _ in faults:
            scene.deliver()
            (batch,) = scene.batches(broadcast_id)
            waits.append((batch.not_before - scene.clock.at).total_seconds())
            scene.clock.advance(waits[-1] - 0.1)
            calls = len(scene.channel.journal)
            scene.deliver()
            assert len(scene.channel.journal) == calls
            scene.clock.advance(0.1)
        assert waits == [1, 2, 5, 10, 33]


@BOTH
def test_an_emergency_and_a_routine_broadcast_do_not_mix(lasting: Lasting, keyed: bool) -> None:
    with Scene(lasting, ScriptedChannel(keyed=keyed)) as scene:
        routine = scene.release(Priority.ROUTINE)
        emergency = scene.release(Priority.EMERGENCY)
        scene.deliver(Priority.EMERGENCY)
        assert (scene.outcomes(emergency), scene.outcomes(routine)) == ("aaa", "...")
        assert all(call.request.emergency for call in scene.channel.journal)
        scene.deliver(Priority.ROUTINE)
        assert scene.outcomes(routine) == "aaa"


def test_an_account_that_is_switched_off_keeps_its_batches(lasting: Lasting) -> None:
    with Scene(lasting, ScriptedChannel(keyed=True)) as scene:
        broadcast_id = scene.release()
        channels = dict(scene.sender.channels)
        scene.sender.channels.clear()  # type: ignore[attr-defined]
        scene.deliver()
        assert scene.outcomes(broadcast_id) == "..."
        scene.sender.channels.update(channels)  # type: ignore[attr-defined]
        scene.deliver()
        assert scene.outcomes(broadcast_id) == "aaa"


def test_references_name_the_batch_and_the_recipient(lasting: Lasting) -> None:
    for keyed in (True, False):
        with Scene(lasting, ScriptedChannel(keyed=keyed), ["sim-1", "sim-2"]) as scene:
            broadcast_id = scene.release()
            scene.deliver()
            (batch,) = scene.batches(broadcast_id)
            found = {call.request.reference for call in scene.channel.journal}
            single = {f"b{batch.id}.{contact_id}" for contact_id in scene.ids.values()}
            assert found == ({f"b{batch.id}"} if keyed else single)


def test_the_tally_of_what_is_planned_adds_up(lasting: Lasting) -> None:
    with Scene(lasting, ScriptedChannel(keyed=False, recipients_per_batch=4), NINE) as scene:
        scene.channel.script_of["sim-1"].append(cut())
        broadcast_id = scene.release(Priority.ROUTINE)
        scene.deliver(Priority.ROUTINE)
        with scene.database.read() as session:
            tally = batches.tally(session, broadcast_id)
        assert tally.pop("planned") == sum(tally.values()) == 9
