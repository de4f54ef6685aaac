"""What delivery needs of a channel. `bot/channels` implements it, `bot/wiring.py` hands it in."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol
from uuid import UUID

from storage.replies import Bubble


class ChannelError(Exception):
    """A send did not simply succeed. The message is what an officer reads.

    ::

        ChannelError
        ├── NotNow              the provider asks to wait: rate or concurrency; nothing was sent
        ├── Unreachable         no connection: certainly nothing was sent
        ├── OutcomeUnknown      the request went out, no answer came back: it may have been accepted
        ├── RecipientGone       blocked, deactivated, no such address
        ├── RecipientMoved      the address is another one now; nothing was sent
        ├── RecipientsRefused   the whole request was refused because of the recipients it names
        ├── NotTogether         some of its recipients take requests of their own; nothing was sent
        ├── AccountRefused      credentials, quota: concerns everybody, and is no recipient's fault
        └── ContentRefused      the request is malformed in the provider's eyes
    """


class NotNow(ChannelError):
    """Wait `retry_after_seconds` and try again."""

    def __init__(self, message: str, retry_after_seconds: float = 1.0) -> None:
        super().__init__(message)
        self.retry_after_seconds = retry_after_seconds


class Unreachable(ChannelError):
    """Nothing left the house; try again later."""


class OutcomeUnknown(ChannelError):
    """Safe to repeat only where the channel honours retry keys."""


class RecipientGone(ChannelError):
    """This address cannot be reached any more."""


class RecipientMoved(ChannelError):
    """The same recipient is reached at `new_address` from now on (a Telegram group that became a supergroup)."""

    def __init__(self, message: str, new_address: str) -> None:
        super().__init__(message)
        self.new_address = new_address


class RecipientsRefused(ChannelError):
    """Positions in the request's list of recipients; nobody of that request got anything."""

    def __init__(self, message: str, positions: Sequence[int]) -> None:
        super().__init__(message)
        self.positions = tuple(positions)


class NotTogether(ChannelError):
    """Positions of recipients each of whom takes a request of its own, away from the others; nobody got anything."""

    def __init__(self, message: str, positions: Sequence[int]) -> None:
        super().__init__(message)
        self.positions = tuple(positions)


class AccountRefused(ChannelError):
    """Everything on this account waits until an officer mends it."""


class ContentRefused(ChannelError):
    """Sending it again as it is will not help."""


@dataclass(frozen=True, kw_only=True)
class ChannelTraits:
    """How a channel behaves.

    `recipients_per_request` above 1 means multicast. `recipients_per_batch` is the unit of work: one request where
    the channel multicasts, a short run of single sends elsewhere, which is also what may be left unknown by a crash.
    `requests_per_second` holds the limit of each endpoint: `bulk_endpoint` is that of requests to many,
    `reply_endpoint` that of requests to one; they may be the same.
    `departs_itself`: it waits for `SendRequest.departure` right before each call is written; else delivery does that
    before `send`, and what then holds up the call must be little.
    """

    recipients_per_request: int
    recipients_per_batch: int
    honours_retry_key: bool
    bulk_endpoint: str
    reply_endpoint: str
    requests_per_second: Mapping[str, float]
    departs_itself: bool = False


def singles_a_batch(per_second: float) -> int:
    """Recipients a batch where each takes a request of its own: what leaves in a tenth of a second, within bounds.

    A batch costs the database the same whatever its size, but must be through long before its lease ends.

    >>> [singles_a_batch(rate) for rate in (1, 30, 400, 1000)]
    [1, 20, 40, 60]
    """
    return max(1, min(int(per_second), max(20, min(int(per_second / 10), 60))))


@dataclass(frozen=True, kw_only=True)
class Rendering:
    """What a channel makes of bubbles: the parts it will send, and what they cost in SMS segments and satang each."""

    parts: tuple[str, ...]
    segments: int = 0
    satang: int = 0


class Departure(Protocol):
    """When the calls of one request may leave."""

    async def due(self) -> None:
        """Return when a call may be written, once for each call. Raises NotNow when it may not go any more."""

    def left(self) -> None:
        """The call is written this moment: from now on it may have been accepted."""


class AtOnce:
    """A `Departure` for those whom no limit holds up."""

    async def due(self) -> None:
        """Nothing is waited for."""

    def left(self) -> None:
        """Nobody counts."""


@dataclass(frozen=True, kw_only=True)
class SendRequest:
    """One request to a provider. `valid_seconds` is what is left until the words expire.

    `important` words are worth paying for when the free `reply_token` turns out to be spent. `reference` names what
    is sent for receipts that come later: b<batch id>.<contact id> or m<message id>.
    """

    addresses: tuple[str, ...]
    bubbles: tuple[Bubble, ...]
    retry_key: UUID
    valid_seconds: float
    emergency: bool = False
    reply_token: str = ""
    important: bool = False
    reference: str = ""
    departure: Departure = field(default=AtOnce(), compare=False, repr=False)


class Channel(Protocol):
    """One account of a vendor."""

    @property
    def traits(self) -> ChannelTraits: ...

    def render(self, bubbles: Sequence[Bubble]) -> Rendering: ...

    async def prepare(self) -> None:
        """Make ready before the first send: load what loads slowly, connect what is to stay connected.

        Called once, in the loop that sends; sending without it works, but the first one waits.
        """

    async def close(self) -> None:
        """Give connections back; called once, in the loop that used them."""

    async def send(self, request: SendRequest) -> None:
        """Return when the provider accepted the request, now or before; raise ChannelError otherwise."""
