"""Every answer and every silence of LINE has one meaning."""

import json
from typing import Any

import aiohttp
import pytest
from aiohttp.client_reqrep import ConnectionKey
from hypothesis import given
from hypothesis import strategies as st

from bot.channels.line_errors import (
    ANSWERS,
    CONCURRENCY_WAIT_SECONDS,
    FAULTS,
    RATE_WAIT_SECONDS,
    SILENCES,
    Answer,
    ReplyTokenSpent,
    of_answer,
    of_refusal,
    of_silence,
)
from broadcasts.delivery.channel import (
    AccountRefused,
    ChannelError,
    ContentRefused,
    NotNow,
    OutcomeUnknown,
    RecipientGone,
    RecipientsRefused,
    Unreachable,
)

NO_RECIPIENT = {"message": "The property, 'to', in the request body is invalid (line: -, column: -)"}
PLACES = {
    "message": "The request body has 2 error(s)",
    "details": [
        {"message": "Must be a valid user ID", "property": "to[3]"},
        {"message": "Must be a valid user ID", "property": "to[499]"},
    ],
}
TOO_LONG = {
    "message": "The request body has 1 error(s)",
    "details": [{"message": "Length must be between 0 and 5000", "property": "messages[0].text"}],
}

ONE, MANY = False, True

KNOWN: list[tuple[int, dict[str, Any], bool, type[ChannelError]]] = [
    (429, {"message": "You have reached your monthly limit."}, MANY, AccountRefused),
    (429, {"message": "You have exceeded the target limit for additional messages."}, ONE, AccountRefused),
    (429, {"message": "The number of concurrent requests has exceeded the limit."}, MANY, NotNow),
    (429, {"message": "The API rate limit has been exceeded. Try again later."}, MANY, NotNow),
    (429, {}, ONE, NotNow),
    (401, {"message": "Authentication failed due to the following reason: XXX"}, ONE, AccountRefused),
    (403, {"message": "Access to this API is not available for your account"}, MANY, AccountRefused),
    (400, {"message": "Invalid reply token"}, ONE, ReplyTokenSpent),
    (400, PLACES, MANY, RecipientsRefused),
    (400, NO_RECIPIENT, MANY, RecipientsRefused),
    (400, NO_RECIPIENT, ONE, RecipientGone),
    (400, {"message": "Failed to send messages"}, ONE, RecipientGone),
    (400, {"message": "Failed to send messages"}, MANY, ContentRefused),
    (400, TOO_LONG, ONE, ContentRefused),
    (400, TOO_LONG, MANY, ContentRefused),
    (404, {"message": "Not found"}, ONE, ContentRefused),
    (413, {}, MANY, ContentRefused),
    (408, {}, MANY, OutcomeUnknown),
    (409, {"message": "without the id of what was accepted"}, MANY, OutcomeUnknown),
    (500, {"message": "Internal Server Error"}, MANY, OutcomeUnknown),
    (503, {}, ONE, OutcomeUnknown),
]


@pytest.mark.parametrize(("status", "body", "to_many", "error"), KNOWN)
def test_each_refusal_has_its_meaning(
    status: int, body: dict[str, Any], to_many: bool, error: type[ChannelError]
) -> None:
    found = of_refusal(status, json.dumps(body), to_many=to_many)
    assert type(found) is error
    assert str(found)


def test_every_row_of_the_table_is_tried() -> None:
    def row_of(status: int, body: dict[str, Any], to_many: bool) -> int:
        details = "; ".join(f"{each['property']}: {each['message']}" for each in body.get("details", []))
        text = "; ".join(filter(None, (body.get("message", ""), details)))
        answer = Answer(status=status, text=text, to_many=to_many)
        return next(number for number, row in enumerate(ANSWERS) if row.fits(answer))

    assert {row_of(status, body, to_many) for status, body, to_many, _ in KNOWN} == set(range(len(ANSWERS)))


def test_places_are_those_in_the_request() -> None:
    found = of_refusal(400, json.dumps(PLACES), to_many=True)
    assert isinstance(found, RecipientsRefused)
    assert found.positions == (3, 499)


def test_rate_and_concurrency_say_how_long_to_wait() -> None:
    rate = of_answer(Answer(status=429, text="The API rate limit has been exceeded."))
    concurrency = of_answer(Answer(status=429, text="too many concurrent requests"))
    assert isinstance(rate, NotNow)
    assert rate.retry_after_seconds == RATE_WAIT_SECONDS
    assert isinstance(concurrency, NotNow)
    assert concurrency.retry_after_seconds == CONCURRENCY_WAIT_SECONDS


@given(st.integers(100, 999), st.binary(max_size=200) | st.none(), st.booleans())
def test_no_answer_is_without_a_meaning(status: int, body: bytes | None, to_many: bool) -> None:
    assert isinstance(of_refusal(status, body, to_many=to_many), ChannelError)


@given(
    st.recursive(
        st.none() | st.integers() | st.text(), lambda more: st.lists(more) | st.dictionaries(st.text(), more)
    )
)
def test_no_json_is_without_a_meaning(body: object) -> None:
    assert isinstance(of_refusal(400, json.dumps(body)), ChannelError)


def test_a_long_answer_is_told_in_short() -> None:
    assert len(str(of_refusal(502, b"<html>" + b"x" * 10_000))) < 500


_KEY = ConnectionKey("api.line.me", 443, True, True, None, None, None)


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (aiohttp.InvalidURL("api.line.me"), AccountRefused),
        (aiohttp.ClientConnectorError(_KEY, OSError("refused")), Unreachable),
        (aiohttp.ClientConnectorDNSError(_KEY, OSError("no name")), Unreachable),
        (aiohttp.ConnectionTimeoutError(), Unreachable),
        (aiohttp.ServerDisconnectedError(), OutcomeUnknown),
        (aiohttp.ClientOSError(104, "reset"), OutcomeUnknown),
        (aiohttp.ClientPayloadError(), OutcomeUnknown),
        (aiohttp.SocketTimeoutError(), OutcomeUnknown),
        (TimeoutError(), OutcomeUnknown),
    ],
)
def test_each_silence_has_its_meaning(fault: Exception, error: type[ChannelError]) -> None:
    assert isinstance(fault, FAULTS)
    assert type(of_silence(fault)) is error


def test_no_silence_is_hidden_by_one_before_it() -> None:
    kinds = [kind for kind, _, _ in SILENCES]
    assert not any(
        issubclass(later, earlier) for at, earlier in enumerate(kinds) for later in kinds[at + 1 :]
    )
