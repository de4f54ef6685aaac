"""Once more to those whom a broadcast failed to reach, and to nobody else."""

import pytest

from broadcasts.delivery import repeating
from broadcasts.delivery.channel import OutcomeUnknown, RecipientGone, RecipientsRefused
from broadcasts.delivery.repeating import NotRepeatable
from broadcasts.delivery.reports import recipients, report
from storage.broadcasts import Broadcast, Priority, retries_of
from tests.broadcasts.delivery.scene import Lasting, Scene
from tests.fakes.scripted_channel import ScriptedChannel, Step

REFUSED = Step(accepts=False, raises=RecipientsRefused("no such number", [0]))
CUT = Step(accepts=True, raises=OutcomeUnknown("the line was cut"))
GONE = Step(accepts=False, raises=RecipientGone("blocked"))


def went_out(lasting: Lasting) -> Scene:
    """a got it, b was refused, c is unknown, d has blocked us."""
    channel = ScriptedChannel(keyed=False, recipients_per_batch=2)
    for address, step in (("b", REFUSED), ("c", CUT), ("d", GONE)):
        channel.script_of[address].append(step)
    return Scene(lasting, channel, tuple("abcd"))


def again(scene: Scene, broadcast_id: int, *, with_unknown: bool = False) -> int:
    with scene.database.write() as session:
        made = repeating.repeat(
            session,
            broadcast_id,
            scene.clock.at,
            {scene.account_id: 2},
            by="suda",
            with_unknown=with_unknown,
        )
        return made.id or 0


def test_only_the_failed_who_can_be_reached_get_it_again(lasting: Lasting) -> None:
    with went_out(lasting) as scene:
        first = scene.release(Priority.ROUTINE)
        with scene.database.read() as session, pytest.raises(NotRepeatable, match="still going out"):
            repeating.look(session, first, scene.clock.at)
        scene.settle_everything(first, Priority.ROUTINE)
        with scene.database.read() as session:
            found = repeating.look(session, first, scene.clock.at)
        assert (found.failed, found.unknown, found.recipients, found.again) == (2, 1, 1, 0)
        second = again(scene, first)
        scene.settle_everything(second, Priority.ROUTINE)
        assert dict(scene.channel.delivered) == {"a": 1, "b": 1, "c": 1}
        with scene.database.read() as session:
            assert retries_of(session, [first]) == [second]
            shown = report(session, session.get_one(Broadcast, first))
            assert (shown.total, shown.retries) == ({"accepted": 1, "failed": 2, "unknown": 1}, (second,))
            assert report(session, session.get_one(Broadcast, second)).total == {"accepted": 1}
            assert report(session, session.get_one(Broadcast, second)).retry_of == first
        with pytest.raises(NotRepeatable, match="nobody"):
            again(scene, second)


def test_the_unknown_only_when_an_officer_says_so(lasting: Lasting) -> None:
    with went_out(lasting) as scene:
        first = scene.release(Priority.ROUTINE)
        scene.settle_everything(first, Priority.ROUTINE)
        with scene.database.read() as session:
            assert repeating.look(session, first, scene.clock.at, with_unknown=True).again == 1
        second = again(scene, first, with_unknown=True)
        scene.settle_everything(second, Priority.ROUTINE)
        assert dict(scene.channel.delivered) == {"a": 1, "b": 1, "c": 2}


def test_what_is_over_or_was_stopped_is_not_repeated(lasting: Lasting) -> None:
    with went_out(lasting) as scene:
        stopped, over = scene.release(), scene.release(Priority.ROUTINE)
        scene.stop(stopped)
        scene.settle_everything(over, Priority.ROUTINE)
        scene.clock.advance(7 * 3600)
        with scene.database.read() as session:
            for broadcast_id, why in ((stopped, "stopped"), (over, "was over"), (987_654, "there is no")):
                with pytest.raises(NotRepeatable, match=why):
                    repeating.look(session, broadcast_id, scene.clock.at)


def test_the_report_names_times_reasons_and_districts(lasting: Lasting) -> None:
    with went_out(lasting) as scene:
        first = scene.release(Priority.ROUTINE)
        scene.settle_everything(first, Priority.ROUTINE)
        with scene.database.read() as session:
            broadcast = session.get_one(Broadcast, first)
            found = report(session, broadcast)
            missed = list(recipients(session, broadcast))
            everyone = list(recipients(session, broadcast, everyone=True))
    counts = {"accepted": 1, "failed": 2, "unknown": 1}
    assert (found.total, list(found.channels.values()), found.districts) == (
        counts,
        [counts],
        {scene.place: counts},
    )
    assert found.reasons == {
        "failed: blocked": 1,
        "failed: no such number": 1,
        "unknown: the line was cut": 1,
    }
    assert found.times.first == found.times.half == found.times.most == found.times.last
    assert found.times.first is not None
    assert [(each.address, each.outcome, each.notes) for each in missed] == [
        ("b", "failed", "failed: no such number"),
        ("c", "unknown", "unknown: the line was cut"),
        ("d", "failed", "failed: blocked"),
    ]
    assert [each.address for each in everyone] == list("abcd")
