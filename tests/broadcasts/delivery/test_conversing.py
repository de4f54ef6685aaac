"""Single messages: in order, patiently, and with a word to whoever may have got one twice."""

import asyncio

import pytest

from broadcasts.delivery import sending
from broadcasts.delivery.channel import (
    AccountRefused,
    ContentRefused,
    NotNow,
    OutcomeUnknown,
    RecipientGone,
    RecipientMoved,
    SendRequest,
    Unreachable,
)
from storage import people
from storage.leases import LEASE_SECONDS
from storage.lifecycles import ContactState
from tests.broadcasts.delivery.scene import Lasting, Scene
from tests.fakes.scripted_channel import ScriptedChannel, Step

BOTH = pytest.mark.parametrize("keyed", [True, False], ids=["keyed", "single"])


def refuse(fault: Exception) -> Step:
    return Step(accepts=False, raises=fault)


def cut(*, accepts: bool = True) -> Step:
    return Step(accepts=accepts, raises=OutcomeUnknown("the line was cut"))


def states(scene: Scene) -> list[str]:
    return [message.state for message in scene.messages("sim-1")]


@BOTH
def test_messages_go_out_in_order_and_a_failing_one_before_the_next(lasting: Lasting, keyed: bool) -> None:
    with Scene(lasting, ScriptedChannel(keyed=keyed)) as scene:
        scene.channel.script.extend([Step(), refuse(NotNow("429", 3.0)), refuse(Unreachable("no line"))])
        scene.say("sim-1", "one", "two", "three")
        scene.converse("sim-1")
        assert states(scene) == ["accepted", "waiting", "waiting"]
        scene.converse("sim-1")
        assert scene.heard("sim-1") == ["one", "two"]
        scene.clock.advance(3)
        scene.converse("sim-1")
        assert states(scene) == ["accepted", "waiting", "waiting"]
        scene.clock.advance(2)
        scene.converse("sim-1")
        assert states(scene) == ["accepted"] * 3
        assert scene.heard("sim-1") == ["one", "two", "two", "two", "three"]
        assert scene.channel.delivered == {"sim-1": 3}


@pytest.mark.parametrize(
    ("fault", "keyed", "important", "at_once", "in_the_end", "twice", "delivered"),
    [
        (cut(), True, True, "waiting", "accepted", False, 1),
        (cut(accepts=False), True, False, "waiting", "accepted", False, 1),
        (cut(), False, True, "waiting", "accepted", True, 2),
        (cut(accepts=False), False, True, "waiting", "accepted", True, 1),
        (cut(), False, False, "unknown", "unknown", False, 1),
        (refuse(ValueError("081-234-5678")), True, True, "waiting", "accepted", False, 1),
        (refuse(RecipientGone("403")), True, True, "failed", "failed", False, 0),
        (refuse(ContentRefused("400")), False, True, "failed", "failed", False, 0),
        (refuse(AccountRefused("401")), True, True, "waiting", "accepted", False, 1),
    ],
)
def test_what_an_answer_means_for_a_message(
    lasting: Lasting,
    fault: Step,
    keyed: bool,
    important: bool,
    at_once: str,
    in_the_end: str,
    twice: bool,
    delivered: int,
) -> None:
    with Scene(lasting, ScriptedChannel(keyed=keyed)) as scene:
        scene.channel.script.append(fault)
        scene.say("sim-1", "one", important=important)
        scene.converse("sim-1")
        assert states(scene) == [at_once]
        scene.clock.advance(60)
        scene.converse("sim-1")
        (message,) = scene.messages("sim-1")
        assert (message.state, message.possibly_twice) == (in_the_end, twice)
        assert scene.channel.delivered["sim-1"] == delivered


def test_an_important_message_in_doubt_is_tried_once_more_and_not_twice(lasting: Lasting) -> None:
    with Scene(lasting, ScriptedChannel(keyed=False)) as scene:
        scene.channel.script.extend([cut(), cut(), cut()])
        scene.say("sim-1", "one")
        for _ in range(4):
            scene.converse("sim-1")
            scene.clock.advance(60)
        (message,) = scene.messages("sim-1")
        assert (message.state, message.possibly_twice) == ("unknown", True)
        assert scene.channel.delivered == {"sim-1": 2}


def test_no_answer_is_lost_by_a_token_that_is_revoked_for_an_hour(lasting: Lasting) -> None:
    with Scene(lasting, ScriptedChannel(keyed=True)) as scene:
        scene.say("sim-1", "your ticket is 4217")
        scene.channel.script.extend([refuse(AccountRefused("401"))] * 60)
        while scene.channel.script:
            scene.converse("sim-1")
            scene.clock.advance(61)
        scene.converse("sim-1")
        assert states(scene) == ["accepted"]


def test_a_message_nobody_wants_any_more_expires(lasting: Lasting) -> None:
    with Scene(lasting, ScriptedChannel(keyed=True)) as scene:
        scene.say("sim-1", "old", "older")
        scene.clock.advance(25 * 3600)
        scene.say("sim-1", "new")
        scene.converse("sim-1")
        assert states(scene) == ["expired", "expired", "accepted"]
        assert scene.heard("sim-1") == ["new"]


def test_who_is_gone_is_told_nothing_more(lasting: Lasting) -> None:
    with Scene(lasting, ScriptedChannel(keyed=False)) as scene:
        scene.channel.script.append(refuse(RecipientGone("403")))
        scene.say("sim-1", "one", "two", "three")
        scene.converse("sim-1")
        assert states(scene) == ["failed"] * 3
        assert scene.contact("sim-1").state == ContactState.BLOCKED
        assert scene.channel.calls_to("sim-1") == 1
        with scene.write() as session:
            people.set_contact_state(session, scene.ids["sim-1"], ContactState.ACTIVE, scene.clock.at)
        scene.say("sim-1", "welcome back")
        scene.converse("sim-1")
        assert states(scene) == ["failed"] * 3 + ["accepted"]


def test_the_new_address_is_used_for_the_same_message(lasting: Lasting) -> None:
    with Scene(lasting, ScriptedChannel(keyed=False)) as scene:
        scene.channel.script.append(refuse(RecipientMoved("400", "sim-new")))
        scene.say("sim-1", "one")
        scene.converse("sim-1")
        scene.clock.advance(1)
        scene.converse("sim-1")
        assert states(scene) == ["accepted"]
        assert scene.channel.delivered == {"sim-new": 1}


def test_a_reply_token_is_good_for_one_try_and_what_it_did_is_in_doubt(lasting: Lasting) -> None:
    """A reply carries no retry key: when no answer comes, pushing the same words may be the second time."""
    with Scene(lasting, ScriptedChannel(keyed=True)) as scene:
        scene.channel.script.append(cut())
        scene.say("sim-1", "one", reply_token="token-1")
        scene.converse("sim-1")
        scene.clock.advance(1)
        scene.converse("sim-1")
        (message,) = scene.messages("sim-1")
        assert [call.request.reply_token for call in scene.channel.journal] == ["token-1", ""]
        assert (message.state, message.possibly_twice) == ("accepted", True)


def test_a_reply_that_was_held_back_keeps_its_token(
    lasting: Lasting, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Others went first: nothing was tried, so the free reply is still to be had."""
    with Scene(lasting, ScriptedChannel(keyed=True)) as scene:
        scene.say("sim-1", "one", reply_token="token-1")
        with monkeypatch.context() as crowded:
            crowded.setattr(sending, "PASSAGE_TIMEOUT_SECONDS", 0.0)
            scene.converse("sim-1")
        assert scene.channel.journal == []
        scene.clock.advance(1)
        scene.converse("sim-1")
        assert [call.request.reply_token for call in scene.channel.journal] == ["token-1"]


class Dies(BaseException):
    """The worker ends here and now."""


class DyingChannel(ScriptedChannel):
    dies: bool = False

    async def send(self, request: SendRequest) -> None:
        await super().send(request)
        if self.dies:
            raise Dies


@BOTH
@pytest.mark.parametrize("important", [True, False])
def test_what_a_dead_worker_had_in_hand_is_taken_up(lasting: Lasting, keyed: bool, important: bool) -> None:
    channel = DyingChannel(keyed=keyed)
    with Scene(lasting, channel) as scene:
        scene.say("sim-1", "one", "two", important=important)
        channel.dies = True
        with pytest.raises(Dies):
            scene.converse("sim-1")
        channel.dies = False
        scene.converse("sim-1")
        assert states(scene) == ["sending", "waiting"]
        scene.clock.advance(LEASE_SECONDS - 0.1)
        assert scene.recover() == 0
        scene.clock.advance(0.2)
        assert scene.recover() == 1
        scene.converse("sim-1")
        first, second = scene.messages("sim-1")
        assert (first.state, second.state) == ("accepted" if keyed or important else "unknown", "accepted")
        assert first.possibly_twice == (important and not keyed)
        assert scene.heard("sim-1")[-1] == "two"
        assert channel.delivered == {"sim-1": 3 if important and not keyed else 2}


def test_a_late_worker_writes_nothing(lasting: Lasting) -> None:
    class Late(ScriptedChannel):
        async def send(self, request: SendRequest) -> None:
            await super().send(request)
            if len(self.journal) == 1:
                scene.clock.advance(LEASE_SECONDS + 1)
                assert await asyncio.to_thread(scene.recover) == 1
                with scene.database.write() as session:
                    message, _ = scene.claim_message(session, "sim-1")
                    assert message.attempts == 2

    with Scene(lasting, Late(keyed=True)) as scene:
        scene.say("sim-1", "one", "two")
        scene.converse("sim-1")
        assert states(scene) == ["sending", "waiting"]
        assert scene.heard("sim-1") == ["one"]


def test_an_account_that_is_switched_off_keeps_its_messages(lasting: Lasting) -> None:
    with Scene(lasting, ScriptedChannel(keyed=True)) as scene:
        scene.say("sim-1", "one")
        channels = dict(scene.sender.channels)
        scene.sender.channels.clear()  # type: ignore[attr-defined]
        scene.converse("sim-1")
        assert states(scene) == ["waiting"]
        scene.sender.channels.update(channels)  # type: ignore[attr-defined]
        scene.clock.advance(61)
        scene.converse("sim-1")
        assert states(scene) == ["accepted"]
