"""Every refusal of Telegram becomes the error that delivery decides by."""

import asyncio
from collections.abc import Callable

import pytest
from telegram.error import (
    BadRequest,
    ChatMigrated,
    Conflict,
    Forbidden,
    InvalidToken,
    NetworkError,
    TelegramError,
    TimedOut,
)

from bot.channels.telegram import TelegramChannel
from bot.channels.telegram_errors import TABLE, meaning
from bot.channels.telegram_transport import AiohttpRequest, NotSent, TooManyRequests
from broadcasts.delivery.channel import (
    AccountRefused,
    ChannelError,
    ContentRefused,
    NotNow,
    OutcomeUnknown,
    RecipientGone,
    RecipientMoved,
    Unreachable,
)
from storage.replies import Bubble, Picture
from tests.bot.channels.telegram_builders import (
    CITIZEN,
    GROUP,
    PATIENT_SECONDS,
    SUPERGROUP,
    channel,
    on_fake,
    send_request,
)
from tests.fakes.telegram import TOKEN, FakeTelegram, Fault

ROWS: list[tuple[TelegramError, type[ChannelError]]] = [
    (TooManyRequests(7.0), NotNow),
    (ChatMigrated(SUPERGROUP), RecipientMoved),
    (Forbidden("Forbidden: bot was blocked by the user"), RecipientGone),
    (InvalidToken("Unauthorized"), AccountRefused),
    (Conflict("Conflict: terminated by other getUpdates request"), AccountRefused),
    (BadRequest("Bad Request: chat not found"), RecipientGone),
    (BadRequest("Bad Request: user not found"), RecipientGone),
    (BadRequest("Bad Request: PEER_ID_INVALID"), RecipientGone),
    (BadRequest("Bad Request: group chat was deactivated"), RecipientGone),
    (BadRequest("Bad Request: CHAT_WRITE_FORBIDDEN"), RecipientGone),
    (BadRequest("Bad Request: have no rights to send a message"), RecipientGone),
    (BadRequest("Bad Request: not enough rights to send text messages to the chat"), RecipientGone),
    (BadRequest("Bad Request: message is too long"), ContentRefused),
    (NotSent("no connection to Telegram"), Unreachable),
    (TimedOut(), OutcomeUnknown),
    (NetworkError("Telegram answered 502"), OutcomeUnknown),
    (TelegramError("Telegram's answer is no JSON"), OutcomeUnknown),
]


@pytest.mark.parametrize(("fault", "expected"), ROWS, ids=lambda each: str(each)[:40])
def test_every_row_of_the_table(fault: TelegramError, expected: type[ChannelError]) -> None:
    assert type(meaning(fault)) is expected


def test_there_is_a_case_for_every_row_and_the_last_row_takes_all() -> None:
    met = {
        next(
            i
            for i, (kind, piece, _) in enumerate(TABLE)
            if isinstance(fault, kind) and piece in str(fault).lower()
        )
        for fault, _ in ROWS
    }
    assert met == set(range(len(TABLE)))
    assert TABLE[-1][:2] == (TelegramError, "")


def test_a_wait_carries_its_seconds_and_a_move_its_new_address() -> None:
    waiting, moved = meaning(TooManyRequests(7.0)), meaning(ChatMigrated(SUPERGROUP))
    assert isinstance(waiting, NotNow)
    assert waiting.retry_after_seconds == 7.0
    assert isinstance(moved, RecipientMoved)
    assert moved.new_address == str(SUPERGROUP)


def _blocked(fake: FakeTelegram) -> None:
    fake.blocked.add(CITIZEN)


def _kicked(fake: FakeTelegram) -> None:
    fake.kicked.add(CITIZEN)


def _missing(fake: FakeTelegram) -> None:
    fake.missing.add(CITIZEN)


def _migrated(fake: FakeTelegram) -> None:
    fake.migrated[CITIZEN] = SUPERGROUP


def _ordered(fault: Fault) -> Callable[[FakeTelegram], None]:
    return lambda fake: fake.faults.append(fault)


NO_ANSWER = "no answer"

ON_THE_WIRE: dict[str, tuple[Callable[[FakeTelegram], None], type[ChannelError], int]] = {
    "blocked": (_blocked, RecipientGone, 0),
    "kicked": (_kicked, RecipientGone, 0),
    "no such chat": (_missing, RecipientGone, 0),
    "migrated": (_migrated, RecipientMoved, 0),
    "500": (_ordered(Fault.SERVER_ERROR), OutcomeUnknown, 0),
    "502 with a page": (_ordered(Fault.BAD_GATEWAY), OutcomeUnknown, 0),
    "200 with a page": (_ordered(Fault.NO_JSON), OutcomeUnknown, 1),
    NO_ANSWER: (_ordered(Fault.HANG), OutcomeUnknown, 0),
    "cut before accepting": (_ordered(Fault.CUT_BEFORE_ACCEPTING), OutcomeUnknown, 0),
    "cut after accepting": (_ordered(Fault.CUT_AFTER_ACCEPTING), OutcomeUnknown, 1),
    "429 of the server in front": (_ordered(Fault.BARE_429), NotNow, 0),
}


@pytest.mark.parametrize("name", ON_THE_WIRE)
def test_faults_on_the_wire(name: str) -> None:
    prepare, expected, arrived = ON_THE_WIRE[name]

    async def scenario(fake: FakeTelegram) -> None:
        prepare(fake)
        sending = channel(fake, total_seconds=0.2 if name == NO_ANSWER else PATIENT_SECONDS)
        with pytest.raises(ChannelError) as refused:
            await sending.send(send_request())
        await sending.close()
        assert type(refused.value) is expected
        assert len(fake.sent[CITIZEN]) == arrived
        if isinstance(refused.value, NotNow):
            assert refused.value.retry_after_seconds == 3.0

    asyncio.run(on_fake(scenario))


def test_a_revoked_token_refuses_the_account() -> None:
    async def scenario(fake: FakeTelegram) -> None:
        sending = channel(fake, token="1:revoked")
        with pytest.raises(AccountRefused) as refused:
            await sending.send(send_request(to=GROUP))
        await sending.close()
        assert "revoked" not in str(refused.value)

    asyncio.run(on_fake(scenario))


def test_content_that_only_telegram_can_refuse() -> None:
    """An address that is well-formed for us, and where Telegram finds no picture."""

    async def scenario(fake: FakeTelegram) -> None:
        sending = channel(fake)
        picture = Picture(address="https://", preview_address="https://", alt="กราฟ")
        with pytest.raises(ContentRefused, match="url"):
            await sending.send(send_request(Bubble(text="ยาง", picture=picture)))
        await sending.close()

    asyncio.run(on_fake(scenario))


def test_nothing_was_sent_where_nobody_listens() -> None:
    for address in ("http://127.0.0.1:1", "http://no-such-host.invalid"):
        sending = TelegramChannel(bot_token=TOKEN, api_url=address, request=AiohttpRequest())

        async def scenario(sending: TelegramChannel = sending) -> None:
            with pytest.raises(Unreachable) as refused:
                await sending.send(send_request())
            await sending.close()
            assert TOKEN not in f"{refused.value!r} {refused.value.__cause__!r}"

        asyncio.run(scenario())
