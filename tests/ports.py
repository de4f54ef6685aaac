"""Ports of the loopback interface for tests that must know them beforehand."""

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count

FIRST, MANY = 12_000, 18_000
"""Below those that systems give to outgoing connections, so that none of these takes one before its server does."""

_next = count(os.getpid() * 97)


def free_port() -> int:
    """A port that nobody listens on, and that is not given to anybody else by this process or, likely, another."""
    for number in _next:
        port = FIRST + number % MANY
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise AssertionError("counting has no end")


@contextmanager
def refusing_port() -> Iterator[int]:
    """A port that is taken and not listened on: connections are refused, and nobody else comes to listen there."""
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        yield nobody.getsockname()[1]
