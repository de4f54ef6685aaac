"""SMPP: what is submitted, what error codes mean, and a link that lives on."""

import asyncio
from collections import deque
from struct import pack

import pytest

from bot.channels import smpp_link, sms_parts
from bot.channels.sms_options import SmsOptions
from bot.channels.sms_smpp import SmppChannel
from broadcasts.delivery.channel import (
    AccountRefused,
    ChannelError,
    ContentRefused,
    NotNow,
    OutcomeUnknown,
    Unreachable,
)
from tests.bot.channels.smpp_builders import LONG, PHONE, THAI, Heard, bound, request, sent, with_smsc
from tests.fakes.kannel import nobody_listens
from tests.fakes.smsc import BIND_FAILED, THROTTLED, FakeSmsc


def test_thai_goes_as_ucs2_with_all_that_delivery_needs() -> None:
    smsc = sent(request(emergency=True))
    (message,) = smsc.submitted
    assert (message.source, message.source_ton, message.destination) == ("1784", 0, PHONE)
    assert (message.text, message.coding, message.header) == (THAI, 8, b"")
    assert (message.priority, message.validity, message.wants_receipt) == (3, "000000013000000R", True)
    assert (smsc.binds, smsc.unbinds) == (1, 1)


def test_english_goes_in_the_cheaper_alphabet() -> None:
    (message,) = sent(request("Call 1669 now", reference="")).submitted
    assert (message.text, message.coding, message.priority, message.wants_receipt) == (
        "Call 1669 now",
        0,
        0,
        False,
    )


@pytest.mark.parametrize(
    ("sender", "source", "ton"), [("DDPM", "DDPM", 5), ("+66812345678", PHONE, 1), ("1784", "1784", 0)]
)
def test_senders_by_their_kind(sender: str, source: str, ton: int) -> None:
    (message,) = sent(request(), sender=sender).submitted
    assert (message.source, message.source_ton) == (source, ton)


@pytest.mark.parametrize("text", [LONG, "ก" * 150, "Call 1669 [now] " * 20])
def test_long_texts_go_in_parts_with_a_header(text: str) -> None:
    submitted = sent(request(text)).submitted
    assert "".join(message.text for message in submitted if message.coding == 8) in (text.strip(), "")
    assert [message.header for message in submitted] == [
        bytes((5, 0, 3, 0xAB, len(submitted), number)) for number in range(1, len(submitted) + 1)
    ]
    assert len(submitted) > 1


def test_or_with_the_parameters_for_it() -> None:
    submitted = sent(request(LONG), long_messages="sar").submitted
    assert "".join(message.text for message in submitted) == LONG
    assert [(each.header, each.options) for each in submitted] == [
        (b"", {0x020C: b"\x00\xab", 0x020E: bytes([len(submitted)]), 0x020F: bytes([number])})
        for number in range(1, len(submitted) + 1)
    ]


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (0x01, ContentRefused),
        (0x08, NotNow),
        (0x0A, AccountRefused),
        (0x0B, ContentRefused),
        (0x14, NotNow),
        (THROTTLED, NotNow),
        (0x45, ContentRefused),
        (0x64, NotNow),
        (0xFF, OutcomeUnknown),
        (0x400, ContentRefused),
        (0xDEADBEEF, ContentRefused),
    ],
)
def test_what_error_codes_mean(status: int, error: type[ChannelError]) -> None:
    async def act(smsc: FakeSmsc, channel: SmppChannel, _: Heard) -> None:
        smsc.statuses.append(status)
        with pytest.raises(error, match=f"0x{status:X}"):
            await channel.send(request())
        await channel.send(request())
        assert smsc.binds == 1

    assert len(with_smsc(act)[0].submitted) == 1


def test_a_later_part_waits_where_the_network_asks_to(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sms_parts, "ASK_AGAIN_SECONDS", 0.0)
    smsc = sent(request(LONG), smsc=FakeSmsc(statuses=deque([0, THROTTLED, THROTTLED])))
    assert "".join(message.text for message in smsc.submitted) == LONG


def test_half_a_message_is_unknown() -> None:
    async def act(smsc: FakeSmsc, channel: SmppChannel, _: Heard) -> None:
        smsc.statuses.extend([0, 0x0B])
        with pytest.raises(OutcomeUnknown, match="before part 2 of 3"):
            await channel.send(request(LONG))

    with_smsc(act)


def test_silence_is_unknown_and_the_link_lives_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(smpp_link, "ANSWER_SECONDS", 0.05)

    async def act(smsc: FakeSmsc, channel: SmppChannel, _: Heard) -> None:
        smsc.silent = True
        with pytest.raises(OutcomeUnknown, match="did not answer"):
            await channel.send(request())
        smsc.silent = False
        monkeypatch.setattr(smpp_link, "ANSWER_SECONDS", 300.0)
        await channel.send(request())

    assert with_smsc(act)[0].binds == 1


def test_a_link_that_breaks_before_the_answer_is_unknown_and_bound_again() -> None:
    async def act(smsc: FakeSmsc, channel: SmppChannel, _: Heard) -> None:
        smsc.drop_after = 2
        await channel.send(request("หนึ่ง"))
        with pytest.raises(OutcomeUnknown, match="broke"):
            await channel.send(request("สอง"))
        await channel.send(request("สาม"))

    smsc, _ = with_smsc(act)
    assert smsc.binds == 2
    assert [message.text for message in smsc.submitted] == ["หนึ่ง", "สอง", "สาม"]


def test_nobody_there_is_unreachable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(smpp_link, "CONNECT_SECONDS", 0.1)

    async def run() -> None:
        async with nobody_listens() as url:
            heard = Heard()
            channel = SmppChannel(
                url=f"smpp://127.0.0.1:{url.split(':')[2].split('/')[0]}",
                username="agency",
                password="secret",
                options=SmsOptions(sender="1784"),
                inlet=heard,
            )
            with pytest.raises(Unreachable):
                await channel.send(request())
            await channel.close()

    asyncio.run(run())


@pytest.mark.parametrize(("password", "bind_status"), [("guess", 0), ("secret", BIND_FAILED)])
def test_a_refused_bind_is_the_accounts_fault(password: str, bind_status: int) -> None:
    async def act(_: FakeSmsc, channel: SmppChannel, __: Heard) -> None:
        with pytest.raises(AccountRefused, match="refuses the bind"):
            await channel.send(request())

    with_smsc(act, FakeSmsc(bind_status=bind_status), password=password)


def test_a_full_window_sends_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(smpp_link, "WINDOW_SECONDS", 0.05)
    monkeypatch.setattr(smpp_link, "ANSWER_SECONDS", 0.3)

    async def act(smsc: FakeSmsc, channel: SmppChannel, _: Heard) -> None:
        smsc.silent = True
        outcomes = await asyncio.gather(*(channel.send(request()) for _ in range(5)), return_exceptions=True)
        assert sorted(type(each).__name__ for each in outcomes) == ["NotNow"] * 3 + ["OutcomeUnknown"] * 2
        await smsc.until(lambda: len(smsc.submitted) >= 2)
        assert len(smsc.submitted) == 2

    with_smsc(act, FakeSmsc(window=2), window=2)


def test_many_at_once_keep_the_window() -> None:
    async def act(_: FakeSmsc, channel: SmppChannel, __: Heard) -> None:
        await asyncio.gather(*(channel.send(request(f"ภัย {number}")) for number in range(200)))

    assert len(with_smsc(act, FakeSmsc(window=10))[0].submitted) == 200


def test_an_idle_link_is_kept_and_a_dead_one_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(smpp_link, "IDLE_SECONDS", 0.02)
    monkeypatch.setattr(smpp_link, "SILENCE_SECONDS", 300.0)
    monkeypatch.setattr(smpp_link, "_RECONNECT_SECONDS", (0.0,))

    async def act(smsc: FakeSmsc, channel: SmppChannel, _: Heard) -> None:
        await bound(smsc, channel)
        await smsc.until(lambda: smsc.enquiries >= 3)
        assert smsc.binds == 1
        # It has just been answered, so the next enquiry is the first one that is deafly heard.
        monkeypatch.setattr(smpp_link, "SILENCE_SECONDS", 0.1)
        smsc.deaf = True
        await smsc.until(lambda: smsc.binds >= 2)

    with_smsc(act)


@pytest.mark.parametrize(
    "broken", [pack("!IIII", 15, 0, 0, 0), pack("!IIII", 2**31, 4, 0, 1), b"HTTP/1.1 400 Bad\r\n\r\n"]
)
def test_nonsense_ends_the_session_and_another_begins(broken: bytes) -> None:
    async def act(smsc: FakeSmsc, channel: SmppChannel, _: Heard) -> None:
        await bound(smsc, channel)
        smsc.pdu(broken)
        await smsc.until(lambda: smsc.binds == 2)
        await channel.send(request())

    with_smsc(act)


def test_an_unknown_command_is_declined_and_an_unbind_obeyed() -> None:
    async def act(smsc: FakeSmsc, channel: SmppChannel, _: Heard) -> None:
        await bound(smsc, channel)
        smsc.pdu(pack("!IIII", 16, 0x103, 0, 77))
        await channel.send(request())
        smsc.unbind()
        await smsc.until(lambda: smsc.binds == 2)

    with_smsc(act)


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ({"url": "http://127.0.0.1"}, "KRAJAI_SMS_URL"),
        ({"url": "smpp://"}, "KRAJAI_SMS_URL"),
        ({"password": "longer than eight"}, "password"),
        ({"username": "longer than fifteen"}, "system_id"),
    ],
)
def test_what_smpp_cannot_carry_is_refused_at_once(more: dict[str, str], why: str) -> None:
    heard = Heard()
    fields: dict[str, object] = {"url": "smpps://smsc.example", "username": "agency", "password": "secret"}
    with pytest.raises(ValueError, match=why):
        SmppChannel(
            **(fields | more),  # type: ignore[arg-type]
            options=SmsOptions(sender="1784"),
            inlet=heard,
        )


def test_a_sender_that_is_too_long_is_refused_before_it_goes() -> None:
    async def act(_: FakeSmsc, channel: SmppChannel, __: Heard) -> None:
        with pytest.raises(ContentRefused):
            await channel.send(request())

    assert with_smsc(act, sender="a name that is longer than twenty")[0].submitted == []
