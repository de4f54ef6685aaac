"""Text messages instead: to whom LINE is known not to reach, once, and for no more than the caps."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta

import pytest
from sqlmodel import col, select

from broadcasts.delivery import fallback, repeating
from broadcasts.delivery.channel import (
    AccountRefused,
    ChannelError,
    ChannelTraits,
    ContentRefused,
    OutcomeUnknown,
    RecipientsRefused,
    Rendering,
    SendRequest,
    Unreachable,
)
from broadcasts.delivery.claiming import claim_batches
from broadcasts.delivery.estimates import Draft, estimate
from broadcasts.delivery.fallback import FallbackRule, fall_back, release_texts
from broadcasts.delivery.missed import Missed, missed_by
from broadcasts.delivery.pacing import Gates
from broadcasts.delivery.sending import Sender
from broadcasts.delivery.settling import settle_batch
from broadcasts.delivery.verdicts import ACCEPTED, judge
from storage import broadcasts, people, texts_instead
from storage.batches import Batch, insert_batches, new_batch, pack, unpack
from storage.broadcasts import Broadcast, Priority
from storage.lifecycles import BatchState, BroadcastState, ContactState, Outcome
from storage.outbox_hold import hold, let_go
from storage.people import Contact
from storage.replies import Bubble
from storage.subscriptions import WARNING
from storage.texts_instead import TextInstead
from tests import builders
from tests.broadcasts.delivery.scene import Lasting, NoPace, Scene
from tests.fakes.scripted_channel import ScriptedChannel, Step

SATANG = 50
PEOPLE = [f"U{n}" for n in range(1, 6)]


@dataclass
class Texts:
    """A network of text messages that takes all of them, at half a baht each."""

    got: list[str] = field(default_factory=list)
    traits: ChannelTraits = ScriptedChannel(keyed=False).traits

    def render(self, bubbles: Sequence[Bubble]) -> Rendering:
        return Rendering(parts=("text",), segments=1, satang=SATANG)

    async def prepare(self) -> None:
        """Nothing is to be made ready."""

    async def close(self) -> None:
        """Nothing is held open."""

    async def send(self, request: SendRequest) -> None:
        self.got += request.addresses


class Country(Scene):
    """A scene on LINE whose people have telephones too, all but the last."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.texts = Texts()
        with self.write() as session:
            account = people.ensure_account(session, "sms", f"of {self.account_id}")
            assert account.id is not None
            self.sms_id = account.id
            for address in self.addresses[:-1]:
                phone, stranger = people.contact_at(session, self.sms_id, f"+66{address}", self.clock.at)
                phone.person_id = session.get_one(Contact, self.ids[address]).person_id
                session.flush()
                session.delete(stranger)

    def rule(self, alert_satang: int = 10_000, day_satang: int = 10**9) -> FallbackRule:
        return FallbackRule(
            lines=frozenset({self.account_id}),
            texts={self.sms_id: self.texts},
            alert_satang=alert_satang,
            day_satang=day_satang,
        )

    def block(self, *addresses: str) -> None:
        with self.write() as session:
            for each in addresses:
                people.set_contact_state(session, self.ids[each], ContactState.BLOCKED, self.clock.at)

    def fall_back(self, rule: FallbackRule | None = None) -> list[str]:
        """Decide twice, send what came of it; whose telephones have got something by now."""
        for _ in range(2):
            fall_back(self.database, rule or self.rule())
        sender = Sender(database=self.database, channels={self.sms_id: self.texts}, gates=Gates(NoPace()))
        asyncio.run(sender.deliver(self.sms_id, Priority.EMERGENCY))
        return sorted(each.removeprefix("+66") for each in self.texts.got)

    def attempt(self, error: ChannelError | None) -> None:
        """The next batch on LINE is refused, or accepted."""
        at, verdict = self.clock.at, judge(error, honours_retry_key=True) if error else ACCEPTED
        with self.write() as session:
            (claimed,) = claim_batches(
                session, self.account_id, Priority.EMERGENCY, at, 1, honours_retry_key=True
            )
            verdicts = [verdict] * len(claimed.positions)
            assert settle_batch(session, claimed, verdicts, at, honours_retry_key=True)

    def missed(self, broadcast_id: int) -> list[Missed]:
        with self.database.read() as session:
            return missed_by(session, self.rule(), session.get_one(Broadcast, broadcast_id))

    def decided(self, broadcast_id: int) -> list[TextInstead]:
        with self.database.read() as session:
            query = select(TextInstead).where(TextInstead.broadcast_id == broadcast_id)
            return list(session.exec(query.order_by(col(TextInstead.person_id))))


def country(lasting: Lasting) -> Country:
    return Country(lasting, ScriptedChannel(keyed=True, recipients_per_batch=3), PEOPLE)


def test_who_has_blocked_us_gets_a_text_and_nobody_else(lasting: Lasting) -> None:
    scene = country(lasting)
    scene.block("U1", "U2", "U5")
    with scene.write() as session:
        draft = Draft(
            words=broadcasts.words_of({"th": {"": [builders.bubble()]}}),
            audience={"topic": WARNING, "places": [scene.place], "reached": []},
            priority=Priority.EMERGENCY,
        )
        before = estimate(session, draft, {}, {}, scene.clock.at, fallback=scene.rule(SATANG)).texts_instead
    assert before is not None
    assert (before.people, before.within_cap, before.satang, before.cap_satang) == (2, 1, 2 * SATANG, SATANG)
    broadcast_id = scene.release()
    assert scene.fall_back() == ["U1", "U2"]
    scene.deliver()
    scene.block("U3")
    assert scene.fall_back() == ["U1", "U2"], "she had it on LINE before she blocked us"
    scene.recover()
    with scene.database.read() as session:
        original = session.get_one(Broadcast, broadcast_id)
        spent = fallback.spent_on(session, original)
        texts = broadcasts.retries_of(session, [broadcast_id])
        assert (spent.texts, spent.satang, spent.over_cap) == (2, 2 * SATANG, 0)
        assert [session.get_one(Broadcast, each).expires_at for each in texts] == [original.expires_at]
    assert {each.why for each in scene.decided(broadcast_id)} == {"blocked"}


def test_only_emergencies_that_still_hold_and_within_the_caps(lasting: Lasting) -> None:
    scene = country(lasting)
    scene.block("U1", "U2")
    scene.release(Priority.ROUTINE)
    assert scene.fall_back() == []
    over = scene.release()
    scene.stop(over)
    assert scene.fall_back() == []
    broadcast_id = scene.release()
    assert scene.fall_back(FallbackRule()) == []
    assert scene.fall_back(scene.rule(alert_satang=0)) == []
    with scene.write() as session:
        hold(session, scene.clock.at, by="tester", reason="a test")
    assert scene.fall_back() == []
    with scene.write() as session:
        let_go(session, scene.clock.at, by="tester")
    assert scene.fall_back(scene.rule(alert_satang=SATANG + 1)) == ["U1"]
    assert [each.sent_in is None for each in scene.decided(broadcast_id)] == [False, True]
    assert scene.fall_back() == ["U1"], "what the cap left out is decided"
    another = scene.release()
    with scene.database.read() as session:
        spent = texts_instead.spent_since(session, scene.clock.at - timedelta(hours=24)).satang
    assert scene.fall_back(scene.rule(day_satang=spent)) == ["U1"]
    assert [each.satang for each in scene.decided(another)] == [0, 0]
    scene.clock.advance(25 * 3600)
    tomorrow = scene.release()
    assert scene.fall_back(scene.rule(day_satang=2 * SATANG)) == ["U1", "U1", "U2"]
    assert [each.satang for each in scene.decided(tomorrow)] == [SATANG, SATANG]


def test_refused_by_name_gets_a_text_and_in_doubt_gets_none(lasting: Lasting) -> None:
    scene = country(lasting)
    scene.channel.script.extend(
        [
            Step(accepts=False, raises=RecipientsRefused("to[1]", [1])),
            Step(accepts=True, raises=OutcomeUnknown("cut")),
        ]
    )
    broadcast_id = scene.release()
    scene.deliver()
    assert "u" in scene.outcomes(broadcast_id)
    assert scene.fall_back() == ["U2"]
    scene.settle_everything(broadcast_id)
    assert scene.outcomes(broadcast_id) == "afaaa"
    assert scene.fall_back() == ["U2"]
    with scene.database.read() as session:
        found = repeating.look(session, broadcast_id, scene.clock.at)
    assert (found.failed, found.recipients) == (0, 0), "who has the text is not sent to again"


@pytest.mark.parametrize("refusal", [AccountRefused("401"), ContentRefused("400")])
def test_what_is_refused_as_a_whole_is_not_waited_for(lasting: Lasting, refusal: Exception) -> None:
    """Whole batches are refused: those with a telephone get a text, and LINE does not tell them a second time."""
    scene = country(lasting)
    scene.channel.script.extend([Step(accepts=False, raises=refusal)] * 2)
    broadcast_id = scene.release()
    scene.deliver()
    assert scene.state(broadcast_id) == BroadcastState.RELEASED
    keys = {batch.retry_key for batch in scene.batches(broadcast_id)}
    assert scene.fall_back(scene.rule(alert_satang=3 * SATANG)) == ["U1", "U2", "U3"]
    assert scene.outcomes(broadcast_id) == "sss.."
    assert keys != {batch.retry_key for batch in scene.batches(broadcast_id)}
    scene.settle_everything(broadcast_id)
    assert scene.outcomes(broadcast_id) == "sssaa"
    assert {*scene.channel.delivered} == {"U4", "U5"}
    assert scene.fall_back() == ["U1", "U2", "U3"]


TOKEN, WORDS = AccountRefused("401"), ContentRefused("400")


@pytest.mark.parametrize(
    ("attempts", "missed"),
    [
        ([(0, TOKEN), (1, TOKEN)], [3, 7]),
        ([(0, WORDS), (1, WORDS), (0.75, WORDS)], [3, 6, 7]),
        ([(0, Unreachable("no connection")), (1, TOKEN), (2, TOKEN)], [0, 3, 7]),
        ([(0, TOKEN), (1, WORDS)], [3, 3]),
        ([(0, TOKEN), (1, TOKEN), (2, None)], [3, 7, 0]),
        ([(0, TOKEN), (1, TOKEN), (2, None), (0, TOKEN)], [3, 7, 0, 3]),
    ],
    ids=["account", "words", "a network fault first", "two refusals", "mended", "refused anew"],
)
def test_whose_turn_does_not_come_is_not_waited_for_either(
    lasting: Lasting, attempts: list[tuple[float, ChannelError | None]], missed: list[int]
) -> None:
    """While the first are refused again and again the others are never tried. Each attempt after so many seconds."""
    people_here = [f"U{n}" for n in range(1, 9)]
    scene = Country(lasting, ScriptedChannel(keyed=True, recipients_per_batch=3), people_here)
    broadcast_id, found = scene.release(), []
    for seconds, error in attempts:
        scene.clock.advance(seconds)
        scene.attempt(error)
        found.append(len(scene.missed(broadcast_id)))
    assert found == missed
    assert len(scene.fall_back()) == missed[-1]
    scene.settle_everything(broadcast_id)
    assert sorted(scene.outcomes(broadcast_id)) == ["a"] * (8 - missed[-1]) + ["s"] * missed[-1]


def test_what_is_refused_no_more_at_the_release_is_left_to_line(lasting: Lasting) -> None:
    scene = country(lasting)
    broadcast_id = scene.release()
    for _ in range(2):
        scene.attempt(TOKEN)
        scene.clock.advance(2)
    missed = scene.missed(broadcast_id)
    scene.attempt(None)
    assert len(missed) == 4
    with scene.write() as session:
        assert release_texts(session, scene.rule(), broadcast_id, missed, scene.clock.at) == 0
    assert scene.decided(broadcast_id) == []
    assert scene.outcomes(broadcast_id) == "aaa.."


def test_who_was_parted_from_her_batch_meanwhile_is_passed_over(lasting: Lasting) -> None:
    """A worker has set her apart since the look, and LINE refused her: the others get theirs all the same."""
    scene = country(lasting)
    scene.channel.script.append(Step(accepts=False, raises=TOKEN))
    broadcast_id = scene.release()
    scene.deliver()
    missed = scene.missed(broadcast_id)
    assert len(missed) == 3
    with scene.write() as session:
        batch = session.exec(select(Batch).where(Batch.id == missed[0].batch_id)).one()
        ids = unpack(batch.recipients)
        apart = new_batch(broadcast_id, batch.account_id, "th", batch.variant, ids[:1], scene.clock.at)
        failed = {"outcomes": b"f", "state": BatchState.DONE.value, "finished_at": scene.clock.at}
        insert_batches(session, [apart | failed])
        batch.recipients, batch.outcomes, batch.size = pack(ids[1:]), batch.outcomes[1:], 2
        session.add(batch)
    with scene.write() as session:
        assert release_texts(session, scene.rule(), broadcast_id, missed, scene.clock.at) == 2
    assert scene.outcomes(broadcast_id)[:3] == "fss"


def test_a_paused_batch_in_doubt_keeps_its_people(lasting: Lasting) -> None:
    scene = country(lasting)
    broadcast_id = scene.release()
    with scene.write() as session:
        for batch in session.exec(select(Batch).where(Batch.broadcast_id == broadcast_id)):
            batch.outcomes = Outcome.UNKNOWN.encode() * len(batch.outcomes)
            batch.attempts, batch.reason = 1, "401"
            session.add(batch)
        broadcasts.move(
            session, broadcast_id, BroadcastState.PAUSED, scene.clock.at, by="delivery", reason="401"
        )
    assert scene.fall_back() == []
