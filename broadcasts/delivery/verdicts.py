"""What follows from a provider's answer: one table, read by the sending of batches and of single messages."""

from dataclasses import dataclass
from enum import StrEnum

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
from storage.lifecycles import Outcome


class Next(StrEnum):
    """What is done with the batch or message after this answer."""

    FINISH = "finish"
    """The outcome stands."""

    RETRY = "retry"
    """Wait with growing patience, then try again."""

    WAIT = "wait"
    """The provider named the wait; it is no failed attempt."""

    PAUSE = "pause"
    """Nobody's fault among the recipients: the broadcast waits for an officer."""

    REFUSED = "refused"
    """The words themselves were refused: pauses the broadcast when everybody's were, else that recipient failed."""

    SPLIT = "split"
    """The refused recipients are set apart, the others get a new request with a new key."""


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """`outcome` is what is true of the recipients right now."""

    outcome: Outcome
    next: Next
    reason: str = ""
    wait_seconds: float = 0.0
    positions: tuple[int, ...] = ()
    gone: bool = False
    """The address itself is dead: the contact becomes blocked."""


ACCEPTED = Verdict(outcome=Outcome.ACCEPTED, next=Next.FINISH)

_BY_ERROR: dict[type[ChannelError], tuple[Outcome, Next]] = {
    NotNow: (Outcome.WAITING, Next.WAIT),
    Unreachable: (Outcome.WAITING, Next.RETRY),
    RecipientGone: (Outcome.FAILED, Next.FINISH),
    RecipientsRefused: (Outcome.WAITING, Next.SPLIT),
    AccountRefused: (Outcome.WAITING, Next.PAUSE),
    ContentRefused: (Outcome.WAITING, Next.REFUSED),
}


def judge(error: ChannelError, *, honours_retry_key: bool) -> Verdict:
    """The verdict on a failed call. Only the retry key makes it safe to repeat a call whose outcome nobody knows."""
    wait_seconds = error.retry_after_seconds if isinstance(error, NotNow) else 0.0
    positions = error.positions if isinstance(error, RecipientsRefused) else ()
    if isinstance(error, OutcomeUnknown):
        outcome, following = (
            (Outcome.IN_FLIGHT, Next.RETRY) if honours_retry_key else (Outcome.UNKNOWN, Next.FINISH)
        )
    else:
        outcome, following = _BY_ERROR[type(error)]
    return Verdict(
        outcome=outcome,
        next=following,
        reason=str(error),
        wait_seconds=wait_seconds,
        positions=positions,
        gone=isinstance(error, RecipientGone),
    )
