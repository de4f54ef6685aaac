"""What follows from a provider's answer: one table, read by the sending of batches and of single messages."""

from dataclasses import dataclass
from enum import StrEnum

from broadcasts.delivery.channel import (
    AccountRefused,
    ChannelError,
    ContentRefused,
    NotNow,
    NotTogether,
    OutcomeUnknown,
    RecipientGone,
    RecipientMoved,
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
    """The account is refused, which is nobody's fault among the recipients (broadcasts/delivery/held_up.py)."""

    REFUSED = "refused"
    """The words themselves were refused: as above when everybody's were, else that recipient failed."""

    SPLIT = "split"
    """The refused recipients are set apart, the others get a new request with a new key."""

    PART = "part"
    """Nothing was sent: those whom the channel takes only alone get requests of their own."""


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

    moved_to: str = ""
    """The recipient's new address, when there is one."""

    called: bool = True
    """False when we held the call back ourselves: no attempt was made."""


ACCEPTED = Verdict(outcome=Outcome.ACCEPTED, next=Next.FINISH)

_BY_ERROR: dict[type[ChannelError], tuple[Outcome, Next]] = {
    NotNow: (Outcome.WAITING, Next.WAIT),
    Unreachable: (Outcome.WAITING, Next.RETRY),
    RecipientGone: (Outcome.FAILED, Next.FINISH),
    RecipientMoved: (Outcome.WAITING, Next.RETRY),
    RecipientsRefused: (Outcome.WAITING, Next.SPLIT),
    NotTogether: (Outcome.WAITING, Next.PART),
    AccountRefused: (Outcome.WAITING, Next.PAUSE),
    ContentRefused: (Outcome.WAITING, Next.REFUSED),
    OutcomeUnknown: (Outcome.UNKNOWN, Next.FINISH),
}


def held_back(reason: str, wait_seconds: float = 0.0) -> Verdict:
    """The verdict when we did not call at all: as before, and soon again."""
    return Verdict(
        outcome=Outcome.WAITING, next=Next.WAIT, reason=reason, wait_seconds=wait_seconds, called=False
    )


def judge(error: ChannelError, *, honours_retry_key: bool, recipients: int = 1) -> Verdict:
    """The verdict on a failed call to so many recipients.

    Only the retry key makes it safe to repeat a call whose outcome nobody knows.
    """
    wait_seconds = error.retry_after_seconds if isinstance(error, NotNow) else 0.0
    positions = error.positions if isinstance(error, NotTogether) else ()
    outcome, following = _BY_ERROR.get(type(error), (Outcome.UNKNOWN, Next.FINISH))
    if isinstance(error, OutcomeUnknown) and honours_retry_key:
        following = Next.RETRY
    if isinstance(error, RecipientsRefused):
        positions = tuple(i for i in error.positions if 0 <= i < recipients)
        if recipients == 1:
            outcome, following = Outcome.FAILED, Next.FINISH
        elif not positions:
            # Whom it refuses is not said: sending the same again to all of them would go on for ever.
            outcome, following = _BY_ERROR[ContentRefused]
    return Verdict(
        outcome=outcome,
        next=following,
        reason=str(error),
        wait_seconds=wait_seconds,
        positions=positions,
        gone=isinstance(error, RecipientGone),
        moved_to=error.new_address if isinstance(error, RecipientMoved) else "",
    )
