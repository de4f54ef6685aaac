"""What updates say, in the form all channels share. The updates follow https://core.telegram.org/bots/api#update."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.channels.telegram_events import read_event, received, tap_id
from storage.replies import Incoming, IncomingKind
from tests.bot.channels.telegram_builders import (
    BOT_ID,
    CITIZEN,
    GROUP,
    SUPERGROUP,
    WRITTEN_ON,
    from_the_bot,
    membership,
    message,
    tap,
)
from tests.fakes.telegram import USERNAME

WRITTEN_AT = datetime(2026, 11, 21, 12, 40, tzinfo=UTC)
FILE = {"file_id": "AwACAgUAAxkBAAI", "file_unique_id": "AgAD"}
PHOTO_SIZES = [
    {"file_id": size, "file_unique_id": size, "width": 90, "height": 90} for size in ("small", "large")
]


def read(**update: Any) -> Incoming:
    body = json.dumps({"update_id": 1, **update}).encode()
    return read_event(body, bot_id=BOT_ID, username=USERNAME).incoming


def test_a_text() -> None:
    assert read(message=message("ช่วยด้วย")) == Incoming(
        kind=IncomingKind.TEXT, text="ช่วยด้วย", happened_at=WRITTEN_AT, language="th"
    )


@pytest.mark.parametrize(
    "command",
    ["/menu", "/warnings", "/prices", "/report", "/mine", "/ask", "/help", "/language", "/stop", "/start"],
)
def test_commands_stay_as_they_are_typed(command: str) -> None:
    incoming = read(message=message(command))
    assert (incoming.kind, incoming.text, incoming.start) == (IncomingKind.TEXT, command, "")


@pytest.mark.parametrize(
    ("typed", "text", "start"),
    [
        ("/start v57090603", "/start", "v57090603"),
        (f"/start@{USERNAME} v57090603", "/start", "v57090603"),
        ("/START  v1 ", "/START", "v1"),
        ("/prices ยางพารา", "/prices ยางพารา", ""),
        (f"/prices@{USERNAME}   ยางพารา ", "/prices ยางพารา", ""),
        ("/ ราคายาง", "/ ราคายาง", ""),
        ("/menuครับ", "/menuครับ", ""),
    ],
)
def test_deep_links_and_commands_with_words(typed: str, text: str, start: str) -> None:
    incoming = read(message=message(typed))
    assert (incoming.text, incoming.start) == (text, start)


def test_a_location_and_a_venue() -> None:
    place = {"latitude": 20.4325, "longitude": 99.8764}
    for told in (message(location=place), message(location=place, venue={"location": place, "title": "วัด"})):
        incoming = read(message=told)
        assert incoming.kind is IncomingKind.LOCATION
        assert (incoming.latitude, incoming.longitude) == (20.4325, 99.8764)


@pytest.mark.parametrize(
    ("fields", "kind", "media"),
    [
        ({"photo": PHOTO_SIZES}, IncomingKind.PHOTO, "large"),
        ({"voice": {**FILE, "duration": 12}}, IncomingKind.VOICE, FILE["file_id"]),
        ({"audio": {**FILE, "duration": 12}}, IncomingKind.VOICE, FILE["file_id"]),
        ({"video_note": {**FILE, "duration": 3, "length": 240}}, IncomingKind.VOICE, FILE["file_id"]),
        ({"video": FILE}, IncomingKind.FILE, FILE["file_id"]),
        ({"animation": FILE, "document": FILE}, IncomingKind.FILE, FILE["file_id"]),
        ({"document": {**FILE, "mime_type": "application/pdf"}}, IncomingKind.FILE, FILE["file_id"]),
        ({"document": {**FILE, "mime_type": "image/jpeg"}}, IncomingKind.PHOTO, FILE["file_id"]),
        ({"sticker": {**FILE, "emoji": "👍"}}, IncomingKind.STICKER, FILE["file_id"]),
        ({"dice": {"emoji": "🎲", "value": 3}}, IncomingKind.FILE, ""),
        ({"poll": {"id": "1", "question": "?"}}, IncomingKind.FILE, ""),
        ({"pinned_message": message("x")}, IncomingKind.OTHER, ""),
        ({"new_chat_title": "หมู่บ้าน"}, IncomingKind.OTHER, ""),
        ({"something_of_next_year": {"a": [1]}}, IncomingKind.OTHER, ""),
    ],
)
def test_what_is_no_text(fields: dict[str, Any], kind: IncomingKind, media: str) -> None:
    incoming = read(message=message(**fields))
    assert (incoming.kind, incoming.media, incoming.text) == (kind, media, "")


def test_a_caption_is_the_text_of_its_picture() -> None:
    assert read(message=message(photo=PHOTO_SIZES, caption="ไฟถนนดับ")).text == "ไฟถนนดับ"


def test_a_shared_phone_number_is_as_good_as_typed() -> None:
    incoming = read(message=message(contact={"phone_number": "+66812345678", "first_name": "สมศรี"}))
    assert (incoming.kind, incoming.text) == (IncomingKind.TEXT, "+66812345678")


@pytest.mark.parametrize("kind", ["edited_message", "channel_post", "edited_channel_post"])
def test_edits_and_channel_posts_are_told_apart_from_what_is_said(kind: str) -> None:
    incoming = read(**{kind: message("แก้คำผิด", edit_date=WRITTEN_ON + 5)})
    assert (incoming.kind, incoming.text) == (IncomingKind.OTHER, "แก้คำผิด")


def test_a_tap_has_its_action_and_the_label_on_the_button() -> None:
    labels = {"safe": "ฉันปลอดภัย", "rescue.now": "ต้องการให้ช่วย"}
    incoming = read(callback_query=tap("rescue.now", labels))
    assert incoming == Incoming(kind=IncomingKind.TAP, action="rescue.now", text="ต้องการให้ช่วย", language="th")
    assert read(callback_query=tap("gone", labels)).text == ""
    assert read(callback_query=tap("safe", labels, chat=SUPERGROUP)).in_group


def test_a_tap_under_a_message_too_old_to_be_shown() -> None:
    old = {
        **tap("safe", {}),
        "message": {"chat": {"id": CITIZEN, "type": "private"}, "message_id": 7, "date": 0},
    }
    assert read(callback_query=old).action == "safe"
    without = {key: value for key, value in old.items() if key != "message"}
    assert read(callback_query=without).action == "safe"


@pytest.mark.parametrize(
    ("before", "after", "chat", "kind"),
    [
        ("member", "kicked", CITIZEN, IncomingKind.UNFOLLOW),
        ("kicked", "member", CITIZEN, IncomingKind.FOLLOW),
        ("left", "member", SUPERGROUP, IncomingKind.JOIN),
        ("kicked", "administrator", GROUP, IncomingKind.JOIN),
        ("member", "left", SUPERGROUP, IncomingKind.LEAVE),
        ("administrator", "kicked", GROUP, IncomingKind.LEAVE),
        ("member", "administrator", SUPERGROUP, IncomingKind.OTHER),
    ],
)
def test_memberships(before: str, after: str, chat: int, kind: IncomingKind) -> None:
    incoming = read(my_chat_member=membership(before, after, chat=chat))
    assert incoming.kind is kind
    assert incoming.in_group is (chat < 0)
    assert incoming.happened_at == WRITTEN_AT


def test_a_restricted_member_is_a_member_and_a_channel_is_not_joined() -> None:
    change = membership("left", "restricted", chat=SUPERGROUP)
    change["new_chat_member"]["is_member"] = True
    assert read(my_chat_member=change).kind is IncomingKind.JOIN
    assert read(my_chat_member=membership("left", "administrator", chat=SUPERGROUP, kind="channel")).kind is (
        IncomingKind.OTHER
    )


def test_a_group_that_became_a_supergroup() -> None:
    incoming = read(message=message(chat=GROUP, kind="group", migrate_to_chat_id=SUPERGROUP))
    assert (incoming.kind, incoming.moved_to, incoming.in_group) == (
        IncomingKind.MOVED,
        str(SUPERGROUP),
        True,
    )
    assert read(message=message(chat=SUPERGROUP, migrate_from_chat_id=GROUP)).kind is IncomingKind.OTHER


def _mention(text: str, name: str) -> dict[str, Any]:
    offset = len(text[: text.index(name)].encode("utf-16-le")) // 2
    return message(text, chat=GROUP, entities=[{"type": "mention", "offset": offset, "length": len(name)}])


@pytest.mark.parametrize(
    ("told", "named", "text"),
    [
        (message("คืนนี้ฝนตกไหม", chat=GROUP), False, "คืนนี้ฝนตกไหม"),
        (_mention(f"@{USERNAME} เตือนภัย", f"@{USERNAME}"), True, "เตือนภัย"),
        (_mention(f"🔴🔴 @{USERNAME.upper()} เตือนภัย", f"@{USERNAME.upper()}"), True, "🔴🔴 เตือนภัย"),
        (_mention("@other_bot เตือนภัย", "@other_bot"), False, "@other_bot เตือนภัย"),
        (message("เตือนภัย", chat=GROUP, reply_to_message=from_the_bot("สวัสดี", chat=GROUP)), True, "เตือนภัย"),
        (message("จริงด้วย", chat=GROUP, reply_to_message=message("ฝนตก", chat=GROUP)), False, "จริงด้วย"),
        (message("/warnings", chat=GROUP), True, "/warnings"),
        (message(f"/warnings@{USERNAME}", chat=GROUP), True, "/warnings"),
        (message("/warnings@other_bot", chat=GROUP), False, "/warnings"),
    ],
)
def test_who_is_named_in_a_group(told: dict[str, Any], named: bool, text: str) -> None:
    incoming = read(message=told)
    assert (incoming.in_group, incoming.named, incoming.text) == (True, named, text)


def test_a_name_without_a_username_and_a_picture_that_answers_us() -> None:
    entity = {"type": "text_mention", "offset": 0, "length": 6, "user": {"id": BOT_ID, "is_bot": True}}
    assert read(message=message("กระจาย ภัย", chat=GROUP, entities=[entity])).named
    answered = message(chat=GROUP, photo=PHOTO_SIZES, reply_to_message=from_the_bot("x", chat=GROUP))
    assert read(message=answered).named
    assert not read(message={**answered, "chat": {"id": CITIZEN, "type": "private"}}).named


def test_without_knowing_itself_any_bot_will_do() -> None:
    body = json.dumps({"update_id": 1, "message": _mention("@some_bot ภัย", "@some_bot")}).encode()
    assert read_event(body).incoming.named
    answered = message("ภัย", chat=GROUP, reply_to_message={"from": {"id": 5, "is_bot": True}})
    assert read_event(json.dumps({"update_id": 1, "message": answered}).encode()).incoming.named


@pytest.mark.parametrize(
    ("code", "language"), [("th", "th"), ("en", "en"), ("en-US", "en"), ("my", ""), ("", ""), ("english", "")]
)
def test_the_language_of_the_app_where_krajai_speaks_it(code: str, language: str) -> None:
    sender = {"id": CITIZEN, "is_bot": False, "first_name": "A", "language_code": code}
    assert read(message={**message("hello"), "from": sender}).language == language


@pytest.mark.parametrize("date", [0, -5, 10**15])
def test_a_time_that_is_none(date: int) -> None:
    assert read(message=message("สวัสดี", date=date)).happened_at is None


def test_what_no_database_keeps_is_left_out() -> None:
    assert read(message=message("ช่วย\x00ด้วย\ud83d")).text == "ช่วยด้วย"


@pytest.mark.parametrize(
    "position",
    [
        {"latitude": 99, "longitude": 0},
        {"latitude": 1, "longitude": 181},
        {"latitude": "north", "longitude": 0},
        {"latitude": 1e999, "longitude": 0},
        {},
    ],
)
def test_a_position_that_is_none_on_earth_does_not_stop_the_message(position: dict[str, Any]) -> None:
    came = read(message={**message("x"), "location": position})
    assert came.latitude is None or came.longitude is None


@pytest.mark.parametrize("odd", [{"chat": "x"}, {"photo": 5}])
def test_a_form_that_is_not_telegrams_is_an_error(odd: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="validation error"):
        read(message={**message("x"), **odd})


def test_updates_of_other_kinds() -> None:
    assert read(poll={"id": "1"}).kind is IncomingKind.OTHER
    assert read().kind is IncomingKind.OTHER


# --- which updates are stored ---


@pytest.mark.parametrize(
    ("update", "sender"),
    [
        ({"message": message("x")}, str(CITIZEN)),
        ({"edited_message": message("x", chat=GROUP)}, str(GROUP)),
        ({"callback_query": tap("safe", {}, chat=SUPERGROUP)}, str(SUPERGROUP)),
        ({"callback_query": {"id": "1", "from": {"id": CITIZEN}, "data": "safe"}}, str(CITIZEN)),
        ({"my_chat_member": membership("member", "kicked")}, str(CITIZEN)),
    ],
)
def test_the_sender_is_the_chat(update: dict[str, Any], sender: str) -> None:
    event = received(3, {"update_id": 870_000_001, **update}, b"raw")
    assert event is not None
    assert (event.account_id, event.event_id, event.sender, event.body) == (3, "870000001", sender, b"raw")


@pytest.mark.parametrize(
    "update",
    [
        None,
        [],
        {},
        {"message": message("x")},
        {"update_id": "1", "message": message("x")},
        {"update_id": True, "message": message("x")},
        {"update_id": 1, "poll": {"id": "1"}},
        {"update_id": 1, "message": {"chat": {"id": "1"}}},
    ],
)
def test_what_is_no_update_of_a_chat_is_not_stored(update: object) -> None:
    assert received(1, update, b"") is None


@pytest.mark.parametrize(
    ("update", "urgent"),
    [
        ({"message": message("น้ำเข้าบ้านแล้ว")}, True),
        ({"message": message(photo=PHOTO_SIZES, caption="ช่วยด้วย")}, True),
        ({"edited_message": message("ช่วยด้วย")}, True),
        ({"callback_query": tap("rescue.now", {"rescue.now": "ต้องการให้ช่วย", "safe": "ฉันปลอดภัย"})}, True),
        ({"callback_query": tap("safe", {"rescue.now": "ต้องการให้ช่วย", "safe": "ฉันปลอดภัย"})}, False),
        ({"message": message("ราคายาง")}, False),
    ],
)
def test_cries_for_help_are_urgent(update: dict[str, Any], urgent: bool) -> None:
    event = received(1, {"update_id": 1, **update}, b"")
    assert event is not None
    assert event.urgent is urgent


def test_the_id_of_a_tap() -> None:
    assert tap_id({"callback_query": tap("safe", {})}) == "4382bfdwdsb323b2d9"
    odd: list[object] = [None, {}, {"callback_query": []}, {"callback_query": {"id": 5}}]
    assert [tap_id(each) for each in odd] == [""] * 4


_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
_shapes = st.sampled_from(
    ["message", "callback_query", "my_chat_member", "chat", "text", "entities", "reply_markup"]
)


@given(
    update=st.dictionaries(
        _shapes, st.dictionaries(_shapes | st.text(max_size=8), _values, max_size=4), max_size=3
    ),
    number=st.integers(),
)
def test_any_object_is_stored_or_passed_over_and_read_or_refused(update: dict[str, Any], number: int) -> None:
    whole = {**update, "update_id": number}
    received(1, whole, b"")
    tap_id(whole)
    try:
        incoming = read_event(json.dumps(whole).encode()).incoming
    except ValueError:
        return
    assert "\x00" not in incoming.text
