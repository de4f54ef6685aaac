"""A strict provider that fails on command and keeps a journal of all that reached it."""

import asyncio
import time
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from broadcasts.delivery.channel import ChannelTraits, Rendering, SendRequest
from storage.replies import Bubble

MULTICAST = 500
ENDPOINT = "send"


@dataclass(frozen=True, kw_only=True)
class Step:
    """What the provider does with one request: `accepts` it or not, then answers, raises or `hangs`."""

    accepts: bool = True
    raises: Exception | None = None
    hangs: bool = False


@dataclass(frozen=True, kw_only=True)
class Call:
    """A request that reached the provider. `left_at` is in seconds of the monotonic clock."""

    request: SendRequest
    left_at: float


@dataclass(kw_only=True)
class ScriptedChannel:
    """Multicast with retry keys (`keyed`), or single sends without.

    `script` is taken step by step, by requests to `addresses` of its own first; an empty script accepts. A key that
    comes again is answered as accepted before, and must bring the very same request, but for whom a test has `erased`:
    what it should not have been asked is kept in `violations`.
    """

    keyed: bool
    recipients_per_batch: int = 3
    requests_per_second: float = 10_000.0
    script: deque[Step] = field(default_factory=deque)
    script_of: dict[str, deque[Step]] = field(default_factory=lambda: defaultdict(deque))
    erased: set[str] = field(default_factory=set)
    journal: list[Call] = field(default_factory=list)
    delivered: Counter[str] = field(default_factory=Counter)
    violations: list[str] = field(default_factory=list)
    on_hang: Callable[[], None] = lambda: None
    _known: dict[UUID, SendRequest] = field(default_factory=dict)
    _accepted: set[UUID] = field(default_factory=set)

    @property
    def traits(self) -> ChannelTraits:
        return ChannelTraits(
            recipients_per_request=MULTICAST if self.keyed else 1,
            recipients_per_batch=self.recipients_per_batch,
            honours_retry_key=self.keyed,
            bulk_endpoint=ENDPOINT,
            reply_endpoint=ENDPOINT,
            requests_per_second={ENDPOINT: self.requests_per_second},
        )

    def render(self, bubbles: Sequence[Bubble]) -> Rendering:
        return Rendering(parts=tuple(bubble.text for bubble in bubbles))

    async def prepare(self) -> None:
        """Nothing is to be made ready."""

    async def close(self) -> None:
        """Nothing is held open."""

    async def send(self, request: SendRequest) -> None:
        self.journal.append(Call(request=request, left_at=time.monotonic()))
        self._check(request)
        if self.keyed and request.retry_key in self._accepted:
            return
        step = self._next_step(request)
        if step.accepts:
            self._accepted.add(request.retry_key)
            self.delivered.update(request.addresses)
        if step.hangs:
            self.on_hang()
            await asyncio.Event().wait()
        if step.raises is not None:
            raise step.raises

    def calls_to(self, address: str) -> int:
        """How many requests named this address."""
        return sum(address in call.request.addresses for call in self.journal)

    def _next_step(self, request: SendRequest) -> Step:
        if len(request.addresses) == 1 and self.script_of[request.addresses[0]]:
            return self.script_of[request.addresses[0]].popleft()
        return self.script.popleft() if self.script else Step()

    def _check(self, request: SendRequest) -> None:
        traits = self.traits
        if not 0 < len(request.addresses) <= traits.recipients_per_request:
            self.violations.append(f"{len(request.addresses)} recipients")
        if len(set(request.addresses)) < len(request.addresses) or "" in request.addresses:
            self.violations.append(f"recipients {request.addresses}")
        if request.valid_seconds <= 0:
            self.violations.append(f"valid for {request.valid_seconds} seconds")
        if not request.bubbles:
            self.violations.append("nothing said")
        if not self.keyed:
            return
        if self.erased.intersection(request.addresses):
            self.violations.append(f"recipients {request.addresses}")
        before = self._known.setdefault(request.retry_key, request)
        still_there = tuple(each for each in before.addresses if each not in self.erased)
        if (still_there, before.bubbles) != (request.addresses, request.bubbles):
            self.violations.append(f"another request under the key {request.retry_key}")
