"""Each kind of event is read for what it means, and no event is too odd to be read."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.channels.line_events import event_id_of, is_urgent, read_event, sender_of
from storage.replies import IncomingKind
from tests.bot.channels.line_builders import CITIZEN, GROUP, event, heard, text

ROOM = "R" + "4" * 32
IN_GROUP = {"type": "group", "groupId": GROUP, "userId": CITIZEN}


def media(type_: str, **fields: Any) -> dict[str, Any]:
    return event(message={"type": type_, "id": "354718705033693859", **fields})


def test_words() -> None:
    incoming = heard(text("ราคายางวันนี้", quoteToken="q"))
    assert (incoming.kind, incoming.text) == (IncomingKind.TEXT, "ราคายางวันนี้")
    assert incoming.happened_at == datetime(2026, 11, 21, 12, 40, tzinfo=UTC)
    assert not incoming.in_group


def test_the_reply_token_comes_along() -> None:
    assert read_event(json.dumps(text("สวัสดี")).encode()).reply_token == "nHuyWiB7yP5Zw52FIkcQobQuGDXCTA"
    assert read_event(json.dumps({**text("สวัสดี"), "replyToken": None}).encode()).reply_token == ""


@pytest.mark.parametrize(
    ("raw", "kind", "media_id"),
    [
        (media("sticker", packageId="1", stickerId="2"), IncomingKind.STICKER, ""),
        (media("image", contentProvider={"type": "line"}), IncomingKind.PHOTO, "354718705033693859"),
        (media("video", duration=60000), IncomingKind.FILE, "354718705033693859"),
        (media("audio", duration=12000), IncomingKind.VOICE, "354718705033693859"),
        (media("file", fileName="a.pdf", fileSize=21), IncomingKind.FILE, "354718705033693859"),
        (media("hologram"), IncomingKind.OTHER, ""),
        (event("follow", follow={"isUnblocked": False}), IncomingKind.FOLLOW, ""),
        (event("follow", follow={"isUnblocked": True}), IncomingKind.FOLLOW, ""),
        (event("unfollow"), IncomingKind.UNFOLLOW, ""),
        (event("join", source=IN_GROUP), IncomingKind.JOIN, ""),
        (event("leave", source=IN_GROUP), IncomingKind.LEAVE, ""),
        (event("memberJoined", source=IN_GROUP, joined={"members": []}), IncomingKind.OTHER, ""),
        (event("memberLeft", source=IN_GROUP, left={"members": []}), IncomingKind.OTHER, ""),
        (event("unsend", unsend={"messageId": "1"}), IncomingKind.OTHER, ""),
        (event("videoPlayComplete", videoPlayComplete={"trackingId": "1"}), IncomingKind.OTHER, ""),
        (event("beacon", beacon={"hwid": "1", "type": "enter"}), IncomingKind.OTHER, ""),
        (event("accountLink", link={"result": "ok", "nonce": "n"}), IncomingKind.OTHER, ""),
        (event("membership", membership={"type": "joined"}), IncomingKind.OTHER, ""),
        (event("somethingOf2031", somethingOf2031={"deep": [1]}), IncomingKind.OTHER, ""),
        (event("message"), IncomingKind.OTHER, ""),
        (event("postback", postback={"data": ""}), IncomingKind.OTHER, ""),
    ],
)
def test_each_kind(raw: dict[str, Any], kind: IncomingKind, media_id: str) -> None:
    incoming = heard(raw)
    assert (incoming.kind, incoming.media) == (kind, media_id)


def test_a_tap() -> None:
    incoming = heard(event("postback", postback={"data": "rescue.at:570902", "params": {"x": "y"}}))
    assert (incoming.kind, incoming.action) == (IncomingKind.TAP, "rescue.at:570902")


def test_a_location_with_its_address() -> None:
    incoming = heard(
        media("location", title="บ้าน", address="ม.3 ต.เวียงพางคำ", latitude=20.43, longitude=99.88)
    )
    assert (incoming.kind, incoming.latitude, incoming.longitude) == (IncomingKind.LOCATION, 20.43, 99.88)
    assert incoming.text == "บ้าน ม.3 ต.เวียงพางคำ"


@pytest.mark.parametrize("latitude", [91, -90.5, "20", None, True, float("inf")])
def test_a_location_nowhere_on_earth_is_none(latitude: object) -> None:
    assert heard(media("location", latitude=latitude, longitude=99.9)).kind is IncomingKind.OTHER


@pytest.mark.parametrize(("source", "sender"), [(IN_GROUP, GROUP), ({"type": "room", "roomId": ROOM}, ROOM)])
def test_a_group_chat_is_the_sender(source: dict[str, str], sender: str) -> None:
    raw = {**text("น้ำมาแล้ว"), "source": source}
    incoming = heard(raw)
    assert sender_of(raw) == sender
    assert (incoming.in_group, incoming.named, incoming.text) == (True, False, "น้ำมาแล้ว")


def mentioned(words: str, *mentionees: dict[str, Any]) -> dict[str, Any]:
    return {**text(words, mention={"mentionees": list(mentionees)}), "source": IN_GROUP}


def test_who_names_krajai_talks_to_it() -> None:
    incoming = heard(
        mentioned("🙏 @กระจาย ราคายาง", {"index": 3, "length": 7, "type": "user", "isSelf": True})
    )
    assert (incoming.named, incoming.text) == (True, "🙏  ราคายาง")


@pytest.mark.parametrize(
    "mentionee",
    [
        {"index": 0, "length": 7, "type": "user", "isSelf": False},
        {"index": 0, "length": 4, "type": "all"},
    ],
)
def test_who_names_others_does_not(mentionee: dict[str, Any]) -> None:
    incoming = heard(mentioned("@สมชาย มาแล้ว", mentionee))
    assert (incoming.named, incoming.text) == (False, "@สมชาย มาแล้ว")


@pytest.mark.parametrize(("index", "length"), [(100, 5), (0, 100), (1, 2), ("0", None), (-1, 3)])
def test_a_mention_beside_its_text_cuts_nothing(index: object, length: object) -> None:
    incoming = heard(mentioned("@กระจาย สวัสดี", {"index": index, "length": length, "isSelf": True}))
    assert (incoming.named, incoming.text) == (True, "@กระจาย สวัสดี")


def test_a_chat_that_another_system_answers_is_left_alone() -> None:
    read = read_event(json.dumps({**text("ช่วยด้วย"), "mode": "standby"}).encode())
    assert (read.incoming.kind, read.reply_token) == (IncomingKind.OTHER, "")


def test_an_event_of_nobody_is_not_answered() -> None:
    raw = event("botSuspended")
    del raw["source"]
    assert sender_of(raw) == ""
    assert heard(raw).kind is IncomingKind.OTHER


def test_what_cannot_be_stored_is_not_read() -> None:
    assert heard(text("น้ำ\0ท่วม \ud83d จริง")).text == "น้ำท่วม \ufffd จริง"


@pytest.mark.parametrize("timestamp", [None, -1, 10**20, "1795264800000", 1.5, True])
def test_a_time_that_is_none_is_left_out(timestamp: object) -> None:
    assert heard({**text("สวัสดี"), "timestamp": timestamp}).happened_at is None


def test_a_redelivery_has_the_same_id_with_and_without_one_of_lines() -> None:
    first = text("สวัสดี")
    again = {**first, "deliveryContext": {"isRedelivery": True}}
    assert event_id_of(first) == event_id_of(again) == first["webhookEventId"]
    for raw in (first, again):
        del raw["webhookEventId"]
    assert event_id_of(first) == event_id_of(again)
    assert event_id_of(first) != event_id_of(text("สวัสดีอีกครั้ง") | {"webhookEventId": None})
    assert len(event_id_of(first)) == 71


@pytest.mark.parametrize("id_", ["", "with blank", "ก", "\0", "x" * 500, 7, None])
def test_an_id_that_is_none_is_replaced(id_: object) -> None:
    assert event_id_of({**text("สวัสดี"), "webhookEventId": id_}).startswith("sha256:")


def test_cries_for_help_are_urgent() -> None:
    assert is_urgent(text("ช่วยด้วย น้ำเข้าบ้าน"))
    assert is_urgent(event("postback", postback={"data": "rescue.now"}))
    assert not is_urgent(text("ราคายาง"))
    assert not is_urgent(event("postback", postback={"data": "menu"}))


@pytest.mark.parametrize("body", [b"[]", b"3", b'"text"', b"null", b"{", b""])
def test_bytes_that_are_no_event_are_an_error(body: bytes) -> None:
    with pytest.raises(ValueError, match=r"JSON|Expecting"):
        read_event(body)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(codec=None), max_size=20),
    lambda more: st.lists(more, max_size=3) | st.dictionaries(st.text(max_size=8), more, max_size=3),
    max_leaves=8,
)
TYPES = ["message", "postback", "follow", "unfollow", "join", "leave", "beacon", "x"]
odd_messages = st.fixed_dictionaries(
    {"type": st.sampled_from(["text", "image", "location", "sticker", "x"])},
    optional=dict.fromkeys(("text", "id", "mention", "latitude", "longitude", "address"), json_values),
)
odd_events = st.fixed_dictionaries(
    {"type": st.sampled_from(TYPES) | json_values},
    optional={
        "message": odd_messages | json_values,
        "postback": st.fixed_dictionaries({"data": json_values}) | json_values,
        "source": st.just({"type": "user", "userId": CITIZEN}) | st.just(IN_GROUP) | json_values,
        **dict.fromkeys(("timestamp", "webhookEventId", "replyToken", "mode"), json_values),
    },
)


@settings(max_examples=120)
@given(odd_events)
def test_no_event_is_too_odd(raw: dict[str, Any]) -> None:
    body = json.dumps(raw).encode()
    read = read_event(body)
    read.incoming.model_dump_json()
    event_id, sender = event_id_of(json.loads(body)), sender_of(json.loads(body))
    assert 1 <= len(event_id) <= 128
    assert all("!" <= letter <= "~" for letter in event_id + sender)
    assert is_urgent(raw) in (True, False)
