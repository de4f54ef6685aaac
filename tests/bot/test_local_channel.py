"""The simulated network: strict as a real one, and failing on command."""

import asyncio
from uuid import UUID, uuid4

import pytest
from sqlmodel import col, select

from bot.channels.local import Fault, LocalChannel, read_event
from broadcasts.delivery.channel import (
    AccountRefused,
    ChannelError,
    ContentRefused,
    NotNow,
    OutcomeUnknown,
    RecipientGone,
    RecipientsRefused,
    SendRequest,
    Unreachable,
)
from storage.database import Database
from storage.local_phones import FROM_KRAJAI, LocalMessage, LocalPhone, LocalRequest
from storage.replies import Bubble, Incoming, IncomingKind
from tests import builders
from tests.builders import NOW


def request(
    *addresses: str, key: UUID | None = None, bubbles: tuple[Bubble, ...] | None = None
) -> SendRequest:
    return SendRequest(
        addresses=addresses or ("sim-1", "sim-2"),
        bubbles=(builders.bubble(),) if bubbles is None else bubbles,
        retry_key=key or uuid4(),
        valid_seconds=60.0,
    )


def send(channel: LocalChannel, *requests: SendRequest) -> None:
    async def all_of_them() -> None:
        for each in requests:
            await channel.send(each)

    asyncio.run(all_of_them())


def screens(database: Database) -> list[str]:
    with database.read() as session:
        query = select(LocalMessage.address).where(LocalMessage.origin == FROM_KRAJAI)
        return list(session.exec(query.order_by(col(LocalMessage.id))))


@pytest.fixture
def line(database: Database) -> LocalChannel:
    return LocalChannel(database, behaves_like="line")


def test_a_multicast_under_a_key_arrives_once_however_often_it_is_asked(
    database: Database, line: LocalChannel
) -> None:
    asked = request()
    send(line, asked, asked, asked)
    assert screens(database) == ["sim-1", "sim-2"]
    with database.read() as session:
        assert session.exec(select(LocalRequest.key)).all() == [str(asked.retry_key)]


def test_the_same_key_at_once_arrives_once(database: Database, line: LocalChannel) -> None:
    asked = request("sim-1")

    async def at_once() -> None:
        await asyncio.gather(*(line.send(asked) for _ in range(8)))

    asyncio.run(at_once())
    assert screens(database) == ["sim-1"]


@pytest.mark.parametrize("behaves_like", ["telegram", "sms"])
def test_single_sends_have_no_keys(sqlite_database: Database, behaves_like: str) -> None:
    channel = LocalChannel(sqlite_database, behaves_like=behaves_like)  # type: ignore[arg-type]
    asked = request("sim-1")
    send(channel, asked, asked)
    assert screens(sqlite_database) == ["sim-1", "sim-1"]
    traits = channel.traits
    assert (traits.recipients_per_request, traits.honours_retry_key) == (1, False)
    with pytest.raises(ContentRefused):
        send(channel, request("sim-1", "sim-2"))


def block(database: Database, address: str) -> None:
    with database.write() as session:
        session.add(LocalPhone(address=address, name="", blocked=True, created_at=NOW))


def test_a_multicast_to_somebody_who_blocked_is_accepted_all_the_same(sqlite_database: Database) -> None:
    block(sqlite_database, "sim-2")
    send(LocalChannel(sqlite_database, behaves_like="line"), request("sim-1", "sim-2", "sim-3"))
    assert screens(sqlite_database) == ["sim-1", "sim-3"]


def test_a_single_send_to_somebody_who_blocked_is_refused(sqlite_database: Database) -> None:
    block(sqlite_database, "sim-2")
    with pytest.raises(RecipientGone):
        send(LocalChannel(sqlite_database, behaves_like="telegram"), request("sim-2"))
    assert screens(sqlite_database) == []


def test_an_unknown_address_is_named_by_its_position(sqlite_database: Database) -> None:
    with pytest.raises(RecipientsRefused) as refused:
        send(LocalChannel(sqlite_database), request("sim-1", "U0123", "sim-3", "x"))
    assert refused.value.positions == (1, 3)
    assert screens(sqlite_database) == []


@pytest.mark.parametrize(
    "bubbles",
    [(), tuple(builders.bubble() for _ in range(6)), (builders.bubble(""),), (builders.bubble("ก" * 5001),)],
    ids=["none", "six", "empty", "too long"],
)
def test_malformed_requests_are_refused(sqlite_database: Database, bubbles: tuple[Bubble, ...]) -> None:
    with pytest.raises(ContentRefused):
        send(LocalChannel(sqlite_database), request(bubbles=bubbles))


def test_more_recipients_than_a_request_may_have_are_refused(sqlite_database: Database) -> None:
    with pytest.raises(ContentRefused):
        send(LocalChannel(sqlite_database), request(*(f"sim-{n}" for n in range(501))))


@pytest.mark.parametrize(
    ("fault", "raised", "arrives"),
    [
        (Fault.UNREACHABLE, Unreachable, False),
        (Fault.CUT_BEFORE_ACCEPTING, OutcomeUnknown, False),
        (Fault.CUT_AFTER_ACCEPTING, OutcomeUnknown, True),
        (Fault.TOO_MANY_REQUESTS, NotNow, False),
        (Fault.QUOTA_EXCEEDED, AccountRefused, False),
        (Fault.ACCESS_REVOKED, AccountRefused, False),
    ],
)
def test_faults_come_in_the_order_they_were_ordered(
    sqlite_database: Database, fault: Fault, raised: type[ChannelError], arrives: bool
) -> None:
    channel = LocalChannel(sqlite_database)
    channel.faults.order(None, fault)
    send(channel, request("sim-before"))
    asked = request("sim-1")
    with pytest.raises(raised):
        send(channel, asked)
    assert ("sim-1" in screens(sqlite_database)) == arrives
    send(channel, asked)
    assert screens(sqlite_database) == ["sim-before", "sim-1"]


def test_a_hanging_request_accepts_nothing(sqlite_database: Database) -> None:
    channel = LocalChannel(sqlite_database)
    channel.faults.order(Fault.HANGS)

    async def hang() -> None:
        async with asyncio.timeout(0.05):
            await channel.send(request())

    with pytest.raises(TimeoutError):
        asyncio.run(hang())
    assert screens(sqlite_database) == []


def test_an_event_is_read_as_the_page_posts_it() -> None:
    said = Incoming(kind=IncomingKind.TEXT, text="ช่วยด้วย")
    assert read_event(said.model_dump_json().encode()).incoming == said
    with pytest.raises(ValueError, match="kind"):
        read_event(b'{"kind": "shouting"}')
