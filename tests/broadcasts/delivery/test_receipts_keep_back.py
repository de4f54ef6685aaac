"""Whom the network reports as delivered is not sent to again, whoever's hands she was in and wherever she waits now."""

import pytest

from broadcasts.delivery import intents, settling
from broadcasts.delivery.channel import NotNow, OutcomeUnknown
from broadcasts.delivery.claiming import ClaimedBatch, claim_batches
from broadcasts.delivery.intents import Intent
from broadcasts.delivery.receipts import Effect, ReceiptStatus, apply_receipt
from broadcasts.delivery.verdicts import ACCEPTED, Verdict, judge
from storage.broadcasts import Priority
from storage.leases import LEASE_SECONDS
from storage.lifecycles import BroadcastState, MessageState
from tests.broadcasts.delivery.scene import Lasting, Scene
from tests.fakes.scripted_channel import ScriptedChannel

DELIVERED, FAILED = ReceiptStatus.DELIVERED, ReceiptStatus.NOT_DELIVERED
CUT = judge(OutcomeUnknown("the line was cut"), honours_retry_key=False)
LATER = judge(NotNow("429", 20.0), honours_retry_key=False)


def begin(scene: Scene) -> ClaimedBatch:
    """Take the batch, everybody of it about to leave."""
    with scene.write() as session:
        (claimed,) = claim_batches(
            session, scene.account_id, Priority.EMERGENCY, scene.clock.at, 1, honours_retry_key=False
        )
    with scene.write() as session:
        assert all(intents.write(session, [Intent(claimed=claimed, position=i) for i in claimed.positions]))
    return claimed


def settle(scene: Scene, claimed: ClaimedBatch, *verdicts: Verdict) -> None:
    with scene.write() as session:
        assert settling.settle_batch(session, claimed, verdicts, scene.clock.at, honours_retry_key=False)


def say(scene: Scene, claimed: ClaimedBatch, address: str, status: ReceiptStatus) -> Effect:
    """A receipt of what was sent as part of this batch."""
    with scene.write() as session:
        reference = f"b{claimed.batch.id}.{scene.ids[address]}"
        return apply_receipt(session, reference, status, scene.clock.at, account_id=scene.account_id)


def set_apart(scene: Scene) -> tuple[int, ClaimedBatch]:
    """All are cut; at the second attempt one is accepted and two have to wait for theirs, in a batch of their own."""
    broadcast_id = scene.release()
    settle(scene, begin(scene), CUT, CUT, CUT)
    scene.clock.advance(5)
    first = begin(scene)
    settle(scene, first, ACCEPTED, LATER, LATER)
    assert [each.outcomes for each in scene.batches(broadcast_id)] == [b"a", b"uu"]
    scene.clock.advance(30)
    return broadcast_id, first


def test_while_a_dead_worker_holds_her(lasting: Lasting) -> None:
    with Scene(lasting, ScriptedChannel(keyed=False)) as scene:
        broadcast_id = scene.release()
        claimed = begin(scene)
        assert say(scene, claimed, "sim-1", DELIVERED) is Effect.KEPT
        scene.clock.advance(LEASE_SECONDS + 1)
        scene.recover()
        assert scene.outcomes(broadcast_id) == "auu"
        scene.settle_everything(broadcast_id)
        assert scene.channel.delivered == {"sim-2": 1, "sim-3": 1}


@pytest.mark.parametrize(
    ("status", "effect", "outcomes", "asked"),
    [(DELIVERED, Effect.RESOLVED, "aau", ["sim-3"]), (FAILED, Effect.NOTHING, "auu", ["sim-2", "sim-3"])],
)
def test_after_she_was_set_apart(
    lasting: Lasting, status: ReceiptStatus, effect: Effect, outcomes: str, asked: list[str]
) -> None:
    with Scene(lasting, ScriptedChannel(keyed=False)) as scene:
        broadcast_id, first = set_apart(scene)
        assert say(scene, first, "sim-2", status) is effect
        assert scene.outcomes(broadcast_id) == outcomes
        scene.settle_everything(broadcast_id)
        assert [each.request.addresses[0] for each in scene.channel.journal] == asked


def test_while_another_worker_has_her_in_hand_again(lasting: Lasting) -> None:
    """Whatever that attempt comes to, it is known that she has it."""
    with Scene(lasting, ScriptedChannel(keyed=False)) as scene:
        broadcast_id, first = set_apart(scene)
        begin(scene)
        assert say(scene, first, "sim-2", DELIVERED) is Effect.KEPT
        scene.clock.advance(LEASE_SECONDS + 1)
        scene.recover()
        assert (scene.outcomes(broadcast_id), scene.state(broadcast_id)) == ("aau", BroadcastState.DONE)


def test_a_message_to_her_alone(lasting: Lasting) -> None:
    with Scene(lasting, ScriptedChannel(keyed=False)) as scene:
        scene.say("sim-1", "ทีมกู้ภัยกำลังไป")
        with scene.write() as session:
            message, _ = scene.claim_message(session, "sim-1")
        with scene.write() as session:
            assert apply_receipt(session, f"m{message.id}", DELIVERED, scene.clock.at) is Effect.KEPT
        scene.clock.advance(LEASE_SECONDS + 1)
        scene.recover()
        scene.converse("sim-1")
        assert scene.channel.journal == []
        assert [each.state for each in scene.messages("sim-1")] == [MessageState.ACCEPTED]
