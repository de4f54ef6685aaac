"""Sending through LINE, against a fake with LINE's memory and limits."""

import asyncio
from typing import Any
from uuid import uuid4

import pytest

from bot.channels.line import LineChannel
from broadcasts.delivery.channel import (
    AccountRefused,
    ContentRefused,
    NotNow,
    NotTogether,
    OutcomeUnknown,
    RecipientGone,
    RecipientsRefused,
    Unreachable,
)
from storage.replies import Bubble
from tests.bot.channels.line_builders import (
    CITIZEN,
    GROUP,
    KEY,
    NEIGHBOUR,
    SECRET,
    WARNING,
    channel_at,
    citizens,
    on_fake,
    send_request,
    texts,
)
from tests.fakes.line import TOKEN, FakeLine, Fault
from tests.ports import refusing_port


def test_many_citizens_get_one_multicast_with_the_key() -> None:
    async def scenario(fake: FakeLine, channel: LineChannel) -> None:
        fake.blocked.add(citizens(500)[7])
        await channel.send(send_request(*citizens(500), bubbles=(WARNING,)))
        (accepted,) = fake.journal
        assert (accepted.endpoint, accepted.retry_key) == ("multicast", str(KEY))
        assert accepted.to == citizens(500)
        assert len(accepted.reached) == 499
        assert texts(accepted.messages) == [WARNING.text]
        assert fake.used == 500

    on_fake(scenario)


def test_one_citizen_gets_a_push_with_the_key() -> None:
    async def scenario(fake: FakeLine, channel: LineChannel) -> None:
        await channel.send(send_request(CITIZEN))
        assert [(each.endpoint, each.to, each.retry_key) for each in fake.journal] == [
            ("push", (CITIZEN,), str(KEY))
        ]

    on_fake(scenario)


def test_a_repeated_request_is_accepted_and_delivered_once() -> None:
    async def scenario(fake: FakeLine, channel: LineChannel) -> None:
        for _ in range(3):
            await channel.send(send_request(CITIZEN, NEIGHBOUR))
        assert texts(fake.received_by(CITIZEN)) == ["สวัสดี"]

    on_fake(scenario)


@pytest.mark.parametrize("fault", [Fault.ACCEPTS_AND_CUTS, Fault.ACCEPTS_AND_FAILS])
def test_an_answer_that_was_lost_is_unknown_until_the_same_key_asks_again(fault: Fault) -> None:
    async def scenario(fake: FakeLine, channel: LineChannel) -> None:
        fake.order(fault)
        with pytest.raises(OutcomeUnknown):
            await channel.send(send_request(CITIZEN, NEIGHBOUR))
        await channel.send(send_request(CITIZEN, NEIGHBOUR))
        assert len(fake.journal) == 1

    on_fake(scenario)


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (Fault.FAILS, OutcomeUnknown),
        (Fault.PROXY_FAILS, OutcomeUnknown),
        (Fault.CUTS, OutcomeUnknown),
        (Fault.TOO_FAST, NotNow),
        (Fault.TOO_MANY_AT_ONCE, NotNow),
        (Fault.QUOTA, AccountRefused),
        (Fault.UNAUTHORIZED, AccountRefused),
        (Fault.FORBIDDEN, AccountRefused),
        (Fault.TOO_LARGE, ContentRefused),
    ],
)
@pytest.mark.parametrize("addresses", [(CITIZEN,), (CITIZEN, NEIGHBOUR)])
def test_every_refusal_becomes_an_error_of_delivery(
    fault: Fault, error: type[Exception], addresses: tuple[str, ...]
) -> None:
    async def scenario(fake: FakeLine, channel: LineChannel) -> None:
        fake.order(fault)
        with pytest.raises(error) as raised:
            await channel.send(send_request(*addresses))
        assert type(raised.value) is error
        assert fake.journal == []
        await channel.send(send_request(*addresses))
        assert len(fake.journal) == 1

    on_fake(scenario)


def test_a_silent_line_is_given_up_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.channels.line.SEND_SECONDS", 0.2)

    async def scenario(fake: FakeLine, channel: LineChannel) -> None:
        await channel.prepare()
        fake.order(Fault.HANGS)
        with pytest.raises(OutcomeUnknown, match="no answer"):
            await channel.send(send_request(CITIZEN, NEIGHBOUR))

    on_fake(scenario)


def test_nothing_was_sent_where_nobody_listens() -> None:
    async def run() -> None:
        with refusing_port() as port:
            channel = channel_at(FakeLine(url=f"http://127.0.0.1:{port}"))
            with pytest.raises(Unreachable):
                await channel.send(send_request())
            await channel.close()

    asyncio.run(run())


def test_the_real_limits_of_the_account_are_obeyed_by_the_fake() -> None:
    async def scenario(fake: FakeLine, channel: LineChannel) -> None:
        fake.per_second["multicast"] = 2
        for _ in range(2):
            await channel.send(send_request(CITIZEN, NEIGHBOUR, retry_key=uuid4()))
        with pytest.raises(NotNow, match="rate limit"):
            await channel.send(send_request(CITIZEN, NEIGHBOUR, retry_key=uuid4()))

    on_fake(scenario, FakeLine(clock=lambda: 1000.0))


def test_the_quota_ends() -> None:
    async def scenario(fake: FakeLine, channel: LineChannel) -> None:
        await channel.send(send_request(*citizens(2)))
        with pytest.raises(AccountRefused, match="month's messages"):
            await channel.send(send_request(*citizens(2), retry_key=uuid4()))
        await channel.send(send_request(CITIZEN, reply_token=fake.reply_token(CITIZEN)))

    on_fake(scenario, FakeLine(quota=3))


def test_a_reply_is_free_and_carries_no_key() -> None:
    async def scenario(fake: FakeLine, channel: LineChannel) -> None:
        await channel.send(send_request(CITIZEN, reply_token=fake.reply_token(CITIZEN)))
        (accepted,) = fake.journal
        assert (accepted.endpoint, accepted.retry_key, fake.used) == ("reply", "", 0)
        assert texts(fake.received_by(CITIZEN)) == ["สวัสดี"]

    on_fake(scenario)


@pytest.mark.parametrize("late_seconds", [0.0, 61.0])
def test_an_important_answer_is_pushed_when_its_token_is_spent_or_late(late_seconds: float) -> None:
    now = [1000.0]

    async def scenario(fake: FakeLine, channel: LineChannel) -> None:
        token = fake.reply_token(CITIZEN)
        if not late_seconds:
            await channel.send(send_request(CITIZEN, reply_token=token))
        now[0] += late_seconds
        await channel.send(send_request(CITIZEN, reply_token=token, important=True))
        assert [each.endpoint for each in fake.journal][-1] == "push"
        assert fake.journal[-1].retry_key == str(KEY)

    on_fake(scenario, FakeLine(clock=lambda: now[0]))


def test_small_talk_that_is_late_is_not_paid_for() -> None:
    async def scenario(fake: FakeLine, channel: LineChannel) -> None:
        with pytest.raises(ContentRefused, match="not worth a push") as raised:
            await channel.send(send_request(CITIZEN, reply_token="gone"))
        assert type(raised.value) is ContentRefused
        assert fake.journal == []

    on_fake(scenario)


@pytest.mark.parametrize("names_positions", [True, False])
def test_malformed_recipients_are_named_by_their_places(names_positions: bool) -> None:
    async def scenario(fake: FakeLine, channel: LineChannel) -> None:
        with pytest.raises(RecipientsRefused) as raised:
            await channel.send(send_request(CITIZEN, "sim-1", NEIGHBOUR, "Uxyz"))
        assert raised.value.positions == (1, 3)
        assert fake.journal == []

    on_fake(scenario, FakeLine(names_positions=names_positions))


def test_one_malformed_recipient_is_gone() -> None:
    async def scenario(_: FakeLine, channel: LineChannel) -> None:
        with pytest.raises(RecipientGone):
            await channel.send(send_request("sim-1"))

    on_fake(scenario)


ANOTHER = "R" + "4" * 32


@pytest.mark.parametrize(
    ("addresses", "alone"),
    [
        ((GROUP, CITIZEN, ANOTHER, NEIGHBOUR), (0, 2)),
        ((CITIZEN, GROUP), (1,)),
        ((GROUP, ANOTHER), (1,)),
    ],
)
def test_group_chats_among_several_recipients_are_sent_to_alone(
    addresses: tuple[str, ...], alone: tuple[int, ...]
) -> None:
    async def scenario(fake: FakeLine, channel: LineChannel) -> None:
        with pytest.raises(NotTogether) as raised:
            await channel.send(send_request(*addresses))
        assert raised.value.positions == alone
        assert fake.requests == []

    on_fake(scenario)


def test_a_group_chat_gets_a_push_with_the_key_and_is_gone_when_it_put_krajai_out() -> None:
    async def scenario(fake: FakeLine, channel: LineChannel) -> None:
        for _ in range(2):
            await channel.send(send_request(GROUP))
        assert [(each.endpoint, each.to, each.retry_key) for each in fake.journal] == [
            ("push", (GROUP,), str(KEY))
        ]
        fake.left_groups.add(ANOTHER)
        with pytest.raises(RecipientGone):
            await channel.send(send_request(ANOTHER, retry_key=uuid4()))

    on_fake(scenario)


def test_words_that_line_would_refuse_are_never_sent() -> None:
    async def scenario(fake: FakeLine, channel: LineChannel) -> None:
        for bubbles in [(), (Bubble(text="  \n"),), (Bubble(text="ก" * 5000),) * 6]:
            with pytest.raises(ContentRefused):
                await channel.send(send_request(bubbles=bubbles))
        assert fake.requests == []

    on_fake(scenario)


def test_the_limits_of_each_endpoint_can_only_be_lowered() -> None:
    def limits(requests_per_second: float) -> dict[str, float]:
        channel = LineChannel(
            channel_secret=SECRET, channel_access_token=TOKEN, requests_per_second=requests_per_second
        )
        return dict(channel.traits.requests_per_second)

    assert limits(200) == limits(1000) == {"multicast": 200, "push": 2000}
    assert limits(50) == {"multicast": 50, "push": 500}
    with pytest.raises(ValueError, match="more than 0"):
        limits(0)


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"channel_secret": ""}, "channel secret is empty"),
        ({"channel_access_token": "two words"}, "channel access token is empty, or has blanks"),
        ({"channel_access_token": "line\nbreak"}, "access token"),
        ({"api_url": "api.line.me"}, "begins with https"),
    ],
)
def test_credentials_that_cannot_be_any_are_refused_at_once(wrong: dict[str, str], says: str) -> None:
    values: dict[str, Any] = {"channel_secret": SECRET, "channel_access_token": TOKEN, **wrong}
    with pytest.raises(ValueError, match=says):
        LineChannel(**values)


def test_a_channel_can_be_closed_and_used_again_and_never_shows_its_token() -> None:
    async def scenario(fake: FakeLine, channel: LineChannel) -> None:
        await channel.send(send_request())
        await channel.close()
        await channel.send(send_request(retry_key=uuid4()))
        assert len(fake.journal) == 2
        assert TOKEN not in repr(channel)

    on_fake(scenario)
