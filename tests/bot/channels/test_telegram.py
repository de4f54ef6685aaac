"""What the channel sends, and in which order, pace and chats."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from uuid import uuid4

import pytest

from bot.channels.telegram import BETWEEN_PARTS_SECONDS, TelegramChannel
from bot.channels.telegram_transport import AiohttpRequest
from broadcasts.delivery.channel import ContentRefused, NotNow, OutcomeUnknown, RecipientGone
from storage.leases import SEND_TIMEOUT_SECONDS
from storage.replies import Bubble, Button, ButtonKind, Picture
from tests.bot.channels.telegram_builders import (
    CITIZEN,
    GROUP,
    NEIGHBOUR,
    Clock,
    channel,
    on_fake,
    send_request,
)
from tests.builders import bubble
from tests.fakes.departures import ScriptedDeparture
from tests.fakes.telegram import TOKEN, USERNAME, FakeTelegram, Fault

TWO_PARTS = (bubble("หนึ่ง", "ก"), bubble("สอง", "ข"))


def test_sends_a_text_with_its_buttons() -> None:
    async def scenario(fake: FakeTelegram) -> None:
        sending = channel(fake)
        await sending.send(send_request(bubble("น้ำป่ามาแล้ว", "ฉันปลอดภัย", "ต้องการให้ช่วย")))
        await sending.close()
        [sent] = fake.sent[CITIZEN]
        assert sent["text"] == "น้ำป่ามาแล้ว"
        assert sent["reply_markup"] == {
            "inline_keyboard": [
                [{"text": "ฉันปลอดภัย", "callback_data": "action:ฉันปลอดภัย"}],
                [{"text": "ต้องการให้ช่วย", "callback_data": "action:ต้องการให้ช่วย"}],
            ]
        }
        assert sent["link_preview_options"] == {"is_disabled": True}

    asyncio.run(on_fake(scenario))


def test_sends_pictures_and_videos_with_their_captions() -> None:
    async def scenario(fake: FakeTelegram) -> None:
        sending = channel(fake)
        for is_video in (False, True):
            picture = Picture(
                address="https://krajai.example.go.th/chart.png",
                preview_address="https://krajai.example.go.th/small.png",
                alt="กราฟ 30 วัน จาก 58 ขึ้นเป็น 61.20 บาท",
                is_video=is_video,
            )
            await sending.send(send_request(Bubble(text="ยาง 30 วัน", picture=picture), to=CITIZEN + is_video))
        await sending.close()
        assert fake.sent[CITIZEN][0]["photo"] == fake.sent[CITIZEN + 1][0]["video"]
        assert fake.sent[CITIZEN][0]["caption"] == "ยาง 30 วัน\n\nกราฟ 30 วัน จาก 58 ขึ้นเป็น 61.20 บาท"

    asyncio.run(on_fake(scenario))


def test_asks_for_the_position_in_private_chats_only() -> None:
    asking = Bubble(
        text="อยู่ตรงไหน",
        buttons=(
            Button(label="ส่งตำแหน่ง", action="location", kind=ButtonKind.LOCATION),
            Button(label="กดผิด", action="rescue.mistake"),
        ),
    )

    async def scenario(fake: FakeTelegram) -> None:
        sending = channel(fake)
        await sending.send(send_request(asking))
        await sending.send(send_request(asking, to=GROUP))
        await sending.close()
        assert fake.sent[CITIZEN][0]["reply_markup"]["keyboard"] == [
            [{"text": "ส่งตำแหน่ง", "request_location": True}, {"text": "กดผิด"}]
        ]
        assert fake.sent[GROUP][0]["reply_markup"] == {
            "inline_keyboard": [[{"text": "กดผิด", "callback_data": "rescue.mistake"}]]
        }

    asyncio.run(on_fake(scenario))


def test_several_messages_are_a_second_apart() -> None:
    async def scenario(fake: FakeTelegram) -> None:
        clock = Clock()
        sending = channel(fake, clock)
        await sending.send(send_request(*TWO_PARTS))
        await sending.close()
        assert [sent["text"] for sent in fake.sent[CITIZEN]] == ["หนึ่ง", "สอง"]
        assert clock.now == 1_000.0 + BETWEEN_PARTS_SECONDS

    asyncio.run(on_fake(scenario))


def test_a_repeated_request_goes_on_after_what_was_accepted() -> None:
    async def scenario(fake: FakeTelegram) -> None:
        sending = channel(fake)
        again = send_request(*TWO_PARTS, retry_key=uuid4())
        fake.faults.extend([None, Fault.SERVER_ERROR])
        with pytest.raises(OutcomeUnknown):
            await sending.send(again)
        await sending.send(again)
        assert [sent["text"] for sent in fake.sent[CITIZEN]] == ["หนึ่ง", "สอง"]
        # It is over: the same key now means a new beginning, and another chat had its own all along.
        fake.seconds_between_messages = None
        await sending.send(again)
        await sending.send(send_request(*TWO_PARTS, to=NEIGHBOUR, retry_key=again.retry_key))
        await sending.close()
        assert (len(fake.sent[CITIZEN]), len(fake.sent[NEIGHBOUR])) == (4, 2)

    asyncio.run(on_fake(scenario))


def test_who_gets_no_departure_was_not_called_and_may_be_asked_for_again_at_once() -> None:
    async def scenario(fake: FakeTelegram) -> None:
        sending = channel(fake)
        request = replace(send_request(), departure=ScriptedDeparture(missed=frozenset({1})))
        with pytest.raises(NotNow) as missed:
            await sending.send(request)
        assert (str(missed.value), missed.value.retry_after_seconds) == ("others go first", 0.2)
        assert fake.sent[CITIZEN] == []
        await sending.send(request)
        await sending.close()
        assert len(fake.sent[CITIZEN]) == 1

    asyncio.run(on_fake(scenario))


@pytest.mark.parametrize("missed", [range(2, 4), range(2, 1000)], ids=["for a while", "for good"])
def test_a_later_message_waits_for_its_departure_and_is_unknown_without_one(missed: range) -> None:
    async def scenario(fake: FakeTelegram) -> None:
        clock = Clock()
        sending = channel(fake, clock)
        departure = ScriptedDeparture(missed=missed)
        request = replace(send_request(*TWO_PARTS), departure=departure)
        if len(missed) == 2:
            await sending.send(request)
            assert departure.journal == ["due", "left", "missed", "missed", "due", "left"]
        else:
            with pytest.raises(OutcomeUnknown, match="were accepted; then: others go first"):
                await sending.send(request)
            assert clock.now - 1_000.0 < SEND_TIMEOUT_SECONDS
        await sending.close()
        assert len(fake.sent[CITIZEN]) == (2 if len(missed) == 2 else 1)

    asyncio.run(on_fake(scenario))


class FailsInBetween(Clock):
    """Something happens to the fake while the channel waits between two messages."""

    happens: Callable[[], object]

    async def pause(self, seconds: float) -> None:
        await super().pause(seconds)
        if seconds == BETWEEN_PARTS_SECONDS:
            self.happens()


@pytest.mark.parametrize(
    "happens",
    [
        lambda fake: fake.blocked.add(CITIZEN),
        lambda fake: fake.migrated.update({CITIZEN: NEIGHBOUR}),
        lambda fake: setattr(fake, "token", "7:another"),
        lambda fake: fake.faults.append(Fault.SERVER_ERROR),
        lambda fake: fake.faults.append(Fault.CUT_BEFORE_ACCEPTING),
        lambda fake: fake.faults.extend([Fault.BARE_429] * 2),
    ],
    ids=["blocked", "moved", "another token", "500", "cut", "429 for longer than there is time"],
)
def test_whatever_fails_after_the_first_message_is_unknown(happens: Callable[[FakeTelegram], None]) -> None:
    async def scenario(fake: FakeTelegram) -> None:
        clock = FailsInBetween()
        sending = channel(fake, clock)
        clock.happens = lambda: happens(fake)
        with pytest.raises(OutcomeUnknown, match="before part 2 of 2 were accepted"):
            await sending.send(send_request(*TWO_PARTS))
        await sending.close()
        assert len(fake.sent[CITIZEN]) == 1
        assert clock.now - 1_000.0 < SEND_TIMEOUT_SECONDS

    asyncio.run(on_fake(scenario))


def test_a_later_message_waits_as_long_as_telegram_asks() -> None:
    async def scenario(fake: FakeTelegram) -> None:
        clock = Clock()
        sending = channel(fake, clock)
        fake.faults.extend([None, Fault.BARE_429])
        await sending.send(send_request(*TWO_PARTS))
        await sending.close()
        assert [call.status for call in fake.journal] == [200, 429, 200]
        assert clock.now == 1_000.0 + BETWEEN_PARTS_SECONDS + 3.0

    asyncio.run(on_fake(scenario))


def test_a_chat_that_was_told_to_wait_is_left_alone_and_others_go_on() -> None:
    async def scenario(fake: FakeTelegram) -> None:
        clock = Clock()
        sending = channel(fake, clock)
        await sending.send(send_request())
        for _ in range(2):
            with pytest.raises(NotNow) as told:
                await sending.send(send_request())
            assert told.value.retry_after_seconds == 1.0
        # Only the first of them asked Telegram.
        await sending.send(send_request(to=NEIGHBOUR))
        assert [call.status for call in fake.journal] == [200, 429, 200]
        clock.now += 1.0
        await sending.send(send_request())
        await sending.close()
        assert fake.too_early == []

    asyncio.run(on_fake(scenario))


def test_all_chats_wait_when_several_are_told_to_at_once() -> None:
    """Telegram does not say whether it means a chat or the bot: two are chance, three within a second are not."""

    async def scenario(fake: FakeTelegram) -> None:
        clock = Clock()
        sending = channel(fake, clock)
        fake.faults.extend([Fault.BARE_429] * 2)
        for chat in (1, 2):
            with pytest.raises(NotNow):
                await sending.send(send_request(to=chat))
            clock.now += 0.3
        await sending.send(send_request(to=3))
        clock.now += 1.0
        fake.faults.extend([Fault.BARE_429] * 3)
        for chat in (4, 5, 6):
            with pytest.raises(NotNow):
                await sending.send(send_request(to=chat))
            clock.now += 0.25
        asked = len(fake.journal)
        with pytest.raises(NotNow) as told:
            await sending.send(send_request(to=7))
        assert (len(fake.journal), told.value.retry_after_seconds) == (asked, 2.25)
        clock.now += 2.25
        await sending.send(send_request(to=7))
        await sending.close()
        assert fake.too_early == []

    asyncio.run(on_fake(scenario))


def test_thirty_a_second_over_all_chats_and_twenty_a_minute_in_a_group() -> None:
    async def scenario(fake: FakeTelegram) -> None:
        clock = Clock()
        sending = channel(fake, clock)
        for chat in range(1, 31):
            await sending.send(send_request(to=chat))
        with pytest.raises(NotNow):
            await sending.send(send_request(to=31))
        clock.now += 1
        for _ in range(20):
            await sending.send(send_request(to=GROUP))
            clock.now += 1
        with pytest.raises(NotNow) as told:
            await sending.send(send_request(to=GROUP))
        assert told.value.retry_after_seconds == 40.0
        await sending.close()

    asyncio.run(on_fake(scenario))


@pytest.mark.parametrize("address", ["", "0", "U4af4980629", "12.5"])
def test_an_address_that_is_no_chat_is_gone(address: str) -> None:
    sending = TelegramChannel(bot_token=TOKEN)
    with pytest.raises(RecipientGone):
        asyncio.run(sending.send(send_request(to=address)))


def test_several_recipients_are_refused() -> None:
    request = send_request()
    several = type(request)(**{**vars(request), "addresses": ("1", "2")})
    with pytest.raises(ContentRefused, match="2 recipients"):
        asyncio.run(TelegramChannel(bot_token=TOKEN).send(several))


def test_learns_its_name_from_what_it_sends() -> None:
    mention = f'{{"update_id":1,"message":{{"chat":{{"id":{GROUP},"type":"group"}},"text":"@other_bot ภัย",'
    mention += '"entities":[{"type":"mention","offset":0,"length":10}]}}'

    async def scenario(fake: FakeTelegram) -> None:
        sending = channel(fake)
        assert sending.read_event(mention.encode()).incoming.named
        await sending.send(send_request())
        assert not sending.read_event(mention.encode()).incoming.named
        named = mention.replace("@other_bot", f"@{USERNAME}").replace(
            '"length":10', f'"length":{len(USERNAME) + 1}'
        )
        assert sending.read_event(named.encode()).incoming.named
        await sending.close()

    asyncio.run(on_fake(scenario))


def test_stops_the_spinner_of_a_tap_whatever_happens() -> None:
    async def scenario(fake: FakeTelegram) -> None:
        sending = channel(fake)
        fake.faults.extend([None, Fault.SERVER_ERROR, Fault.CUT_BEFORE_ACCEPTING])
        for _ in range(3):
            await sending.answer_tap("77")
        await sending.close()
        assert fake.taps_answered == {"77": 1}

    asyncio.run(on_fake(scenario))


def test_traits() -> None:
    traits = TelegramChannel(bot_token=TOKEN, messages_per_second=12).traits
    assert (traits.recipients_per_request, traits.recipients_per_batch) == (1, 12)
    assert not traits.honours_retry_key
    assert traits.bulk_endpoint == traits.reply_endpoint
    assert traits.requests_per_second == {traits.bulk_endpoint: 12}


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"bot_token": "nonsense"}, "bot token"),
        ({"bot_token": TOKEN + "\n"}, "bot token"),
        ({"webhook_secret": "with spaces"}, "webhook secret"),
        ({"api_url": "api.telegram.org"}, "https://"),
        ({"messages_per_second": 0}, "messages a second"),
    ],
)
def test_settings_that_cannot_be_are_refused_in_words(wrong: dict[str, object], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        TelegramChannel(**{"bot_token": TOKEN, **wrong})  # type: ignore[arg-type]


def test_a_call_ends_before_its_lease_is_in_danger() -> None:
    assert AiohttpRequest().read_timeout < SEND_TIMEOUT_SECONDS
