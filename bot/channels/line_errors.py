"""What LINE's refusals and silences mean for delivery: one table for answers, one for answers that never came.

Status codes and bodies: LINE Developers, Messaging API reference, "Status codes" and "Error messages".
"""

import json
import re
from collections.abc import Callable, Container
from dataclasses import dataclass

import aiohttp

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

RATE_WAIT_SECONDS = 1.0
CONCURRENCY_WAIT_SECONDS = 0.5
MOST_WORDS = 300


class ReplyTokenSpent(ContentRefused):
    """The free reply came too late, or its token was used before. Never leaves the channel."""


@dataclass(frozen=True, kw_only=True)
class Answer:
    """A refusal as it came. `text` is LINE's sentence with its details; `to_many` is True for a multicast."""

    status: int
    text: str
    to_many: bool = False


@dataclass(frozen=True, kw_only=True)
class _Row:
    """One kind of refusal: the first row that fits decides."""

    statuses: Container[int]
    means: Callable[[Answer], ChannelError]
    says: str = ""
    to_many: bool | None = None

    def fits(self, answer: Answer) -> bool:
        return (
            answer.status in self.statuses
            and self.to_many in (None, answer.to_many)
            and re.search(self.says, answer.text, re.IGNORECASE) is not None
        )


def _quota_used_up(answer: Answer) -> ChannelError:
    # LINE also says so while another delivery still holds messages in reserve, so it may pass by itself.
    return AccountRefused(
        "the month's messages are used up, or held back by a delivery that still runs: raise the limit in "
        f"LINE Official Account Manager, then resume (LINE: {answer.text})"
    )


def _no_access(answer: Answer) -> ChannelError:
    return AccountRefused(
        f"LINE does not accept the channel access token ({answer.status}: {answer.text}): issue a new one in "
        "the LINE Developers Console and set it"
    )


def _recipients(answer: Answer) -> ChannelError:
    """Without positions when LINE names the list but no place in it."""
    positions = sorted({int(found) for found in re.findall(r"\bto\[(\d{1,3})\]", answer.text)})
    return RecipientsRefused(f"LINE refuses recipients: {answer.text[:MOST_WORDS]}", positions)


def _said(kind: type[ChannelError], words: str) -> Callable[[Answer], ChannelError]:
    return lambda answer: kind(f"{words} ({answer.status}: {answer.text[:MOST_WORDS]})")


ANSWERS: tuple[_Row, ...] = (
    _Row(statuses=(429,), says=r"monthly limit|additional messages|quota", means=_quota_used_up),
    _Row(
        statuses=(429,),
        says="concurren",
        means=lambda answer: NotNow(f"too many at once: {answer.text}", CONCURRENCY_WAIT_SECONDS),
    ),
    _Row(statuses=(429,), means=lambda answer: NotNow(f"too fast: {answer.text}", RATE_WAIT_SECONDS)),
    _Row(statuses=(401, 403), means=_no_access),
    _Row(
        statuses=(400,),
        says="invalid reply token",
        means=_said(ReplyTokenSpent, "the reply token is spent or too old"),
    ),
    _Row(statuses=(400,), says=r"\bto\[\d{1,3}\]|property, '?to\b|; to\b", to_many=True, means=_recipients),
    _Row(
        statuses=(400,),
        says=r"property, '?to\b|; to\b|failed to send messages",
        to_many=False,
        means=_said(RecipientGone, "LINE knows no such recipient"),
    ),
    _Row(statuses=(413,), means=_said(ContentRefused, "the request is larger than LINE takes")),
    # 409 without the id of an accepted request, 408 and 5xx say nothing about what became of the message.
    _Row(statuses=(408, 409), means=_said(OutcomeUnknown, "LINE does not say what became of it")),
    _Row(statuses=range(500, 600), means=_said(OutcomeUnknown, "LINE failed")),
    _Row(statuses=range(1000), means=_said(ContentRefused, "LINE refuses the request")),
)

SILENCES: tuple[tuple[type[Exception], type[ChannelError], str], ...] = (
    (aiohttp.InvalidURL, AccountRefused, "the address of LINE's API is no address"),
    (aiohttp.ClientConnectorError, Unreachable, "no connection to LINE"),
    (aiohttp.ConnectionTimeoutError, Unreachable, "no connection to LINE in time"),
    (aiohttp.ClientError, OutcomeUnknown, "the connection to LINE broke"),
    (TimeoutError, OutcomeUnknown, "no answer from LINE in time"),
)
"""The first class that fits decides: what happened before anything was written comes before the rest."""

FAULTS: tuple[type[Exception], ...] = tuple(kind for kind, _, _ in SILENCES)


def of_silence(fault: Exception) -> ChannelError:
    """The channel error of a call that got no answer; `fault` is one of `FAULTS`."""
    becomes, words = next((becomes, words) for kind, becomes, words in SILENCES if isinstance(fault, kind))
    return becomes(f"{words} ({type(fault).__name__})")


def of_refusal(status: int, body: str | bytes | None, *, to_many: bool = False) -> ChannelError:
    """The channel error of a refusal with its body as it came."""
    return of_answer(Answer(status=status, text=_sentence(body), to_many=to_many))


def of_answer(answer: Answer) -> ChannelError:
    """The channel error of one refusal, by `ANSWERS`."""
    return next(row for row in ANSWERS if row.fits(answer)).means(answer)


def _sentence(body: str | bytes | None) -> str:
    """LINE's sentence, and where its details point: `message; property: message`."""
    text = body.decode("utf-8", "replace") if isinstance(body, bytes) else body or ""
    try:
        said = json.loads(text)
    except (ValueError, RecursionError):
        said = None
    if not isinstance(said, dict):
        return " ".join(text.split())[:MOST_WORDS] or "no words"
    details = said.get("details")
    faults = [each for each in details if isinstance(each, dict)] if isinstance(details, list) else []
    pieces = [str(said.get("message", ""))]
    pieces += [f"{each.get('property', '')}: {each.get('message', '')}" for each in faults]
    return "; ".join(piece for piece in pieces if piece) or "no words"
