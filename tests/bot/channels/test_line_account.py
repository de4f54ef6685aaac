"""What an account is asked: quota, language, loading sign, content, and the rows for doctor."""

import asyncio
from typing import Any

import pytest

from bot.channels import line_account
from bot.channels.line import LineChannel
from bot.channels.line_account import (
    Quota,
    Row,
    check,
    download,
    members,
    profile_language,
    quota,
    show_loading,
)
from broadcasts.delivery.channel import ContentRefused, NotNow, OutcomeUnknown, Unreachable
from tests.bot.channels.line_builders import (
    CITIZEN,
    GROUP,
    NEIGHBOUR,
    ROOM,
    account,
    channel_at,
    on_fake,
    send_request,
)
from tests.fakes.line import FakeLine

WEBHOOK = {"endpoint": "https://krajai.example.go.th/webhooks/line", "active": True}
TESTED = {
    "success": True,
    "timestamp": "2026-11-21T12:40:00Z",
    "statusCode": 200,
    "reason": "OK",
    "detail": "200",
}


@pytest.mark.parametrize(
    ("limit", "used", "left"), [(None, 12, None), (300, 12, 288), (300, 300, 0), (300, 301, 0)]
)
def test_the_quota(limit: int | None, used: int, left: int | None) -> None:
    async def scenario(fake: FakeLine, channel: LineChannel) -> Quota:
        return await quota(channel)

    found = on_fake(scenario, FakeLine(quota=limit, used=used))
    assert (found.limit, found.used, found.left) == (limit, used, left)


def test_a_quota_that_cannot_be_read_is_not_guessed(monkeypatch: pytest.MonkeyPatch) -> None:
    async def odd(*_: object, **__: object) -> dict[str, Any]:
        return {"type": "other"}

    monkeypatch.setattr(LineChannel, "call", odd)
    with pytest.raises(OutcomeUnknown, match="quota"):
        asyncio.run(quota(channel_at(FakeLine(url="http://127.0.0.1:1"))))


def test_the_members_of_groups_and_rooms_count() -> None:
    async def scenario(fake: FakeLine, channel: LineChannel) -> list[int]:
        fake.members = {GROUP: 214, ROOM: 3}
        fake.quota = 300
        await channel.send(send_request(GROUP))
        assert (await quota(channel)).left == 300 - 214
        fake.left_groups.add(ROOM)
        with pytest.raises(ContentRefused):
            await members(channel, ROOM)
        fake.left_groups.clear()
        return [await members(channel, chat) for chat in (GROUP, ROOM)]

    assert on_fake(scenario) == [214, 3]


def test_members_that_cannot_be_read_are_not_guessed(monkeypatch: pytest.MonkeyPatch) -> None:
    async def odd(*_: object, **__: object) -> dict[str, Any]:
        return {"count": "many"}

    monkeypatch.setattr(LineChannel, "call", odd)
    with pytest.raises(OutcomeUnknown, match="members"):
        asyncio.run(members(channel_at(FakeLine(url="http://127.0.0.1:1")), GROUP))


def test_the_language_of_who_told_it() -> None:
    async def scenario(fake: FakeLine, channel: LineChannel) -> list[str]:
        fake.languages = {CITIZEN: "zh-Hant", NEIGHBOUR: ""}
        return [
            await profile_language(channel, user) for user in (CITIZEN, NEIGHBOUR, "U" + "8" * 32, "../info")
        ]

    assert on_fake(scenario) == ["zh", "", "", ""]


def test_the_loading_sign_in_lines_steps() -> None:
    async def scenario(fake: FakeLine, channel: LineChannel) -> list[tuple[str, int]]:
        for seconds in (1, 20, 21, 500):
            await show_loading(channel, CITIZEN, seconds)
        with pytest.raises(ContentRefused):
            await show_loading(channel, GROUP)
        return fake.loading

    assert on_fake(scenario) == [(CITIZEN, 5), (CITIZEN, 20), (CITIZEN, 25), (CITIZEN, 60)]


def test_a_photo_is_fetched_up_to_a_size() -> None:
    async def scenario(fake: FakeLine, channel: LineChannel) -> None:
        fake.contents = {
            "1": (200, b"\xff\xd8" + b"x" * 998, "image/jpeg"),
            "2": (202, b"", "text/plain"),
            "3": (410, b"", "text/plain"),
        }
        photo = await download(channel, "1", most_bytes=1000)
        assert (len(photo.data), photo.media_type) == (1000, "image/jpeg")
        with pytest.raises(ContentRefused, match="larger than 999"):
            await download(channel, "1", most_bytes=999)
        with pytest.raises(NotNow):
            await download(channel, "2")
        for gone in ("3", "4", "../../info"):
            with pytest.raises(ContentRefused, match="no content"):
                await download(channel, gone)

    on_fake(scenario)


def test_a_photo_that_cannot_be_reached() -> None:
    async def run() -> None:
        async with FakeLine().serve() as fake:
            channel = channel_at(fake)
        with pytest.raises(Unreachable):
            await download(channel, "1")
        await channel.close()

    asyncio.run(run())


def rows_of(fake: FakeLine, **more: Any) -> tuple[Row, ...]:
    async def scenario(_: FakeLine, channel: LineChannel) -> tuple[Row, ...]:
        return await check(account(channel), **more)

    return on_fake(scenario, fake)


def test_an_account_in_order() -> None:
    rows = rows_of(
        FakeLine(webhook=WEBHOOK, webhook_test=TESTED, quota=300), public_url="https://krajai.example.go.th/"
    )
    assert [(subject, in_order) for subject, in_order, _, _ in rows] == [
        ("LINE main", True),
        ("LINE main webhook", True),
        ("LINE main webhook test", True),
        ("LINE main webhook redelivery", True),
        ("LINE main quota", True),
    ]
    assert [mend for _, _, _, mend in rows] == [""] * 5
    assert "300 of 300" in rows[-1][2]
    assert "@krajai" in rows[0][2]


@pytest.mark.parametrize(
    ("fake", "subject", "mend"),
    [
        (FakeLine(), "LINE main webhook", "https://k.go.th/webhooks/line"),
        (FakeLine(webhook={**WEBHOOK, "active": False}), "LINE main webhook", "Use webhook"),
        (FakeLine(webhook=WEBHOOK), "LINE main webhook", "https://k.go.th/webhooks/line"),
        (
            FakeLine(webhook=WEBHOOK, webhook_test={**TESTED, "success": False}),
            "LINE main webhook test",
            "https",
        ),
        (FakeLine(quota=10, used=9), "LINE main quota", "limit"),
    ],
)
def test_what_is_not_in_order_says_its_mend(fake: FakeLine, subject: str, mend: str) -> None:
    rows = {row[0]: row for row in rows_of(fake, public_url="https://k.go.th", reserve=2)}
    assert not rows[subject][1]
    assert mend in rows[subject][3]


def test_a_wrong_token_is_one_row() -> None:
    async def scenario(fake: FakeLine, _: LineChannel) -> tuple[Row, ...]:
        channel = channel_at(fake, channel_access_token="another")
        try:
            return await check(account(channel))
        finally:
            await channel.close()

    ((subject, in_order, seen, mend),) = on_fake(scenario)
    assert (subject, in_order) == ("LINE main", False)
    assert "channel access token" in seen
    assert mend


def test_only_line_accounts_are_checked() -> None:
    with pytest.raises(TypeError, match="no LINE account"):
        asyncio.run(line_account.check(account(object())))  # type: ignore[arg-type]
