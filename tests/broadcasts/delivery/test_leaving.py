"""Who leaves before a batch is tried, or between two tries: whom it still goes to, and under which key."""

import asyncio
from datetime import timedelta

import pytest

from broadcasts.delivery.channel import AccountRefused, ContentRefused, NotNow, OutcomeUnknown, Unreachable
from storage.broadcasts import Priority
from storage.lifecycles import BroadcastState
from tests.bot.channels import line_builders
from tests.broadcasts.delivery.scene import Lasting, Scene
from tests.fakes.line import FakeLine, Fault
from tests.fakes.scripted_channel import ScriptedChannel, Step
from tests.ports import refusing_port

BOTH = pytest.mark.parametrize("keyed", [True, False], ids=["keyed", "single"])
NINE = [f"sim-{n}" for n in range(1, 10)]


def cut(*, accepts: bool = True) -> Step:
    return Step(accepts=accepts, raises=OutcomeUnknown("the line was cut"))


HOW = pytest.mark.parametrize("how", ["stops", "blocks", "is erased"])


@BOTH
@HOW
def test_who_left_after_the_plan_is_skipped(lasting: Lasting, keyed: bool, how: str) -> None:
    with Scene(lasting, ScriptedChannel(keyed=keyed)) as scene:
        broadcast_id = scene.release()
        scene.leave("sim-2", how)
        scene.settle_everything(broadcast_id)
        assert scene.outcomes(broadcast_id) == "asa"
        assert scene.notes(broadcast_id) == {"skipped": ["sim-2"]}
        assert scene.channel.calls_to("sim-2") == 0


@BOTH
def test_a_broadcast_whose_audience_has_left_altogether_ends(lasting: Lasting, keyed: bool) -> None:
    with Scene(lasting, ScriptedChannel(keyed=keyed, recipients_per_batch=1), NINE) as scene:
        broadcast_id = scene.release()
        for address in NINE:
            scene.leave(address, "stops")
        scene.deliver()
        assert (scene.outcomes(broadcast_id), scene.state(broadcast_id)) == ("s" * 9, "done")


@HOW
def test_single_sends_skip_whoever_leaves_between_attempts(lasting: Lasting, how: str) -> None:
    with Scene(lasting, ScriptedChannel(keyed=False)) as scene:
        for address in ("sim-1", "sim-2"):
            scene.channel.script_of[address].append(Step(accepts=False, raises=NotNow("429", 1.0)))
        scene.channel.script_of["sim-3"].append(cut())
        broadcast_id = scene.release()
        scene.deliver()
        assert scene.outcomes(broadcast_id) == "..u"
        scene.leave("sim-2", how)
        scene.leave("sim-3", how)
        scene.settle_everything(broadcast_id)
        assert scene.outcomes(broadcast_id) == "asu"
        assert (scene.channel.calls_to("sim-2"), scene.channel.calls_to("sim-3")) == (1, 1)


@pytest.mark.parametrize("accepts", [True, False])
@pytest.mark.parametrize("how", ["stops", "blocks"])
def test_a_key_in_doubt_stands_for_one_request_whoever_leaves(
    lasting: Lasting, how: str, accepts: bool
) -> None:
    with Scene(lasting, ScriptedChannel(keyed=True)) as scene:
        scene.channel.script.extend([cut(accepts=accepts), cut(accepts=False)])
        broadcast_id = scene.release()
        scene.deliver()
        scene.leave("sim-2", how)
        scene.settle_everything(broadcast_id)
        assert scene.outcomes(broadcast_id) == "aaa"
        assert len({call.request.retry_key for call in scene.channel.journal}) == 1
        assert {call.request.addresses for call in scene.channel.journal} == {("sim-1", "sim-2", "sim-3")}
        assert set(scene.channel.delivered.values()) == {1}


@pytest.mark.parametrize("accepts", [True, False])
def test_who_is_erased_while_a_key_is_in_doubt_is_addressed_no_more(lasting: Lasting, accepts: bool) -> None:
    """The others are asked for under the same key: they are neither left out nor reached twice."""
    with Scene(lasting, ScriptedChannel(keyed=True)) as scene:
        scene.channel.script.extend([cut(accepts=accepts), cut(accepts=False), cut(accepts=False)])
        broadcast_id = scene.release()
        scene.deliver()
        scene.leave("sim-2", "is erased")
        scene.channel.erased.add("sim-2")
        scene.settle_everything(broadcast_id)
        assert scene.outcomes(broadcast_id) == "aua"
        assert scene.notes(broadcast_id) == {"unknown": ["sim-2"]}
        assert len({call.request.retry_key for call in scene.channel.journal}) == 1
        again = {call.request.addresses for call in scene.channel.journal[1:]}
        assert again == {("sim-1", "sim-3")}
        assert (scene.channel.delivered["sim-1"], scene.channel.delivered["sim-3"]) == (1, 1)


CERTAIN = {
    "rate": NotNow("429", 1.0),
    "no line": Unreachable("refused"),
    "quota": AccountRefused("quota"),
    "token": AccountRefused("401"),
    "words": ContentRefused("400"),
}


@HOW
@pytest.mark.parametrize("refusal", CERTAIN)
def test_a_refusal_that_is_certain_freezes_nothing(lasting: Lasting, how: str, refusal: str) -> None:
    with Scene(lasting, ScriptedChannel(keyed=True)) as scene:
        scene.channel.script.extend([Step(accepts=False, raises=CERTAIN[refusal])] * 2)
        broadcast_id = scene.release()
        for _ in range(2):
            scene.deliver()
            assert scene.outcomes(broadcast_id) == "..."
            if scene.state(broadcast_id) == BroadcastState.PAUSED:
                scene.resume(broadcast_id)
            scene.clock.advance(60)
        scene.leave("sim-2", how)
        scene.settle_everything(broadcast_id)
        assert scene.outcomes(broadcast_id) == "asa"
        assert scene.notes(broadcast_id) == {"skipped": ["sim-2"]}
        assert [len(call.request.addresses) for call in scene.channel.journal] == [3, 3, 2]
        first, second, third = [call.request.retry_key for call in scene.channel.journal]
        assert first == second != third, "the same request keeps its key, another one has another"


def test_a_key_is_alive_from_the_first_attempt_that_may_have_been_accepted(lasting: Lasting) -> None:
    with Scene(lasting, ScriptedChannel(keyed=True)) as scene:
        scene.channel.script.extend([Step(accepts=False, raises=AccountRefused("401")), cut()])
        broadcast_id = scene.release(lives=timedelta(hours=48))
        scene.deliver()
        scene.clock.advance(25 * 3600)
        scene.settle_everything(broadcast_id)
        assert scene.outcomes(broadcast_id) == "aaa"
        assert set(scene.channel.delivered.values()) == {1}


REFUSED_CONNECTION = "refused connection"
TRIES = {
    "401": Fault.UNAUTHORIZED,
    "429 rate": Fault.TOO_FAST,
    "429 monthly quota": Fault.QUOTA,
    REFUSED_CONNECTION: None,
    "500": Fault.FAILS,
    "500, accepted": Fault.ACCEPTS_AND_FAILS,
    "time-out": Fault.HANGS,
    "time-out, accepted": Fault.ACCEPTS_AND_HANGS,
}
MAY_HAVE_BEEN_ACCEPTED = {"500", "500, accepted", "time-out", "time-out, accepted"}


def deliver_by(scene: Scene, url: str) -> None:
    """Send what waits to LINE at this address."""

    async def deliver() -> None:
        channel = line_builders.channel_at(FakeLine(url=url))
        scene.sender.channels[scene.account_id] = channel  # type: ignore[index]
        await channel.prepare()
        try:
            await scene.sender.deliver(scene.account_id, Priority.EMERGENCY)
        finally:
            await channel.close()

    asyncio.run(deliver())


@HOW
@pytest.mark.parametrize("tried", TRIES)
def test_line_hears_of_a_leaver_only_where_it_may_know_of_her_already(
    lasting: Lasting, tried: str, how: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if "time-out" in tried:
        monkeypatch.setattr("bot.channels.line.SEND_SECONDS", 0.2)
    users = line_builders.citizens(4)
    leaver = users[1]
    others = tuple(each for each in users if each != leaver)
    with (
        FakeLine().beside() as fake,
        refusing_port() as nobody,
        Scene(lasting, ScriptedChannel(keyed=True, recipients_per_batch=500), users) as scene,
    ):
        broadcast_id = scene.release()
        fake.order(*filter(None, [TRIES[tried]]))
        at_first = f"http://127.0.0.1:{nobody}" if tried == REFUSED_CONNECTION else fake.url
        deliver_by(scene, at_first)
        (batch,) = scene.batches(broadcast_id)
        in_doubt = tried in MAY_HAVE_BEEN_ACCEPTED
        assert scene.outcomes(broadcast_id) == ("uuuu" if in_doubt else "....")
        monkeypatch.undo()
        scene.leave(leaver, how)
        for _ in range(3):
            scene.clock.advance(60)
            if scene.state(broadcast_id) == BroadcastState.PAUSED:
                scene.resume(broadcast_id)
            deliver_by(scene, fake.url)
        assert scene.state(broadcast_id) == BroadcastState.DONE
        (accepted,) = fake.journal
        if not in_doubt:
            assert accepted.to == others, "what nobody accepted is looked over again"
            assert accepted.retry_key != str(batch.retry_key)
            assert scene.outcomes(broadcast_id) == "asaa"
            return
        assert accepted.retry_key == str(batch.retry_key)
        if how == "is erased":
            assert accepted.to == (users if "accepted" in tried else others)
            assert scene.outcomes(broadcast_id) == "auaa"
            assert scene.notes(broadcast_id) == {"unknown": [leaver]}
        else:
            assert accepted.to == users, "the key stands for this request"
            assert scene.outcomes(broadcast_id) == "aaaa"
