"""Kannel: what is asked of it, what its answers mean, and what nobody knows."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from types import SimpleNamespace
from uuid import UUID

import pytest

from bot.channels import sms_kannel, sms_parts
from bot.channels.sms_kannel import KannelChannel
from bot.channels.sms_options import SmsOptions
from broadcasts.delivery.channel import (
    AccountRefused,
    ChannelError,
    ContentRefused,
    NotNow,
    OutcomeUnknown,
    SendRequest,
    Unreachable,
)
from storage.replies import Bubble
from tests.builders import bubble
from tests.fakes.departures import ScriptedDeparture
from tests.fakes.kannel import FakeKannel, Fault, nobody_listens

KEY = UUID("00000000-0000-4000-8000-0000000000ab")
OPTIONS = SmsOptions(sender="1784", reply_number="1784", public_url="https://krajai.example/")
UNSAFE = "ก" * 66 + "น้ำ" + "ก" * 10


def request(text: str = "น้ำป่ามาแล้วที่ อ.แม่สาย", **more: object) -> SendRequest:
    fields: dict[str, object] = {
        "addresses": ("+66812345678",),
        "bubbles": (Bubble(text=text),),
        "retry_key": KEY,
        "valid_seconds": 3600.0,
        "reference": "b7.12",
    }
    return SendRequest(**(fields | more))  # type: ignore[arg-type]


def channel(url: str, options: SmsOptions = OPTIONS, password: str = "secret") -> KannelChannel:
    return KannelChannel(
        url=url, username="agency", password=password, webhook_token="t0ken", options=options
    )


def with_kannel(
    act: Callable[[FakeKannel, KannelChannel], Awaitable[None]], options: SmsOptions = OPTIONS
) -> FakeKannel:
    """Run `act` against a fresh Kannel; the Kannel afterwards."""

    async def run() -> FakeKannel:
        async with FakeKannel() as kannel:
            tried = channel(kannel.url, options)
            try:
                await act(kannel, tried)
            finally:
                await tried.close()
            return kannel

    return asyncio.run(run())


def sent(request: SendRequest, options: SmsOptions = OPTIONS) -> FakeKannel:
    return with_kannel(lambda kannel, channel: channel.send(request), options)


def test_thai_goes_as_ucs2_with_all_that_delivery_needs() -> None:
    kannel = sent(request(emergency=True, valid_seconds=5399.0))
    assert kannel.refused == []
    (message,) = kannel.accepted
    assert (message.sender, message.to, message.text) == ("1784", "+66812345678", "น้ำป่ามาแล้วที่ อ.แม่สาย")
    assert (message.coding, message.priority, message.validity_minutes, message.udh) == (2, 3, 89, b"")
    assert message.dlr_url == "https://krajai.example/webhooks/sms/receipts?token=t0ken&ref=b7.12&status=%d"


def test_english_goes_in_the_cheaper_alphabet() -> None:
    (message,) = sent(request("Flash flood {now}. Call 1669 & run + 50% more")).accepted
    assert (message.coding, message.text) == (0, "Flash flood {now}. Call 1669 & run + 50% more")


def test_a_routine_message_has_no_priority_and_lives_a_minute_at_least() -> None:
    (message,) = sent(request(valid_seconds=3.0)).accepted
    assert (message.priority, message.validity_minutes) == (0, 1)


@pytest.mark.parametrize(
    ("options", "reference"),
    [(OPTIONS, ""), (SmsOptions(sender="1784"), "b7.12")],
)
def test_no_receipts_without_an_address_for_them(options: SmsOptions, reference: str) -> None:
    (message,) = sent(request(reference=reference), options).accepted
    assert message.dlr_url == ""


def test_a_long_text_with_safe_boundaries_goes_whole() -> None:
    (message,) = sent(request("ก" * 200)).accepted
    assert (message.text, message.udh) == ("ก" * 200, b"")


def test_an_unsafe_boundary_is_cut_before_it_goes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sms_parts, "BETWEEN_PARTS_SECONDS", 0.0)
    kannel = sent(request(UNSAFE))
    assert [(message.text, message.udh.hex()) for message in kannel.accepted] == [
        ("ก" * 66, "050003ab0201"),
        ("น้ำ" + "ก" * 10, "050003ab0202"),
    ]
    assert kannel.shown_on("+66812345678") == [UNSAFE]


def test_a_later_part_waits_where_kannel_asks_to(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sms_parts, "ASK_AGAIN_SECONDS", 0.0)

    async def act(kannel: FakeKannel, channel: KannelChannel) -> None:
        kannel.faults.extend([None, Fault.TEMPORAL_FAILURE, Fault.TEMPORAL_FAILURE])
        await channel.send(request(UNSAFE))

    assert with_kannel(act).shown_on("+66812345678") == [UNSAFE]


def test_each_part_has_a_departure_of_its_own_and_waits_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sms_parts, "BETWEEN_PARTS_SECONDS", 0.0)
    monkeypatch.setattr(sms_parts, "ASK_AGAIN_SECONDS", 0.0)
    departure = ScriptedDeparture(missed=frozenset({2, 3}))
    assert sent(request(UNSAFE, departure=departure)).shown_on("+66812345678") == [UNSAFE]
    assert departure.journal == ["due", "left", "missed", "missed", "due", "left"]


def test_no_more_wait_for_an_answer_than_the_gateway_allows() -> None:
    answered: list[int] = []

    class Second(ScriptedDeparture):
        async def due(self) -> None:
            assert answered == [1]

    async def act(_: FakeKannel, channel: KannelChannel) -> None:
        async def send(number: int, departure: ScriptedDeparture) -> None:
            await channel.send(request(departure=departure))
            answered.append(number)

        await asyncio.gather(send(1, ScriptedDeparture()), send(2, Second()))

    assert len(with_kannel(act, replace(OPTIONS, window=1)).accepted) == 2


def test_half_a_message_without_another_departure_is_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sms_parts, "BETWEEN_PARTS_SECONDS", 0.0)
    monkeypatch.setattr(sms_parts, "ASK_AGAIN_SECONDS", 0.0)
    limits: list[asyncio.Timeout] = []

    def noted(seconds: float) -> asyncio.Timeout:
        limits.append(asyncio.timeout(seconds))
        return limits[0]

    class RunsOutOfTime(ScriptedDeparture):
        async def due(self) -> None:
            if self.journal.count("missed") == 3:
                limits[0].reschedule(asyncio.get_running_loop().time())
            await super().due()

    departure = RunsOutOfTime(missed=range(2, 100_000))

    async def act(kannel: FakeKannel, channel: KannelChannel) -> None:
        monkeypatch.setattr(sms_parts, "asyncio", SimpleNamespace(timeout=noted, sleep=asyncio.sleep))
        with pytest.raises(OutcomeUnknown, match="did not answer within"):
            await channel.send(request(UNSAFE, departure=departure))

    assert len(with_kannel(act).accepted) == 1


@pytest.mark.parametrize("fault", [Fault.NOT_ROUTABLE, Fault.SERVER_ERROR, Fault.DROPPED_UNREAD])
def test_half_a_message_is_unknown(fault: Fault, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sms_parts, "BETWEEN_PARTS_SECONDS", 0.0)

    async def act(kannel: FakeKannel, channel: KannelChannel) -> None:
        kannel.faults.extend([None, fault])
        with pytest.raises(OutcomeUnknown, match="before part 2 of 2 were accepted"):
            await channel.send(request(UNSAFE))

    assert len(with_kannel(act).accepted) == 1


@pytest.mark.parametrize(
    ("fault", "error", "goes_out"),
    [
        (Fault.TEMPORAL_FAILURE, NotNow, False),
        (Fault.NOT_ROUTABLE, ContentRefused, False),
        (Fault.SERVER_ERROR, OutcomeUnknown, False),
        (Fault.PORTAL_PAGE, OutcomeUnknown, False),
        (Fault.MOVED, AccountRefused, False),
        (Fault.DROPPED_UNREAD, OutcomeUnknown, False),
        (Fault.DROPPED_AFTER_ACCEPTING, OutcomeUnknown, True),
    ],
)
def test_what_answers_mean(fault: Fault, error: type[ChannelError], goes_out: bool) -> None:
    async def act(kannel: FakeKannel, channel: KannelChannel) -> None:
        kannel.faults.append(fault)
        with pytest.raises(error) as refused:
            await channel.send(request())
        assert "secret" not in str(refused.value)
        assert "812345678" not in str(refused.value)

    assert bool(with_kannel(act).accepted) is goes_out


def test_parts_that_nobody_answers_are_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sms_parts, "TOTAL_SECONDS", 0.3)

    async def act(kannel: FakeKannel, channel: KannelChannel) -> None:
        kannel.faults.append(Fault.HANGS)
        with pytest.raises(OutcomeUnknown, match="did not answer within"):
            await channel.send(request(UNSAFE))

    assert with_kannel(act).accepted == []


@pytest.mark.parametrize(
    ("status", "said", "error"),
    [
        (202, "0: Accepted for delivery", None),
        (202, "3: Queued for later delivery", None),
        (200, "0: Accepted for delivery", None),
        (200, "Sent.", None),
        (200, "", OutcomeUnknown),
        (200, "4: no", OutcomeUnknown),
        (400, "Missing receiver", ContentRefused),
        (400, "Number(s) has/have been denied by white- and/or black-lists.", ContentRefused),
        (401, "", AccountRefused),
        (402, "pay", AccountRefused),
        (403, "Authorization failed for sendsms", AccountRefused),
        (403, "Not routable. Do not try again.", ContentRefused),
        (404, "Unknown request.", AccountRefused),
        (405, "", AccountRefused),
        (408, "", NotNow),
        (414, "", ContentRefused),
        (429, "", NotNow),
        (500, "", OutcomeUnknown),
        (502, "<html>", OutcomeUnknown),
        (503, "Temporal failure, try again later.", NotNow),
        (503, "Not routable. Do not try again.", ContentRefused),
        (504, "", OutcomeUnknown),
    ],
)
def test_the_table_of_answers(status: int, said: str, error: type[ChannelError] | None) -> None:
    if error is None:
        sms_kannel._judge(status, said)
        return
    with pytest.raises(error):
        sms_kannel._judge(status, said)


def test_a_refused_connection_is_unreachable() -> None:
    async def run() -> None:
        async with nobody_listens() as url:
            tried = channel(url)
            with pytest.raises(Unreachable):
                await tried.send(request())
            await tried.close()

    asyncio.run(run())


@pytest.mark.parametrize("url", ["", "kannel", "ftp://127.0.0.1/x", "http://:99999/"])
def test_an_address_that_is_none_is_the_accounts_fault(url: str) -> None:
    async def run() -> None:
        tried = channel(url)
        with pytest.raises((AccountRefused, Unreachable)):
            await tried.send(request())
        await tried.close()

    asyncio.run(run())


def test_a_wrong_password_is_the_accounts_fault() -> None:
    async def act(kannel: FakeKannel, _: KannelChannel) -> None:
        tried = channel(kannel.url, password="guess")
        with pytest.raises(AccountRefused, match="user name or password"):
            await tried.send(request())
        await tried.close()

    with_kannel(act)


@pytest.mark.parametrize("text", ["", "🔴", "https://a.go.th", "ก" + "้" * 100])
def test_what_an_sms_cannot_say_is_refused_before_it_goes(text: str) -> None:
    async def act(kannel: FakeKannel, channel: KannelChannel) -> None:
        with pytest.raises(ContentRefused):
            await channel.send(request(text))

    assert with_kannel(act).accepted == []


def test_many_at_once_and_a_second_life_after_closing() -> None:
    async def act(kannel: FakeKannel, channel: KannelChannel) -> None:
        await asyncio.gather(*(channel.send(request(f"ภัย {number}")) for number in range(50)))
        await channel.close()
        await channel.send(request("ภัย 50"))

    assert sorted(message.text for message in with_kannel(act).accepted) == sorted(
        f"ภัย {number}" for number in range(51)
    )


def test_the_rendering_tells_parts_and_price() -> None:
    options = SmsOptions(sender="1784", satang_a_segment=45)
    rendered = channel("http://127.0.0.1", options).render([bubble(UNSAFE)])
    assert (len(rendered.parts), rendered.segments, rendered.satang) == (2, 2, 90)
    assert channel("http://127.0.0.1", options).render([bubble("ก" * 200)]).segments == 3


def test_traits() -> None:
    traits = channel("http://127.0.0.1").traits
    assert (traits.recipients_per_request, traits.recipients_per_batch, traits.honours_retry_key) == (
        1,
        10,
        False,
    )
    assert traits.bulk_endpoint == traits.reply_endpoint == "send"
    assert traits.requests_per_second == {"send": 10.0}


@pytest.mark.parametrize(("token", "public_url"), [("a%41", ""), ("a b", ""), ("t", "https://x.th/%20")])
def test_what_kannel_would_misread_is_refused_at_once(token: str, public_url: str) -> None:
    options = SmsOptions(sender="1784", public_url=public_url)
    with pytest.raises(ValueError, match="KRAJAI_"):
        KannelChannel(url="http://k", username="u", password="p", webhook_token=token, options=options)
