"""Where a fetch may go: named hosts on the internet, and inside a network only where an operator wrote the numbers."""

import socket

import pytest

from bot.addresses import AddressRefused, allowed_by, check
from bot.fetching import Fetcher, FetchRefused, Limits
from tests.fakes.feeds import serving

FEED = "https://www.example.go.th/feed"
INSIDE = (
    "127.0.0.1", "10.0.0.8", "172.16.1.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "224.0.0.1",
    "::1", "fe80::1", "fc00::1", "::ffff:127.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::",
)  # fmt: skip


@pytest.mark.parametrize(
    "address",
    ["http://127.0.0.1/", "http://[::1]/", "https://elsewhere.example/", "ftp://www.example.go.th/", "https://",
     "file:etc", "https://user:pass@www.example.go.th/"],
)  # fmt: skip
def test_only_the_hosts_that_were_named_are_asked(address: str) -> None:
    with pytest.raises(AddressRefused):
        check(address, allowed_by([FEED]))


def test_numbers_inside_are_allowed_exactly_where_the_operator_wrote_them() -> None:
    allowed = allowed_by(["http://192.168.1.5:8080/feed"])
    check("http://192.168.1.5:8080/other", allowed)
    for wrong in ("http://192.168.1.5/feed", "http://192.168.1.5:22/", "http://192.168.1.6:8080/feed"):
        with pytest.raises(AddressRefused):
            check(wrong, allowed)


@pytest.mark.parametrize("inside", INSIDE)
def test_a_name_that_leads_inside_is_refused(inside: str) -> None:
    """Also when other addresses of it are of the internet."""
    fetcher = Fetcher(resolve=lambda host, port: ["8.8.8.8", inside])
    with pytest.raises(FetchRefused, match=r"www\.example\.go\.th leads to .*, which is inside a network"):
        fetcher.fetch(FEED, allowed_by([FEED]), Limits(most_tries=1), headers={})


def test_a_name_server_that_changes_its_mind_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """DNS rebinding: a name is looked up once, and what was checked is what is connected to."""
    looked_up: list[str] = []
    connected: list[tuple[str, int]] = []

    def rebinding(host: str, _: int) -> list[str]:
        looked_up.append(host)
        return ["8.8.8.8"] if len(looked_up) == 1 else ["127.0.0.1"]

    def connect(address: tuple[str, int], _: float) -> socket.socket:
        connected.append(address)
        raise ConnectionRefusedError

    monkeypatch.setattr(socket, "create_connection", connect)
    fetcher = Fetcher(resolve=rebinding, pause=lambda _: None)
    with pytest.raises(FetchRefused, match="cannot be fetched"):
        fetcher.fetch(FEED, allowed_by([FEED]), Limits(most_tries=1), headers={})
    assert (looked_up, connected) == (["www.example.go.th"], [("8.8.8.8", 443)])
    with pytest.raises(FetchRefused, match="inside a network"):
        fetcher.fetch(FEED, allowed_by([FEED]), Limits(most_tries=1), headers={})
    assert len(connected) == 1


@pytest.mark.parametrize(
    ("to", "reason"),
    [
        ("http://169.254.169.254/latest/meta-data", "leads to 169.254.169.254, which is not allowed"),
        ("http://localhost/", "leads to localhost, which is not allowed"),
        ("http://127.0.0.1:1/", "leads to 127.0.0.1:1, which is inside a network"),
        ("https://elsewhere.example/", "leads to elsewhere.example, which is not allowed"),
        ("ftp://127.0.0.1/", "is no web address"),
        ("/again", "redirects more than 3 times"),
    ],
)
def test_a_redirect_is_checked_as_the_address_was(to: str, reason: str) -> None:
    with serving() as feeds:
        feeds.break_("/feed", "moved", to=to)
        feeds.break_("/again", "moved", to="/again")
        address = f"{feeds.address}/feed"
        with pytest.raises(FetchRefused, match=reason):
            Fetcher().fetch(address, allowed_by([address]), Limits(), headers={})


def test_a_redirect_within_what_is_allowed_is_followed_without_the_parameters() -> None:
    with serving() as feeds:
        feeds.break_("/feed", "moved", to="/there")
        feeds.serve("/there", b"fine")
        address = f"{feeds.address}/feed"
        found = Fetcher().fetch(
            address, allowed_by([address]), Limits(), headers={}, parameters={"ukey": "secret"}
        )
        assert found.data == b"fine"
        assert [each.parameters for each in feeds.asked] == [{"ukey": "secret"}, {}]
