"""SMPP: receipts in any order, and messages of citizens in every form."""

import pytest

from bot.channels import sms_smpp
from bot.channels.sms_smpp import SmppChannel
from tests.bot.channels.smpp_builders import LONG, PHONE, Heard, bound, request, with_smsc
from tests.bot.queues import until
from tests.fakes.smsc import FakeSmsc, How


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
def test_receipts_come_with_the_networks_id(state: str, status: int) -> None:
    async def act(smsc: FakeSmsc, channel: SmppChannel, heard: Heard) -> None:
        await channel.send(request())
        smsc.receipt("M1", state)
        await smsc.until(lambda: smsc.answers)
        assert (heard.ids, heard.receipts) == ({"M1": "b7.12"}, [("M1", status)])

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
        assert heard.ids == {"M1": "b7.1", "M2": "b7.2"}
        assert heard.receipts == [("M2", 1), ("M1", 1), ("M1", 1), ("M9", 1), ("M1", 2)]
        assert {status for _, status in smsc.answers} == {0}

    with_smsc(act)


def test_a_receipt_that_overtakes_the_answer_is_handed_over() -> None:
    async def act(smsc: FakeSmsc, channel: SmppChannel, heard: Heard) -> None:
        await channel.send(request())
        await smsc.until(lambda: smsc.answers)
        assert (heard.ids, heard.receipts) == ({"M1": "b7.12"}, [("M1", 1)])

    with_smsc(act, FakeSmsc(receipts_first="DELIVRD"))


def test_every_part_has_the_same_reference() -> None:
    async def act(smsc: FakeSmsc, channel: SmppChannel, heard: Heard) -> None:
        await channel.send(request(LONG))
        for message in smsc.submitted:
            smsc.receipt(message.message_id)
        await smsc.until(lambda: len(smsc.answers) == 3)
        assert heard.receipts == [(message.message_id, 1) for message in smsc.submitted]
        assert heard.ids == {message.message_id: "b7.12" for message in smsc.submitted}

    with_smsc(act)


def test_a_network_whose_answers_have_hexadecimal_ids() -> None:
    async def act(smsc: FakeSmsc, channel: SmppChannel, heard: Heard) -> None:
        await channel.send(request())
        smsc.receipt(str(0xABC1))
        await smsc.until(lambda: smsc.answers)
        assert (heard.ids, heard.receipts) == ({str(0xABC1): "b7.12"}, [(str(0xABC1), 1)])

    with_smsc(act, FakeSmsc(id_of=lambda number: f"{0xABC0 + number:X}"), message_ids="hexadecimal")


@pytest.mark.parametrize("how", ["plain", "udh8", "udh16", "sar", "payload"])
@pytest.mark.parametrize("order", [1, -1])
def test_messages_of_citizens_in_every_form(how: How, order: int) -> None:
    text = "ช่วยด้วย" if how == "plain" else "ช่วยด้วย น้ำเข้าบ้านแล้ว 🏠 " * 12

    async def act(smsc: FakeSmsc, channel: SmppChannel, heard: Heard) -> None:
        await bound(smsc, channel)
        numbers = smsc.message(text, how=how, order=order)
        await smsc.until(lambda: len(smsc.answers) == len(numbers))
        assert heard.messages == [(f"+{PHONE}", text)]
        assert smsc.answers == [(number, 0) for number in numbers]

    with_smsc(act)


def test_two_citizens_with_the_same_reference_are_not_mixed() -> None:
    texts = {"66811111111": "หนึ่ง" * 30, "66822222222": "สอง" * 40}

    async def act(smsc: FakeSmsc, channel: SmppChannel, heard: Heard) -> None:
        await bound(smsc, channel)
        pieces = sum(len(smsc.message(text, source=source, how="udh8")) for source, text in texts.items())
        await smsc.until(lambda: len(smsc.answers) == pieces)
        assert {sender[1:]: text for sender, text in heard.messages} == texts

    with_smsc(act)


def test_what_waits_for_its_pieces_is_looked_at_now_and_then(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sms_smpp, "SWEEP_SECONDS", 0.01)

    async def act(smsc: FakeSmsc, channel: SmppChannel, heard: Heard) -> None:
        await bound(smsc, channel)
        await until(lambda: heard.sweeps >= 2)

    with_smsc(act)


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
