"""A fetch ends in time: over TLS, while a name is looked up, and when none of many addresses answers."""

import datetime as dt
import ipaddress
import socket
import ssl
import threading
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from bot.addresses import Guard, allowed_by
from bot.fetching import Fetcher, FetchRefused, Limits

NAMED = "https://www.example.go.th/feed"
QUICK = Limits(connect_seconds=300, read_seconds=300, total_seconds=0.4, most_tries=1)
PATIENT = Limits(connect_seconds=300, read_seconds=300, total_seconds=300, most_tries=1)
HANGS_SECONDS, AT_MOST_SECONDS = 300.0, 200.0
"""How long the other side keeps still, and what is far less, however busy the machine."""

HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n"


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A self-signed certificate of 127.0.0.1 with its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(hours=1))
        .not_valid_after(now + dt.timedelta(hours=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "certificate.pem"
    path.write_bytes(
        made.public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return path


Talk = Callable[[ssl.SSLSocket, threading.Event], None]


@contextmanager
def tls_server(certificate: Path, talk: Talk) -> Iterator[str]:
    """The address of a server that talks so to the one who connects."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    over = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            # The client goes away in the middle: that is the test.
            with suppress(OSError):
                connection, _ = server.accept()
                with connection, context.wrap_socket(connection, server_side=True) as secure:
                    secure.recv(65_536)
                    talk(secure, over)

        thread = threading.Thread(target=serve)
        thread.start()
        yield f"https://127.0.0.1:{server.getsockname()[1]}/feed"
        over.set()
        thread.join(HANGS_SECONDS)
        assert not thread.is_alive()


def drip(secure: ssl.SSLSocket, over: threading.Event, first: bytes = b"HTTP/1.1 200 OK\r\nX-Slow: ") -> None:
    """A letter at a time, never long enough apart for a time-out of reading."""
    secure.sendall(first)
    while not over.wait(0.02):
        secure.sendall(b"x")


def drip_body(secure: ssl.SSLSocket, over: threading.Event) -> None:
    drip(secure, over, HEAD)


def say_nothing(_: ssl.SSLSocket, over: threading.Event) -> None:
    over.wait(HANGS_SECONDS)


@pytest.fixture
def trusting(monkeypatch: pytest.MonkeyPatch, certificate: Path) -> None:
    monkeypatch.setattr("requests.adapters.DEFAULT_CA_BUNDLE_PATH", str(certificate))


def fetch(address: str, limits: Limits = QUICK, fetcher: Fetcher | None = None) -> bytes | None:
    return (fetcher or Fetcher()).fetch(address, allowed_by([address]), limits, headers={}).data


def test_a_document_comes_over_tls(certificate: Path, trusting: None) -> None:
    def answer(secure: ssl.SSLSocket, _: threading.Event) -> None:
        secure.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nfine")

    with tls_server(certificate, answer) as address:
        assert fetch(address, PATIENT) == b"fine"


@pytest.mark.parametrize("talk", [drip, drip_body, say_nothing])
def test_a_slow_server_is_left_in_time_over_tls(certificate: Path, trusting: None, talk: Talk) -> None:
    with tls_server(certificate, talk) as address:
        began = time.monotonic()
        with pytest.raises(FetchRefused, match=r"did not arrive within 0\.4 seconds") as refused:
            fetch(address)
        assert time.monotonic() - began < AT_MOST_SECONDS
        assert refused.value.transient


def test_a_fetcher_that_is_stopped_lets_go_over_tls(certificate: Path, trusting: None) -> None:
    fetcher = Fetcher()

    def stop(secure: ssl.SSLSocket, over: threading.Event) -> None:
        fetcher.stop()
        say_nothing(secure, over)

    with tls_server(certificate, stop) as address:
        began = time.monotonic()
        with pytest.raises(FetchRefused):
            fetch(address, PATIENT, fetcher)
        assert time.monotonic() - began < AT_MOST_SECONDS


def test_a_resolver_that_hangs_is_left_behind() -> None:
    released = threading.Event()

    def hangs(host: str, port: int) -> Sequence[str]:
        released.wait(HANGS_SECONDS)
        return ["8.8.8.8"]

    began = time.monotonic()
    with pytest.raises(FetchRefused, match=r"did not arrive within 0\.4 seconds"):
        fetch(NAMED, fetcher=Fetcher(resolve=hangs))
    assert time.monotonic() - began < AT_MOST_SECONDS
    released.set()


def test_stopping_does_not_wait_for_a_resolver() -> None:
    released = threading.Event()
    fetcher: Fetcher

    def hangs(host: str, port: int) -> Sequence[str]:
        fetcher.stop()
        released.wait(HANGS_SECONDS)
        return ["8.8.8.8"]

    fetcher = Fetcher(resolve=hangs)
    began = time.monotonic()
    with pytest.raises(FetchRefused):
        fetch(NAMED, PATIENT, fetcher)
    assert time.monotonic() - began < AT_MOST_SECONDS
    released.set()


def test_all_addresses_of_a_host_share_one_total(monkeypatch: pytest.MonkeyPatch) -> None:
    clock, timeouts = [0.0], list[float]()

    def connect(_: tuple[str, int], timeout: float) -> socket.socket:
        timeouts.append(timeout)
        clock[0] += timeout
        raise TimeoutError

    monkeypatch.setattr(socket, "create_connection", connect)
    fetcher = Fetcher(
        resolve=lambda host, port: [f"8.8.8.{each}" for each in range(9)], seconds=lambda: clock[0]
    )
    with pytest.raises(FetchRefused, match="did not arrive within 12 seconds"):
        fetch(NAMED, Limits(total_seconds=12, most_tries=1), fetcher)
    assert timeouts == [5, 5, 2]


def test_a_guard_that_is_shut_connects_no_more() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        guard = Guard(allowed_by([f"http://127.0.0.1:{port}"]))
        first = guard.connect("127.0.0.1", port, HANGS_SECONDS)
        guard.shut()
        assert first.recv(1) == b""
        with pytest.raises(TimeoutError):
            guard.connect("127.0.0.1", port, HANGS_SECONDS)
        first.close()
        guard.close()


def test_nothing_stays_open(certificate: Path, trusting: None) -> None:
    """The handle that is kept for shutting is closed with the rest: the server reads the end."""
    ended = threading.Event()

    def answer(secure: ssl.SSLSocket, _: threading.Event) -> None:
        secure.sendall(b"HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n")
        with suppress(ssl.SSLError):
            secure.recv(1)
        ended.set()

    with warnings.catch_warnings(), tls_server(certificate, answer) as address:
        warnings.simplefilter("error")
        with pytest.raises(FetchRefused, match="answered 404"):
            fetch(address, PATIENT)
        assert ended.wait(HANGS_SECONDS)
