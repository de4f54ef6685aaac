"""Whatever a provider, workers, officers and the clock do in whatever order: nobody twice, nobody forgotten."""

import shutil
from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from broadcasts.delivery import intents, settling
from broadcasts.delivery.channel import (
    AccountRefused,
    ChannelError,
    ContentRefused,
    NotNow,
    NotTogether,
    OutcomeUnknown,
    RecipientGone,
    RecipientsRefused,
    Unreachable,
)
from broadcasts.delivery.claiming import ClaimedBatch, claim_batches, expire_overdue
from broadcasts.delivery.intents import Intent
from broadcasts.delivery.planning import plan_page
from broadcasts.delivery.receipts import NOT_DELIVERED, ReceiptStatus, apply_early, apply_receipt
from broadcasts.delivery.verdicts import ACCEPTED, Verdict, held_back, judge
from storage.batches import unpack
from storage.broadcasts import Priority
from storage.leases import LEASE_SECONDS
from storage.lifecycles import ALL, BatchState, BroadcastState, ContactState, allowed
from tests import builders
from tests.broadcasts.delivery.plans import is_planned
from tests.broadcasts.delivery.scene import Lasting, Scene
from tests.failures.size import FULL, size
from tests.fakes.scripted_channel import ScriptedChannel
from tests.postgres import PostgresServer

ADDRESSES = [f"sim-{n}" for n in range(1, 8)]
OPEN = (BroadcastState.RELEASED, BroadcastState.PAUSED)

CERTAIN = ("ok", "not now", "unreachable", "account", "content", "held back")
DOUBTFUL = ("cut after", "cut before")

PHASES = tuple(Phase) if FULL else (Phase.explicit, Phase.reuse, Phase.generate)
"""Shrinking takes minutes, and the steps of a failing example are printed all the same."""


@dataclass
class Hand:
    """What a worker has in hand: a claimed batch, and whether its calls were made."""

    claimed: ClaimedBatch
    verdicts: list[Verdict] = field(default_factory=list)
    left_at: Any = None


class Deliveries(RuleBasedStateMachine):
    """Rules are what can happen; the provider's memory is the oracle."""

    lasting: Lasting
    keyed: bool
    priority: Priority

    def __init__(self) -> None:
        super().__init__()
        self.channel = ScriptedChannel(keyed=self.keyed)
        self.scene = Scene(self.lasting, self.channel, ADDRESSES)
        self.address_of = {contact_id: address for address, contact_id in self.scene.ids.items()}
        self.hands: list[Hand] = []
        self.got: Counter[str] = Counter()
        self.keys: dict[Any, tuple[str, ...]] = {}
        self.accepted_keys: set[Any] = set()
        self.seen = "." * len(ADDRESSES)
        self.cancel_id: int | None = None

    def teardown(self) -> None:
        if hasattr(self, "broadcast_id"):
            self._let_it_settle()

    @initialize()
    def release(self) -> None:
        self.broadcast_id = self.scene.release(self.priority, lives=timedelta(hours=40))
        # Workers reconcile every few seconds, and note the time as they do.
        self.scene.recover()

    @rule(most=st.integers(1, 3))
    def claim(self, most: int) -> None:
        scene = self.scene
        with scene.write() as session:
            claimed = claim_batches(
                session,
                scene.account_id,
                self.priority,
                scene.clock.at,
                most,
                honours_retry_key=self.keyed,
            )
        self.hands += [Hand(claimed=each, left_at=scene.clock.at) for each in claimed]

    @precondition(lambda self: any(not hand.verdicts for hand in self.hands))
    @rule(data=st.data())
    def call(self, data: st.DataObject) -> None:
        """A worker calls the provider, which does as it likes; calls leave within half a lease."""
        hand = data.draw(st.sampled_from([hand for hand in self.hands if not hand.verdicts]))
        if self.scene.clock.at - hand.left_at > timedelta(seconds=LEASE_SECONDS / 2):
            self.hands.remove(hand)
            return
        claimed = hand.claimed
        live = self.scene.state(self.broadcast_id) == BroadcastState.RELEASED
        if not live:
            hand.verdicts = [held_back("stopped")] * len(claimed.positions)
        elif self.keyed:
            divides = ["refuses one"]
            if len(claimed.addresses) > 1 and claimed.batch.retry_key not in self.keys:
                divides.append("takes one alone")
            did = data.draw(st.sampled_from([*CERTAIN, *DOUBTFUL, *divides]))
            verdict = self._provider(did, claimed.addresses, claimed.batch.retry_key)
            hand.verdicts = [verdict] * len(claimed.positions)
        elif not self._intend(hand):
            self.hands.remove(hand)
        else:
            does = [data.draw(st.sampled_from([*CERTAIN, *DOUBTFUL, "gone"])) for _ in claimed.addresses]
            hand.verdicts = [
                self._provider(each, (address,), None)
                for each, address in zip(does, claimed.addresses, strict=True)
            ]
            self._remember_some(hand, data.draw(st.integers(0, len(does))))

    @precondition(lambda self: any(hand.verdicts for hand in self.hands))
    @rule(data=st.data())
    def answer(self, data: st.DataObject) -> None:
        """The answer is written down, in time or late."""
        hand = data.draw(st.sampled_from([hand for hand in self.hands if hand.verdicts]))
        self.hands.remove(hand)
        self._settle(hand)

    @precondition(lambda self: self.hands)
    @rule(data=st.data())
    def crash(self, data: st.DataObject) -> None:
        """A worker dies with what it has in hand, before or after its calls."""
        self.hands.remove(data.draw(st.sampled_from(self.hands)))

    @rule(seconds=st.sampled_from([0.3, 1.0, 5.0, 21.0, 61.0, 3600.0, 8 * 3600.0]))
    def time_passes(self, seconds: float) -> None:
        self.scene.clock.advance(seconds)

    @rule()
    def reconcile(self) -> None:
        self.scene.recover()
        with self.scene.write() as session:
            expire_overdue(session, self.scene.clock.at)

    @rule(seconds=st.sampled_from([2.0, 3600.0]))
    def clock_is_set_back(self, seconds: float) -> None:
        """By somebody who mends it, or by a machine that took over with another idea of the time.

        Workers reconcile every few seconds: they had looked at the clock shortly before.
        """
        self.scene.recover()
        self.scene.clock.advance(-seconds)

    @precondition(lambda self: not self.keyed)
    @rule(data=st.data(), told=st.sampled_from(list(ReceiptStatus)), times=st.integers(1, 2))
    def receipt(self, data: st.DataObject, told: ReceiptStatus, times: int) -> None:
        """The network tells what it knows of somebody whom it has a message for: early, late, twice, in any order.

        Somebody may also tell of one who was never sent anything, or of nobody at all.
        """
        address = data.draw(st.sampled_from(ADDRESSES))
        honest = self.got[address] > 0
        scene = self.scene
        ids = [batch.id for batch in scene.batches(self.broadcast_id)]
        reference = f"b{data.draw(st.sampled_from([*ids, 10**9]))}.{scene.ids[address] if honest else 10**9}"
        for _ in range(times):
            with scene.write() as session:
                apply_receipt(session, reference, told, scene.clock.at, account_id=scene.account_id)

    @precondition(lambda self: self.scene.state(self.broadcast_id) == BroadcastState.PAUSED)
    @rule()
    def resume(self) -> None:
        self.scene.resume(self.broadcast_id)

    @precondition(lambda self: self.scene.state(self.broadcast_id) in OPEN)
    @rule(really=st.integers(0, 5))
    def stop_or_cancel(self, really: int) -> None:
        if really <= 1:
            self.scene.stop(self.broadcast_id)
        if really == 1:
            # Of the other class, so that nobody claims it here.
            (other,) = set(Priority) - {self.priority}
            at, lives, reached = self.scene.clock.at, timedelta(days=60), [self.broadcast_id]
            with self.scene.write() as session:
                cancel = builders.released(
                    session, priority=other, at=at, lives=lives, places=[], reached=reached
                )
                self.cancel_id = cancel.id

    @precondition(lambda self: self.cancel_id is not None)
    @rule()
    def plan_the_cancel(self) -> None:
        """A page of it; nobody to whom the original is going this moment is on it."""
        assert self.cancel_id is not None
        scene, before = self.scene, self._told()
        with scene.write() as session:
            plan_page(session, self.cancel_id, scene.clock.at, {scene.account_id: 3})
        open_ = [each for each in scene.batches(self.broadcast_id) if each.state == BatchState.SENDING]
        on_their_way = {contact_id for each in open_ for contact_id in unpack(each.recipients)}
        assert not set(self._told()[len(before) :]) & on_their_way

    @invariant()
    def nobody_twice_under_a_key_or_unlisted(self) -> None:
        if self.keyed:
            assert max(self.got.values(), default=0) <= 1
        else:
            assert max(self.got.values(), default=0) <= 2
            assert self.priority is Priority.EMERGENCY or max(self.got.values(), default=0) <= 1

    @invariant()
    def outcomes_only_move_forward(self) -> None:
        if not hasattr(self, "broadcast_id"):
            return
        now = self.scene.outcomes(self.broadcast_id)
        for before, after in zip(self.seen, now, strict=True):
            assert before == after or allowed(ALL["outcome"], before, after)
        self.seen = now

    def _provider(self, does: str, addresses: tuple[str, ...], key: Any) -> Verdict:
        if does == "held back":
            return held_back("others go first", 0.2)
        if does == "takes one alone":
            return judge(NotTogether("a group", [0]), honours_retry_key=True, recipients=len(addresses))
        if self.keyed:
            assert self.keys.setdefault(key, addresses) == addresses, "another request under the same key"
        if does in ("ok", "cut after") and key not in self.accepted_keys:
            self.got.update(addresses)
            if self.keyed:
                self.accepted_keys.add(key)
        if key in self.accepted_keys and does not in DOUBTFUL:
            return ACCEPTED
        errors: dict[str, ChannelError] = {
            "not now": NotNow("429", 0.5),
            "unreachable": Unreachable("no line"),
            "account": AccountRefused("401"),
            "content": ContentRefused("400"),
            "cut after": OutcomeUnknown("cut"),
            "cut before": OutcomeUnknown("cut"),
            "gone": RecipientGone("403"),
            "refuses one": RecipientsRefused("to[0]", [0]),
        }
        if does == "ok":
            return ACCEPTED
        return judge(errors[does], honours_retry_key=self.keyed, recipients=len(addresses))

    def _intend(self, hand: Hand) -> bool:
        """Before anybody is sent to it is committed that she will be; False when the lease was lost."""
        with self.scene.write() as session:
            about = [Intent(claimed=hand.claimed, position=each) for each in hand.claimed.positions]
            mine = all(intents.write(session, about))
        self.outcomes_only_move_forward()
        return mine

    def _remember_some(self, hand: Hand, count: int) -> None:
        """Some answers are known, and written, before all of the batch are there."""
        positions = hand.claimed.positions
        about = [Intent(claimed=hand.claimed, position=each) for each in positions]
        answered = [i for i in range(count) if hand.verdicts[i] == ACCEPTED]
        for i in answered:
            intents.note_accepted(about[i])
        later = [about[i] for i in range(len(positions)) if hand.verdicts[i] != ACCEPTED]
        if answered and later:
            with self.scene.write() as session:
                intents.write(session, later[:1])

    def _settle(self, hand: Hand) -> bool:
        before = [batch.model_dump() for batch in self.scene.batches(self.broadcast_id)]
        mine = next(row for row in before if row["id"] == hand.claimed.batch.id)
        late = (mine["fence"], mine["state"]) != (hand.claimed.batch.fence, "sending")
        at = self.scene.clock.at
        with self.scene.write() as session:
            if settling.is_plain(hand.claimed, hand.verdicts):
                settling.settle_plain(session, [hand.claimed], at)
                wrote = not late
            else:
                wrote = settling.settle_batch(
                    session, hand.claimed, hand.verdicts, at, honours_retry_key=self.keyed
                )
            if not self.keyed:
                apply_early(session, f"b{hand.claimed.batch.id}.", at)
        assert wrote != late
        if late:
            assert [batch.model_dump() for batch in self.scene.batches(self.broadcast_id)] == before
        return wrote

    def _let_it_settle(self) -> None:
        """All workers die, the provider is well again, officers resume: then everybody's fate is known."""
        scene = self.scene
        self.hands.clear()
        for _ in range(40):
            if scene.state(self.broadcast_id) == BroadcastState.PAUSED:
                scene.resume(self.broadcast_id)
            scene.clock.advance(62)
            scene.recover()
            self.claim(3)
            for hand in self.hands:
                addresses, key = hand.claimed.addresses, hand.claimed.batch.retry_key
                if self.keyed:
                    hand.verdicts = [self._provider("ok", addresses, key)] * len(addresses)
                else:
                    assert self._intend(hand)
                    hand.verdicts = [self._provider("ok", (address,), None) for address in addresses]
                assert self._settle(hand)
            self.hands.clear()
            if scene.state(self.broadcast_id) not in OPEN:
                break
        scene.recover(nobody_else_works=True)
        assert scene.state(self.broadcast_id) not in OPEN
        self._check_fates()
        if self.cancel_id is not None:
            self._check_who_was_told()

    def _check_fates(self) -> None:
        scene = self.scene
        outcomes = dict(zip(ADDRESSES, scene.outcomes(self.broadcast_id), strict=True))
        ended = scene.state(self.broadcast_id)
        assert set(outcomes.values()) <= set("afus." if ended != "done" else "afus"), outcomes
        tally = scene.tally(self.broadcast_id)
        assert not {"waiting", "in_flight"} & set(tally)
        notes = scene.notes(self.broadcast_id)
        for address, outcome in outcomes.items():
            assert self.got[address] >= (outcome == "a"), f"{address} counts as accepted and got nothing"
            assert not (self.got[address] and outcome in ".s"), f"{address} got it and counts as not sent"
            if self.got[address] > 1:
                assert address in notes["possibly twice"]
            if outcome == "f":
                assert address in notes.get("failed", []) + notes.get(NOT_DELIVERED, [])
            if outcome == "u" and not self.keyed:
                assert address in notes["unknown"]
            if not self.got[address]:
                assert address not in notes.get(NOT_DELIVERED, [])

    def _told(self) -> list[int]:
        batches = self.scene.batches(self.cancel_id or 0)
        return [contact_id for batch in batches for contact_id in unpack(batch.recipients)]

    def _check_who_was_told(self) -> None:
        """The Cancel is for all who may have the original, each once, and for nobody who certainly has not."""
        while not is_planned(self.scene.database, self.cancel_id or 0):
            self.plan_the_cancel()
        told = self._told()
        assert len(told) == len(set(told))
        for address, outcome in zip(ADDRESSES, self.scene.outcomes(self.broadcast_id), strict=True):
            contact = self.scene.contact(address)
            assert contact.id not in told or outcome in "auf", f"{address} is told and never got it"
            if outcome in "au" and contact.state == ContactState.ACTIVE:
                assert contact.id in told, f"{address} may have got it and is not told"


KINDS = [(keyed, priority) for keyed in (True, False) for priority in Priority]


def in_any_order(lasting: Lasting, keyed: bool, priority: Priority, examples: int) -> None:
    machine = type("Case", (Deliveries,), {"lasting": lasting, "keyed": keyed, "priority": priority})
    chosen = settings(
        max_examples=examples, stateful_step_count=25, suppress_health_check=list(HealthCheck), phases=PHASES
    )
    run_state_machine_as_test(machine, settings=chosen)


@pytest.mark.parametrize(("keyed", "priority"), KINDS)
def test_in_any_order(migrated_file: Path, tmp_path: Path, keyed: bool, priority: Priority) -> None:
    shutil.copy(migrated_file, tmp_path / "krajai.db")
    lasting = Lasting(f"sqlite:///{tmp_path}/krajai.db")
    in_any_order(lasting, keyed, priority, size(12, 500))
    lasting.database.close()


@pytest.mark.postgres
def test_in_any_order_on_postgresql(postgres: PostgresServer) -> None:
    lasting = Lasting(postgres.fresh_database())
    for keyed, priority in KINDS:
        in_any_order(lasting, keyed, priority, size(1, 100))
    lasting.database.close()
