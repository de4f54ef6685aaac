"""SMPP: what is submitted, what error codes mean, receipts in any order, and messages of citizens in every form."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from struct import pack
from uuid import UUID

import pytest

from bot.channels import smpp_link, sms_parts, sms_smpp
from bot.channels.sms_options import SmsOptions
from bot.channels.sms_smpp import SmppChannel
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
from tests.fakes.kannel import nobody_listens
from tests.fakes.smsc import BIND_FAILED, THROTTLED, FakeSmsc, How

THAI = "น้ำป่ามาแล้วที่ อ.แม่สาย"
LONG = "ก" * 66 + "น้ำ" + "ก" * 100
PHONE = "66812345678"


def request(text: str = THAI, **more: object) -> SendRequest:
    fields: dict[str, object] = {
        "addresses": (f"+{PHONE}",),
        "bubbles": (Bubble(text=text),),
        "retry_key": UUID("00000000-0000-4000-8000-0000000000ab"),
        "valid_seconds": 5400.0,
        "reference": "b7.12",
    }
    return SendRequest(**(fields | more))  # type: ignore[arg-type]


@dataclass
class Heard:
    """What the channel handed over; `broken` is a database that does not answer."""

    messages: list[tuple[str, str, str]] = field(default_factory=list)
    receipts: list[tuple[str, int]] = field(default_factory=list)
    broken: bool = False

    async def message(self, sender: str, text: str, event_id: str) -> None:
        if self.broken:
            raise OSError("the disk is full")
        self.messages.append((sender, text, event_id))

    async def receipt(self, reference: str, status: int) -> None:
        self.receipts.append((reference, status))

    @property
    def texts(self) -> list[str]:
        return [text for _, text, _ in self.messages]


def with_smsc(
    act: Callable[[FakeSmsc, SmppChannel, Heard], Awaitable[None]],
    smsc: FakeSmsc | None = None,
    sender: str = "1784",
    **more: object,
) -> tuple[FakeSmsc, Heard]:
    """Run `act` on a session with a strict SMSC, which must have nothing to complain of."""
    heard = Heard()
    at = smsc or FakeSmsc()

    async def run() -> None:
        async with at:
            fields: dict[str, object] = {
                "url": at.url,
                "username": "agency",
                "password": "secret",
                "options": SmsOptions(sender=sender, reply_number="1784"),
                "on_message": heard.message,
                "on_receipt": heard.receipt,
            }
            channel = SmppChannel(**(fields | more))  # type: ignore[arg-type]
            try:
                await act(at, channel, heard)
            finally:
                await channel.close()

    asyncio.run(run())
    assert at.violations == []
    return at, heard


def sent(request: SendRequest, **more: object) -> FakeSmsc:
    async def act(_: FakeSmsc, channel: SmppChannel, __: Heard) -> None:
        await channel.send(request)

    return with_smsc(act, **more)[0]  # type: ignore[arg-type]


async def bound(smsc: FakeSmsc, channel: SmppChannel) -> None:
    channel.start()
    await smsc.until(lambda: smsc.binds)
    await channel._link._bound.wait()


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
                on_message=heard.message,
                on_receipt=heard.receipt,
            )
            with pytest.raises(Unreachable):
                await channel.send(request())
            await channel.close()

    asyncio.run(run())


@pytest.mark.parametrize(("more", "bind_status"), [({"password": "guess"}, 0), ({}, BIND_FAILED)])
def test_a_refused_bind_is_the_accounts_fault(more: dict[str, str], bind_status: int) -> None:
    async def act(_: FakeSmsc, channel: SmppChannel, __: Heard) -> None:
        with pytest.raises(AccountRefused, match="refuses the bind"):
            await channel.send(request())

    with_smsc(act, FakeSmsc(bind_status=bind_status), **more)


def test_a_full_window_sends_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(smpp_link, "WINDOW_SECONDS", 0.05)
    monkeypatch.setattr(smpp_link, "ANSWER_SECONDS", 0.3)

    async def act(smsc: FakeSmsc, channel: SmppChannel, _: Heard) -> None:
        smsc.silent = True
        outcomes = await asyncio.gather(*(channel.send(request()) for _ in range(5)), return_exceptions=True)
        assert sorted(type(each).__name__ for each in outcomes) == ["NotNow"] * 3 + ["OutcomeUnknown"] * 2
        assert len(smsc.submitted) == 2

    with_smsc(act, FakeSmsc(window=2), window=2)


def test_many_at_once_keep_the_window() -> None:
    async def act(_: FakeSmsc, channel: SmppChannel, __: Heard) -> None:
        await asyncio.gather(*(channel.send(request(f"ภัย {number}")) for number in range(200)))

    assert len(with_smsc(act, FakeSmsc(window=10))[0].submitted) == 200


def test_an_idle_link_is_kept_and_a_dead_one_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(smpp_link, "IDLE_SECONDS", 0.02)
    monkeypatch.setattr(smpp_link, "SILENCE_SECONDS", 0.1)
    monkeypatch.setattr(smpp_link, "_RECONNECT_SECONDS", (0.0,))

    async def act(smsc: FakeSmsc, channel: SmppChannel, _: Heard) -> None:
        await bound(smsc, channel)
        await smsc.until(lambda: smsc.enquiries >= 3)
        assert smsc.binds == 1
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
    ("state", "status"),
    [
        ("DELIVRD", 1),
        ("UNDELIV", 2),
        ("EXPIRED", 2),
        ("DELETED", 2),
        ("ENROUTE", 4),
        ("ACCEPTD", 8),
        ("REJECTD", 16),
    ],
)
def test_receipts_come_with_our_reference(state: str, status: int) -> None:
    async def act(smsc: FakeSmsc, channel: SmppChannel, heard: Heard) -> None:
        await channel.send(request())
        smsc.receipt("M1", state)
        await smsc.until(lambda: smsc.answers)
        assert heard.receipts == [("b7.12", status)]

    with_smsc(act)


def test_receipts_twice_shuffled_unknown_and_senseless() -> None:
    async def act(smsc: FakeSmsc, channel: SmppChannel, heard: Heard) -> None:
        await channel.send(request(reference="b7.1"))
        await channel.send(request(reference="b7.2"))
        for message_id, state in (
            ("M2", "DELIVRD"),
            ("M1", "DELIVRD"),
            ("M1", "DELIVRD"),
            ("M9", "DELIVRD"),
            ("M2", "UNKNOWN"),
        ):
            smsc.receipt(message_id, state)
        smsc.receipt("", text="no receipt at all")
        smsc.state("M1", 5)
        await smsc.until(lambda: len(smsc.answers) == 7)
        assert heard.receipts == [("b7.2", 1), ("b7.1", 1), ("b7.1", 1), ("b7.1", 2)]
        assert {status for _, status in smsc.answers} == {0}

    with_smsc(act)


def test_a_receipt_that_overtakes_the_answer_is_kept() -> None:
    async def act(smsc: FakeSmsc, channel: SmppChannel, heard: Heard) -> None:
        await channel.send(request())
        await smsc.until(lambda: smsc.answers)
        assert heard.receipts == [("b7.12", 1)]

    with_smsc(act, FakeSmsc(receipts_first="DELIVRD"))


def test_every_part_has_the_same_reference() -> None:
    async def act(smsc: FakeSmsc, channel: SmppChannel, heard: Heard) -> None:
        await channel.send(request(LONG))
        for message in smsc.submitted:
            smsc.receipt(message.message_id)
        await smsc.until(lambda: len(smsc.answers) == 3)
        assert heard.receipts == [("b7.12", 1)] * 3

    with_smsc(act)


def test_a_network_whose_answers_have_hexadecimal_ids() -> None:
    async def act(smsc: FakeSmsc, channel: SmppChannel, heard: Heard) -> None:
        await channel.send(request())
        smsc.receipt(str(0xABC1))
        await smsc.until(lambda: smsc.answers)
        assert heard.receipts == [("b7.12", 1)]

    with_smsc(act, FakeSmsc(id_of=lambda number: f"{0xABC0 + number:X}"), message_ids="hexadecimal")


def test_no_more_ids_are_kept_than_memory_is_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sms_smpp, "MOST_KNOWN_IDS", 2)

    async def act(smsc: FakeSmsc, channel: SmppChannel, heard: Heard) -> None:
        for number in (1, 2, 3):
            await channel.send(request(reference=f"m{number}"))
        for number in (1, 2, 3):
            smsc.receipt(f"M{number}")
        await smsc.until(lambda: len(smsc.answers) == 3)
        assert heard.receipts == [("m2", 1), ("m3", 1)]

    with_smsc(act)


@pytest.mark.parametrize("how", ["plain", "udh8", "udh16", "sar", "payload"])
@pytest.mark.parametrize("order", [1, -1])
def test_messages_of_citizens_in_every_form(how: How, order: int) -> None:
    text = "ช่วยด้วย" if how == "plain" else "ช่วยด้วย น้ำเข้าบ้านแล้ว 🏠 " * 12

    async def act(smsc: FakeSmsc, channel: SmppChannel, heard: Heard) -> None:
        await bound(smsc, channel)
        numbers = smsc.message(text, how=how, order=order)
        await smsc.until(lambda: len(smsc.answers) == len(numbers))
        assert heard.messages == [(f"+{PHONE}", text, "")]
        assert smsc.answers == [(number, 0) for number in numbers]

    with_smsc(act)


def test_two_citizens_with_the_same_reference_are_not_mixed() -> None:
    texts = {"66811111111": "หนึ่ง" * 30, "66822222222": "สอง" * 40}

    async def act(smsc: FakeSmsc, channel: SmppChannel, heard: Heard) -> None:
        await bound(smsc, channel)
        pieces = sum(len(smsc.message(text, source=source, how="udh8")) for source, text in texts.items())
        await smsc.until(lambda: len(smsc.answers) == pieces)
        assert {sender[1:]: text for sender, text, _ in heard.messages} == texts

    with_smsc(act)


def test_half_a_message_is_handed_over_when_the_link_is_closed() -> None:
    async def act(smsc: FakeSmsc, channel: SmppChannel, _: Heard) -> None:
        await bound(smsc, channel)
        number = smsc._piece(PHONE, "ช่วยด้วย".encode("utf-16-be"), "udh8", 3, 2, 1)
        await smsc.until(lambda: smsc.answers == [(number, 0)])

    assert with_smsc(act)[1].texts == ["ช่วยด้วย"]


def test_what_cannot_be_stored_is_to_come_again() -> None:
    async def act(smsc: FakeSmsc, channel: SmppChannel, heard: Heard) -> None:
        await bound(smsc, channel)
        heard.broken = True
        smsc.message("9")
        await smsc.until(lambda: smsc.answers)
        heard.broken = False
        smsc.message("9")
        await smsc.until(lambda: len(smsc.answers) == 2)
        assert [status for _, status in smsc.answers] == [0x64, 0]
        assert heard.texts == ["9"]

    with_smsc(act)


def test_messages_before_anything_is_sent_need_a_start_only() -> None:
    async def act(smsc: FakeSmsc, channel: SmppChannel, heard: Heard) -> None:
        await bound(smsc, channel)
        await channel.close()
        await bound(smsc, channel)
        smsc.message("9")
        await smsc.until(lambda: smsc.answers)
        assert heard.texts == ["9"]

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
            on_message=heard.message,
            on_receipt=heard.receipt,
        )


def test_a_sender_that_is_too_long_is_refused_before_it_goes() -> None:
    async def act(_: FakeSmsc, channel: SmppChannel, __: Heard) -> None:
        with pytest.raises(ContentRefused):
            await channel.send(request())

    assert with_smsc(act, sender="a name that is longer than twenty")[0].submitted == []
