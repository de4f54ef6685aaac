"""Where a fetch may go, and connections that go there and nowhere else.

Only hosts that the operator named are asked. A name is looked up once and the connection is made to what was found and
checked, so that a name server which answers differently the second time (DNS rebinding) changes nothing. Addresses
inside a network (private, loopback, link-local, metadata services ...) are refused, also after redirects, with one
exception: a setting that names such an address by its numbers, or `localhost`, means it. That exact host and port is
then allowed, for a mirror in the agency's own network; a name that turns out to be inside never is.
"""

import ipaddress
import math
import socket
import threading
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import Any
from urllib.parse import urlsplit

from requests import PreparedRequest
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import NewConnectionError

Resolve = Callable[[str, int], Sequence[str]]
"""The addresses of a host, as numbers; raises OSError when there are none."""

_PORTS = {"http": 80, "https": 443}
# Translations of IPv4 addresses into IPv6, which would lead around the check: NAT64 (RFC 6052), Teredo, 6to4.
_TRANSLATED = tuple(ipaddress.ip_network(each) for each in ("64:ff9b::/96", "2001::/32", "2002::/16"))


class AddressRefused(OSError):
    """An address that must not be asked; the message says why."""


@dataclass(frozen=True, kw_only=True)
class Allowed:
    """The hosts that may be asked, and which of them are inside because the operator wrote so."""

    hosts: frozenset[str]
    inside: frozenset[tuple[str, int]] = frozenset()


def allowed_by(named: Iterable[str], also_hosts: Iterable[str] = ()) -> Allowed:
    """What these addresses, as an operator wrote them, allow. Raises AddressRefused for one that is none."""
    hosts: set[str] = {each.casefold() for each in also_hosts}
    inside: set[tuple[str, int]] = set()
    for address in named:
        _, host, port = parted(address)
        hosts.add(host)
        if host == "localhost" or not _is_public(host, unless_name=True):
            inside.add((host, port))
    return Allowed(hosts=frozenset(hosts), inside=frozenset(inside))


def parted(address: str) -> tuple[str, str, int]:
    """Scheme, host and port of an address; raises AddressRefused when it is no web address."""
    try:
        parts = urlsplit(address)
        host, port = (parts.hostname or "").casefold().rstrip("."), parts.port
    except ValueError as fault:
        raise AddressRefused("is no web address") from fault
    if parts.scheme not in _PORTS or not host:
        raise AddressRefused("is no web address")
    if parts.username is not None or parts.password is not None:
        raise AddressRefused("has a name and password in it")
    return parts.scheme, host, port if port is not None else _PORTS[parts.scheme]


def check(address: str, allowed: Allowed) -> None:
    """Raise AddressRefused unless the address is one of those allowed; its host is looked up when connecting."""
    _, host, port = parted(address)
    if host not in allowed.hosts:
        raise AddressRefused(f"leads to {host}, which is not allowed")
    if not _is_public(host, unless_name=True) and (host, port) not in allowed.inside:
        raise AddressRefused(f"leads to {host}:{port}, which is inside a network")


def look_up(host: str, port: int) -> Sequence[str]:
    """The addresses that the machine's resolver gives for a host."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(each[4][0]) for each in found]


class Guard(HTTPAdapter):
    """For one requests session: connects to checked addresses only, within `seconds_left()`, until it is shut.

    Closing it (the session does) lets go of what it holds.
    """

    def __init__(
        self,
        allowed: Allowed,
        resolve: Resolve = look_up,
        seconds_left: Callable[[], float] = lambda: math.inf,
    ) -> None:
        self._allowed = allowed
        self._resolve = resolve
        self._seconds_left = seconds_left
        self._lock = threading.Lock()
        self._opened: list[socket.socket] = []
        self._looking_up: SimpleQueue[Sequence[str] | Exception] | None = None
        self._shut = False
        super().__init__(max_retries=0)

    def get_connection_with_tls_context(
        self, request: PreparedRequest, verify: Any, proxies: Any = None, cert: Any = None
    ) -> HTTPConnectionPool:
        scheme, host, port = parted(request.url or "")
        pool = _SecurePool if scheme == "https" else _PlainPool
        return pool(host, port, maxsize=1, guard=self)

    def connect(self, host: str, port: int, timeout: float | None) -> socket.socket:
        """A socket to a checked address of the host. Raises AddressRefused, or OSError as sockets do.

        `timeout` is for each of the host's addresses; looking the name up and all of them end with `seconds_left`.
        """
        last: OSError = AddressRefused(f"{host} has no address")
        for address in self._checked(host, port):
            left = self._left()
            try:
                connected = socket.create_connection(
                    (address, port), left if timeout is None else min(timeout, left)
                )
            except OSError as fault:
                last = fault
                continue
            try:
                self._keep(connected)
                connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            except OSError:
                connected.close()
                raise
            return connected
        raise last

    def shut(self) -> None:
        """End its connections, from another thread: what waits for them fails at once, and nothing new begins."""
        with self._lock:
            self._shut = True
            if self._looking_up is not None:
                self._looking_up.put(_ended())
            for each in self._opened:
                # The other side may have ended it already.
                with suppress(OSError):
                    each.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        super().close()
        with self._lock:
            for each in self._opened:
                each.close()
            self._opened.clear()

    def _keep(self, connected: socket.socket) -> None:
        """Keep a handle of the connection of our own: TLS takes the socket over and leaves it without one."""
        with self._lock:
            if self._shut:
                raise _ended()
            self._opened.append(connected.dup())

    def _left(self) -> float:
        left = self._seconds_left()
        if self._shut or left <= 0:
            raise _ended()
        return left

    def _checked(self, host: str, port: int) -> list[str]:
        found = list(dict.fromkeys(self._looked_up(host, port)))
        if (host.casefold(), port) in self._allowed.inside:
            return found
        inside = [each for each in found if not _is_public(each, unless_name=False)]
        if inside:
            raise AddressRefused(f"{host} leads to {inside[0]}, which is inside a network")
        return found

    def _looked_up(self, host: str, port: int) -> Sequence[str]:
        """Resolvers know no time-out: one that hangs is left behind in a thread of its own."""
        answer: SimpleQueue[Sequence[str] | Exception] = SimpleQueue()
        with self._lock:
            self._looking_up = answer
        left = self._left()

        def ask() -> None:
            try:
                answer.put(self._resolve(host, port))
            except Exception as fault:  # noqa: BLE001 - raised again where it is waited for
                answer.put(fault)

        threading.Thread(target=ask, name=f"look up {host}", daemon=True).start()
        try:
            found = answer.get(timeout=None if math.isinf(left) else left)
        except Empty:
            raise _ended() from None
        if isinstance(found, Exception):
            raise found
        return found


class _PlainConnection(HTTPConnection):
    def __init__(self, *args: Any, guard: Guard, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._guard = guard

    def _new_conn(self) -> socket.socket:
        return _guarded(self, self._guard)


class _SecureConnection(HTTPSConnection):
    def __init__(self, *args: Any, guard: Guard, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._guard = guard

    def _new_conn(self) -> socket.socket:
        return _guarded(self, self._guard)


class _PlainPool(HTTPConnectionPool):
    ConnectionCls = _PlainConnection


class _SecurePool(HTTPSConnectionPool):
    ConnectionCls = _SecureConnection


def _guarded(connection: HTTPConnection, guard: Guard) -> socket.socket:
    try:
        timeout = connection.timeout
        seconds = float(timeout) if isinstance(timeout, int | float) else None
        return guard.connect(connection.host, connection.port or 0, seconds)
    except AddressRefused:
        raise
    except OSError as fault:
        raise NewConnectionError(connection, f"{type(fault).__name__}") from fault


def _ended() -> TimeoutError:
    return TimeoutError("the time for it is over")


def _is_public(host: str, *, unless_name: bool) -> bool:
    """Whether the numbers are an address of the internet; a name counts as one only where it is looked up later."""
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        # Old ways to write numbers (0x7f.1, 2130706433) are no names: they would be looked up, and refused then.
        return unless_name
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None:
            address = address.ipv4_mapped
        elif any(address in network for network in _TRANSLATED):
            return False
    return address.is_global and not address.is_multicast
