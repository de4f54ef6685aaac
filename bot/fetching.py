"""Fetching documents from hosts that an operator named: bounded in time and size, without a detour.

`fetch` is for sources: conditional, with retries, following redirects as far as they are allowed. `fetch_document` is
for one document by its address, at a command. Settings of the environment about proxies and passwords are not used.
"""

import random
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from urllib.parse import urljoin

import requests
from urllib3.exceptions import HTTPError

from bot.addresses import AddressRefused, Allowed, Guard, Resolve, allowed_by, check, look_up, parted

MOST_BYTES = 1_000_000
CONNECT_SECONDS = 5.0
READ_SECONDS = 15.0
TOTAL_SECONDS = 30.0
MOST_REDIRECTS = 3
MOST_TRIES = 3
FIRST_PAUSE_SECONDS = 1.0
MOST_PAUSE_SECONDS = 30.0

_CHUNK_BYTES = 65_536
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_TRY_AGAIN = frozenset({429, 500, 502, 503, 504})
_CAP = "application/cap+xml, application/xml, text/xml"


class FetchRefused(Exception):
    """The document could not be had; the message says why. `transient` when another try may help."""

    def __init__(self, reason: str, *, transient: bool = False) -> None:
        super().__init__(reason)
        self.transient = transient


@dataclass(frozen=True, kw_only=True)
class Limits:
    """How long and how large a fetch may be: each connection, each silence, all tries together; bytes when unpacked."""

    connect_seconds: float = CONNECT_SECONDS
    read_seconds: float = READ_SECONDS
    total_seconds: float = TOTAL_SECONDS
    most_bytes: int = MOST_BYTES
    most_tries: int = MOST_TRIES
    most_redirects: int = MOST_REDIRECTS


@dataclass(frozen=True, kw_only=True)
class Fetched:
    """A document. `data` is None when it is what the validators (ETag, Last-Modified) said is known."""

    data: bytes | None
    etag: str = ""
    last_modified: str = ""


@dataclass(frozen=True, kw_only=True)
class Fetcher:
    """Fetches from allowed hosts until it is stopped. `resolve` and `pause` are replaced in tests."""

    resolve: Resolve = look_up
    pause: Callable[[float], None] | None = None
    seconds: Callable[[], float] = time.monotonic
    user_agent: str = "Krajai"
    stopped: threading.Event = field(default_factory=threading.Event)
    _guards: set[Guard] = field(default_factory=set)
    _jitter: random.Random = field(default_factory=random.Random)

    def stop(self) -> None:
        """End what is being fetched, from another thread, and begin nothing more."""
        self.stopped.set()
        for guard in tuple(self._guards):
            guard.shut()

    def fetch(
        self,
        address: str,
        allowed: Allowed,
        limits: Limits,
        *,
        headers: Mapping[str, str],
        parameters: Mapping[str, str] | None = None,
        etag: str = "",
        last_modified: str = "",
    ) -> Fetched:
        """The document, or the news that it has not changed. Raises FetchRefused; it never names `parameters`."""
        sent = {"User-Agent": self.user_agent, **headers}
        sent |= {"If-None-Match": etag} if etag else {}
        sent |= {"If-Modified-Since": last_modified} if last_modified else {}
        asked = _Asked(
            address=address,
            allowed=allowed,
            limits=limits,
            headers=sent,
            parameters=parameters or {},
            ends=self.seconds() + limits.total_seconds,
        )
        for number in range(1, limits.most_tries + 1):
            try:
                return self._try(asked)
            except _Pause as pause:
                wait = max(
                    pause.seconds, FIRST_PAUSE_SECONDS * 4 ** (number - 1) * self._jitter.uniform(0.75, 1.25)
                )
                last = number == limits.most_tries or self.stopped.is_set()
                if last or wait > MOST_PAUSE_SECONDS or self.seconds() + wait >= asked.ends:
                    raise FetchRefused(str(pause), transient=True) from pause
                (self.pause or self.stopped.wait)(wait)
        raise AssertionError("a fetch is tried at least once")

    def _try(self, first: "_Asked") -> Fetched:
        """Once, with its redirects."""
        asked, onward = first, ""
        for number in range(first.limits.most_redirects + 1):
            asked = _redirected(asked, onward, first) if number else first
            found, onward = self._ask(asked)
            if found is not None:
                return found
        most = first.limits.most_redirects
        raise FetchRefused(f"redirects more than {most} times" if most else "redirects to another address")

    def _ask(self, asked: "_Asked") -> tuple[Fetched | None, str]:
        """The document, or None and where its address redirects to."""
        _checked(asked.address, asked.allowed)
        limits, left = asked.limits, asked.ends - self.seconds()
        if self.stopped.is_set():
            raise FetchRefused("was not asked for: the process ends", transient=True)
        if left <= 0:
            raise FetchRefused(_too_slow(limits), transient=True)
        guard = Guard(asked.allowed, self.resolve, lambda: asked.ends - self.seconds())
        self._guards.add(guard)
        overdue = threading.Event()
        # A server may send its headers a letter at a time: only ending the connection from outside bounds that.
        alarm = threading.Timer(left, _end, (guard, overdue))
        alarm.daemon = True
        alarm.start()
        try:
            with requests.Session() as session:
                session.trust_env = False
                session.mount("http://", guard)
                session.mount("https://", guard)
                timeout = (min(limits.connect_seconds, left), min(limits.read_seconds, left))
                with session.get(
                    asked.address,
                    params=dict(asked.parameters),
                    headers=dict(asked.headers),
                    timeout=timeout,
                    stream=True,
                    allow_redirects=False,
                ) as response:
                    return self._answer(response, asked, overdue)
        except AddressRefused as refused:
            raise FetchRefused(str(refused)) from refused
        except (requests.RequestException, HTTPError, OSError) as fault:
            if inside := _refused_inside(fault):
                raise FetchRefused(str(inside)) from fault
            if overdue.is_set() or self.seconds() >= asked.ends:
                raise FetchRefused(_too_slow(limits), transient=True) from fault
            if isinstance(fault, requests.exceptions.InvalidURL | requests.exceptions.InvalidSchema):
                raise FetchRefused("is no web address") from fault
            raise _Pause(f"cannot be fetched ({_kind(fault)})") from fault
        finally:
            alarm.cancel()
            self._guards.discard(guard)

    def _answer(
        self, response: requests.Response, asked: "_Asked", overdue: threading.Event
    ) -> tuple[Fetched | None, str]:
        limits, status = asked.limits, response.status_code
        if status in _REDIRECTS and "Location" in response.headers:
            return None, response.headers["Location"]
        kept = {
            "etag": response.headers.get("ETag", ""),
            "last_modified": response.headers.get("Last-Modified", ""),
        }
        if status == requests.codes.not_modified:
            return Fetched(data=None, **kept), ""
        if status in _TRY_AGAIN:
            raise _Pause(f"answered {status}", _retry_after(response.headers.get("Retry-After", "")))
        if status != requests.codes.ok:
            raise FetchRefused(f"answered {status}")
        data = bytearray()
        # What has arrived, however little: waiting for a full chunk would let a slow server hold us for hours.
        while chunk := response.raw.read1(_CHUNK_BYTES, decode_content=True):
            data += chunk
            if len(data) > limits.most_bytes:
                raise FetchRefused(f"is larger than {limits.most_bytes / 1_000_000:g} MB")
            if self.seconds() > asked.ends or overdue.is_set():
                raise FetchRefused(_too_slow(limits), transient=True)
        if overdue.is_set():
            raise FetchRefused(_too_slow(limits), transient=True)
        promised = response.headers.get("Content-Length", "")
        if promised.isdecimal() and "Content-Encoding" not in response.headers and len(data) < int(promised):
            raise _Pause(f"was cut off after {len(data)} of {promised} bytes")
        return Fetched(data=bytes(data), **kept), ""


def fetch_document(address: str, fetcher: Fetcher | None = None) -> bytes:
    """The bytes at `address`. Raises FetchRefused: no answer, an error, a redirect, more than 1 MB or 30 seconds.

    Whoever gives an address at a command means it, so numbers that are inside a network are allowed, as in a setting.
    """
    limits = Limits(read_seconds=READ_SECONDS, total_seconds=TOTAL_SECONDS, most_tries=1, most_redirects=0)
    try:
        allowed = allowed_by([address])
        data = (fetcher or Fetcher()).fetch(address, allowed, limits, headers={"Accept": _CAP}).data
    except (AddressRefused, FetchRefused) as refused:
        raise FetchRefused(f"{refused}: check the address and try again") from refused
    if data is None:
        raise FetchRefused("answered 304 to somebody who knows nothing yet: try again later")
    return data


@dataclass(frozen=True, kw_only=True)
class _Asked:
    """One question, and by when (of the fetcher's clock) it must be answered, with all redirects and retries."""

    address: str
    allowed: Allowed
    limits: Limits
    headers: Mapping[str, str]
    parameters: Mapping[str, str]
    ends: float


class _Pause(Exception):
    """What failed may work in a moment."""

    def __init__(self, reason: str, seconds: float = 0.0) -> None:
        super().__init__(reason)
        self.seconds = seconds


def _redirected(asked: _Asked, onward: str, first: _Asked) -> _Asked:
    """The question at its new address. Credentials go to the host they are for and to no other."""
    address = urljoin(asked.address, onward)
    if asked.address.casefold().startswith("https:") and not address.casefold().startswith("https:"):
        raise FetchRefused("redirects from https to an address that is not encrypted")
    home, host = _checked(first.address, asked.allowed)[:2], _checked(address, asked.allowed)[:2]
    headers = {name: each for name, each in first.headers.items() if host == home or name != "Authorization"}
    return replace(asked, address=address, headers=headers, parameters={})


def _checked(address: str, allowed: Allowed) -> tuple[str, str, int]:
    try:
        check(address, allowed)
        return parted(address)
    except AddressRefused as refused:
        raise FetchRefused(str(refused)) from refused


def _end(guard: Guard, overdue: threading.Event) -> None:
    overdue.set()
    guard.shut()


def _refused_inside(fault: BaseException | None) -> AddressRefused | None:
    """The refusal that libraries wrapped into errors of their own."""
    seen: set[int] = set()
    waiting = [fault]
    while waiting:
        each = waiting.pop()
        if each is None or id(each) in seen:
            continue
        seen.add(id(each))
        if isinstance(each, AddressRefused):
            return each
        waiting += [
            each.__cause__,
            each.__context__,
            *(arg for arg in each.args if isinstance(arg, BaseException)),
        ]
    return None


def _kind(fault: BaseException) -> str:
    """What kind of fault, without addresses (they may hold passwords)."""
    reason = fault.args[0] if fault.args else None
    wrapped = (getattr(reason, "reason", None), reason, fault)
    kind = next(type(each).__name__ for each in wrapped if isinstance(each, Exception))
    return _KINDS.get(kind, kind)


_KINDS = {
    "NewConnectionError": "no connection: the host is down, or a firewall here lets nobody out",
    "NameResolutionError": "its name is not known to the name server here",
    "ConnectTimeoutError": "no connection in time: the host is down, or a firewall lets nobody through",
    "ReadTimeoutError": "it went silent",
    "SSLError": "its certificate is not accepted: it has run out, or this machine lacks the authority's",
    "ProtocolError": "it broke the connection off",
    "ConnectionResetError": "it broke the connection off",
}


def _too_slow(limits: Limits) -> str:
    return f"did not arrive within {limits.total_seconds:g} seconds"


def _retry_after(written: str) -> float:
    return float(written) if written.isdecimal() and len(written) < 6 else 0.0
