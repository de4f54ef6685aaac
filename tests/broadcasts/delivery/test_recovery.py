"""What happens to batches whose worker died, came back late, or met another one."""

import threading
from datetime import timedelta

import pytest

from broadcasts.delivery import intents, pacing, sending, settling
from broadcasts.delivery.channel import AccountRefused, OutcomeUnknown, RecipientsRefused
from broadcasts.delivery.claiming import ClaimedBatch, claim_batches, expire_overdue
from broadcasts.delivery.intents import Intent
from broadcasts.delivery.reconcile import waiting_jobs
from broadcasts.delivery.verdicts import ACCEPTED, Verdict, judge
from storage.broadcasts import Priority
from storage.jobs import Job, Work
from storage.leases import LEASE_SECONDS, LEAVES_WITHIN_SECONDS, steady_seconds
from storage.lifecycles import BroadcastState
from tests.broadcasts.delivery.scene import Lasting, Scene
from tests.fakes.scripted_channel import ScriptedChannel

NINE = [f"sim-{n}" for n in range(1, 10)]


def claim(
    scene: Scene, priority: Priority = Priority.EMERGENCY, most: int = 16, about_to_leave: int = 9
) -> list[ClaimedBatch]:
    """Take batches as a worker does; without retry keys so many of each are about to be sent to."""
    with scene.write() as session:
        claimed = claim_batches(
            session, scene.account_id, priority, scene.clock.at, most, honours_retry_key=scene.channel.keyed
        )
    if not scene.channel.keyed:
        with scene.write() as session:
            for each in claimed:
                some = [Intent(claimed=each, position=i) for i in each.positions[:about_to_leave]]
                assert all(intents.write(session, some))
    return claimed


def settle(scene: Scene, claimed: ClaimedBatch, verdict: Verdict) -> bool:
    with scene.write() as session:
        verdicts = [verdict] * len(claimed.positions)
        keyed = scene.channel.keyed
        return settling.settle_batch(session, claimed, verdicts, scene.clock.at, honours_retry_key=keyed)


@pytest.mark.parametrize(
    ("keyed", "priority", "outcomes", "calls", "notes"),
    [
        (True, Priority.EMERGENCY, "aaa", 1, {}),
        (True, Priority.ROUTINE, "aaa", 1, {}),
        (
            False,
            Priority.EMERGENCY,
            "aaa",
            3,
            {"unknown": ["sim-1", "sim-2", "sim-3"], "possibly twice": ["sim-1", "sim-2", "sim-3"]},
        ),
        (False, Priority.ROUTINE, "uuu", 0, {"unknown": ["sim-1", "sim-2", "sim-3"]}),
    ],
)
@pytest.mark.parametrize("restart", [True, False], ids=["restart", "other worker"])
def test_a_worker_dies_with_a_batch_in_hand(
    lasting: Lasting,
    keyed: bool,
    priority: Priority,
    outcomes: str,
    calls: int,
    notes: dict[str, list[str]],
    restart: bool,
) -> None:
    with Scene(lasting, ScriptedChannel(keyed=keyed)) as scene:
        broadcast_id = scene.release(priority)
        assert len(claim(scene, priority)) == 1
        assert scene.outcomes(broadcast_id) == ">>>"
        assert scene.recover() == 0
        if not restart:
            scene.clock.advance(LEASE_SECONDS + 0.1)
        assert scene.recover(nobody_else_works=restart) == 1
        scene.deliver(priority)
        scene.recover()
        assert (scene.outcomes(broadcast_id), scene.state(broadcast_id)) == (outcomes, BroadcastState.DONE)
        assert len(scene.channel.journal) == calls
        assert scene.notes(broadcast_id) == notes


def test_an_emergency_whose_worker_dies_twice_is_not_sent_a_third_time(lasting: Lasting) -> None:
    with Scene(lasting, ScriptedChannel(keyed=False)) as scene:
        broadcast_id = scene.release()
        for _ in range(2):
            assert len(claim(scene)) == 1
            scene.recover(nobody_else_works=True)
        scene.deliver()
        scene.recover()
        assert scene.channel.journal == []
        assert scene.tally(broadcast_id) == {"planned": 3, "unknown": 3}
        assert scene.state(broadcast_id) == BroadcastState.DONE
        assert scene.notes(broadcast_id)["possibly twice"] == ["sim-1", "sim-2", "sim-3"]


@pytest.mark.parametrize(
    ("priority", "outcomes", "twice"),
    [(Priority.EMERGENCY, "auaa", ["sim-2"]), (Priority.ROUTINE, "auaa", None)],
)
def test_only_those_about_to_leave_are_in_doubt(
    lasting: Lasting, priority: Priority, outcomes: str, twice: list[str] | None
) -> None:
    """One was answered, the next was on its way, the others' turn had not come; and the same once more."""
    channel = ScriptedChannel(keyed=False, recipients_per_batch=4)
    with Scene(lasting, channel, NINE[:4]) as scene:
        broadcast_id = scene.release(priority)
        (claimed,) = claim(scene, priority, about_to_leave=1)
        intents.note_accepted(Intent(claimed=claimed, position=0))
        with scene.write() as session:
            intents.write(session, [Intent(claimed=claimed, position=1)])
        assert scene.outcomes(broadcast_id) == "a>.."
        scene.recover(nobody_else_works=True)
        assert scene.outcomes(broadcast_id) == "au.."
        again = claim(scene, priority, about_to_leave=0)
        assert [batch.in_doubt for batch in again if batch.in_doubt] == ([{1}] if twice else [])
        scene.recover(nobody_else_works=True)
        scene.deliver(priority)
        scene.recover()
        assert (scene.outcomes(broadcast_id), scene.state(broadcast_id)) == (outcomes, BroadcastState.DONE)
        assert (channel.calls_to("sim-1"), channel.calls_to("sim-3"), channel.calls_to("sim-4")) == (0, 1, 1)
        assert scene.notes(broadcast_id).get("possibly twice") == twice


def test_nobody_leaves_whose_lease_was_lost(lasting: Lasting) -> None:
    with Scene(lasting, ScriptedChannel(keyed=False)) as scene:
        broadcast_id = scene.release()
        (late,) = claim(scene, about_to_leave=1)
        scene.clock.advance(LEASE_SECONDS + 0.1)
        scene.recover()
        with scene.write() as session:
            assert intents.write(session, [Intent(claimed=late, position=1)]) == [False]
        assert scene.outcomes(broadcast_id) == "u.."
        scene.stop(broadcast_id)


@pytest.mark.parametrize("keyed", [True, False], ids=["keyed", "single"])
@pytest.mark.parametrize(
    ("lives_seconds", "held_up_seconds"),
    [(3600.0, LEAVES_WITHIN_SECONDS + 1), (LEAVES_WITHIN_SECONDS - 1, LEAVES_WITHIN_SECONDS - 0.5)],
    ids=["frozen", "expired meanwhile"],
)
def test_who_was_held_up_between_claim_and_call_sends_nothing(
    lasting: Lasting,
    keyed: bool,
    lives_seconds: float,
    held_up_seconds: float,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It looks at a clock that nobody sets, last of all before each call; the database's still shows it as live."""
    with Scene(lasting, ScriptedChannel(keyed=keyed)) as scene:
        broadcast_id = scene.release(lives=timedelta(seconds=lives_seconds))
        monkeypatch.setattr(sending, "RUN_SECONDS", 0.2)
        monkeypatch.setattr(pacing, "steady_seconds", lambda: steady_seconds() + held_up_seconds)
        scene.deliver()
        assert scene.channel.journal == []
        assert scene.outcomes(broadcast_id) == "..."
        monkeypatch.undo()
        scene.clock.advance(1)
        scene.deliver()
        assert scene.outcomes(broadcast_id) == "aaa"
        scene.recover()


@pytest.mark.parametrize("keyed", [True, False], ids=["keyed", "single"])
@pytest.mark.parametrize("end", ["stop", "expiry"])
def test_what_was_in_flight_at_a_stop_stays_on_record_as_unknown(
    lasting: Lasting, keyed: bool, end: str
) -> None:
    with Scene(lasting, ScriptedChannel(keyed=keyed), NINE) as scene:
        broadcast_id = scene.release()
        assert len(claim(scene, most=1)) == 1
        if end == "stop":
            scene.stop(broadcast_id)
        else:
            scene.clock.advance(7 * 3600)
            with scene.write() as session:
                assert expire_overdue(session, scene.clock.at) == 1
                assert expire_overdue(session, scene.clock.at) == 0
        scene.recover(nobody_else_works=True)
        assert scene.tally(broadcast_id) == {"planned": 9, "unknown": 3, "not_sent": 6}


@pytest.mark.parametrize("keyed", [True, False], ids=["keyed", "single"])
@pytest.mark.parametrize(
    "verdict",
    [
        ACCEPTED,
        judge(OutcomeUnknown("cut"), honours_retry_key=True, recipients=3),
        judge(AccountRefused("401"), honours_retry_key=True, recipients=3),
        judge(RecipientsRefused("to[0]", [0]), honours_retry_key=True, recipients=3),
    ],
    ids=["accepted", "unknown", "account", "split"],
)
def test_a_late_worker_changes_nothing(lasting: Lasting, keyed: bool, verdict: Verdict) -> None:
    with Scene(lasting, ScriptedChannel(keyed=keyed)) as scene:
        broadcast_id = scene.release()
        (late,) = claim(scene)
        scene.clock.advance(LEASE_SECONDS + 0.1)
        scene.recover()
        before = [batch.model_dump() for batch in scene.batches(broadcast_id)]
        assert not settle(scene, late, verdict)
        (punctual,) = claim(scene)
        assert not settle(scene, late, verdict)
        assert settle(scene, punctual, ACCEPTED)
        assert not settle(scene, late, verdict)
        after = [batch.model_dump() for batch in scene.batches(broadcast_id)]
        assert len(before) == len(after) == 1
        assert scene.outcomes(broadcast_id) == "aaa"
        assert scene.state(broadcast_id) == BroadcastState.RELEASED


def test_a_batch_that_is_split_after_a_stop_is_stopped(lasting: Lasting) -> None:
    with Scene(lasting, ScriptedChannel(keyed=True)) as scene:
        broadcast_id = scene.release()
        (claimed,) = claim(scene)
        scene.stop(broadcast_id)
        assert settle(
            scene, claimed, judge(RecipientsRefused("to[1]", [1]), honours_retry_key=True, recipients=3)
        )
        assert scene.tally(broadcast_id) == {"planned": 3, "failed": 1, "not_sent": 2}


def test_the_jobs_that_wait_are_found_in_the_rows(lasting: Lasting) -> None:
    with Scene(lasting, ScriptedChannel(keyed=True)) as scene:
        broadcast_id = scene.release()
        scene.say("sim-1", "one")
        account, contact = str(scene.account_id), str(scene.ids["sim-1"])
        with scene.database.read() as session:
            found = [job for job in waiting_jobs(session, scene.clock.at) if job.key in (account, contact)]
        assert [job.work for job in found] == [Work.CONVERSE, Work.DELIVER_EMERGENCY]
        claim(scene)
        scene.converse("sim-1")
        with scene.database.read() as session:
            found = [job for job in waiting_jobs(session, scene.clock.at) if job.key in (account, contact)]
        assert found == []
        scene.recover(nobody_else_works=True)
        with scene.database.read() as session:
            waits = waiting_jobs(session, scene.clock.at)
        assert Job(work=Work.DELIVER_EMERGENCY, key=account) in waits
        scene.deliver()
        assert scene.outcomes(broadcast_id) == "aaa"


def at_once(*calls: "threading.Thread") -> None:
    for call in calls:
        call.start()
    for call in calls:
        call.join(300)
        assert not call.is_alive()


@pytest.mark.parametrize("verdict", [judge(AccountRefused("401"), honours_retry_key=True), ACCEPTED])
def test_two_workers_settle_and_finish_in_the_same_moment(lasting: Lasting, verdict: Verdict) -> None:
    """Both want to pause the broadcast, or both to end it; one of them comes second and loses nothing by it."""
    with Scene(lasting, ScriptedChannel(keyed=True), NINE) as scene:
        broadcast_id = scene.release(Priority.ROUTINE)
        claimed = claim(scene, Priority.ROUTINE)
        assert len(claimed) == 3
        faults: list[BaseException] = []
        barrier = threading.Barrier(len(claimed))

        def work(one: ClaimedBatch) -> None:
            try:
                barrier.wait()
                assert settle(scene, one, verdict)
                barrier.wait()
                claim(scene, Priority.ROUTINE)
            except BaseException as fault:  # noqa: BLE001 - asserted on below
                faults.append(fault)

        at_once(*(threading.Thread(target=work, args=(one,)) for one in claimed))
        assert faults == []
        expected = ("aaaaaaaaa", "done") if verdict is ACCEPTED else (".........", "paused")
        assert (scene.outcomes(broadcast_id), scene.state(broadcast_id)) == expected


def test_a_stop_in_the_moment_of_putting_back_leaves_nothing_waiting(lasting: Lasting) -> None:
    in_doubt = judge(OutcomeUnknown("cut"), honours_retry_key=True)
    for _ in range(3):
        with Scene(lasting, ScriptedChannel(keyed=True), NINE) as scene:
            broadcast_id = scene.release(lives=timedelta(hours=1))
            claimed = claim(scene)
            barrier = threading.Barrier(len(claimed) + 1)

            def put_back(one: ClaimedBatch, barrier: threading.Barrier, scene: Scene) -> None:
                barrier.wait()
                settle(scene, one, in_doubt)

            def stop(barrier: threading.Barrier, scene: Scene, broadcast_id: int) -> None:
                barrier.wait()
                scene.stop(broadcast_id)

            at_once(
                *(threading.Thread(target=put_back, args=(one, barrier, scene)) for one in claimed),
                threading.Thread(target=stop, args=(barrier, scene, broadcast_id)),
            )
            assert scene.tally(broadcast_id) == {"planned": 9, "unknown": 9}
            assert {batch.state for batch in scene.batches(broadcast_id)} == {"stopped"}
