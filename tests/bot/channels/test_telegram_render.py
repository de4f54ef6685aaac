"""Whatever is to be said becomes calls that Telegram takes, and nothing of it is lost."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from telegram import InlineKeyboardMarkup, ReplyKeyboardMarkup

from bot.channels.telegram_render import (
    MOST_CAPTION_UNITS,
    MOST_PARTS,
    MOST_TEXT_UNITS,
    Part,
    render_parts,
)
from broadcasts.delivery.channel import ContentRefused
from storage.replies import Bubble, Button, ButtonKind, Picture
from storage.wording.lengths import units
from tests.bot.channels.telegram_builders import CITIZEN, GROUP
from tests.builders import bubble
from tests.fakes.telegram_rules import check_call

PICTURE = Picture(
    address="https://krajai.example.go.th/chart.png",
    preview_address="https://krajai.example.go.th/small.png",
    alt="กราฟยาง 30 วัน",
)

_letters = st.characters(exclude_categories=("Cs", "Cc"), include_characters="\n")
_thai = st.sampled_from(
    ["น้ำ", "ท่วม", "เค็ม", "ที่ ", "อ.แม่สาย ", "🔴", "👨‍👩‍👧", "\n", "<b>", "_*[`", "&amp;", "a"]
)
_words = st.lists(_thai, min_size=1, max_size=40).map("".join)
_texts = st.one_of(st.text(_letters, max_size=60), _words, st.builds(str.__mul__, _words, st.integers(1, 60)))
_actions = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=64)
_labels = st.text(_letters, min_size=1, max_size=24).filter(lambda label: bool(label.strip()))
_buttons = st.lists(
    st.builds(Button, label=_labels, action=_actions, kind=st.sampled_from(ButtonKind)), max_size=7
)
_pictures = st.builds(
    Picture,
    address=st.just(PICTURE.address),
    preview_address=st.just(PICTURE.preview_address),
    alt=_texts,
    is_video=st.booleans(),
)
_bubbles = st.builds(
    Bubble,
    text=_texts,
    buttons=_buttons.map(tuple),
    lasting=st.booleans(),
    picture=st.none() | _pictures,
)


@settings(max_examples=40)
@given(bubbles=st.lists(_bubbles, min_size=1, max_size=4), in_private=st.booleans())
def test_any_bubbles_become_calls_that_are_accepted(bubbles: list[Bubble], in_private: bool) -> None:
    chat = CITIZEN if in_private else GROUP
    try:
        parts = render_parts(bubbles, in_private=in_private)
    except ContentRefused:
        speechless = [each for each in bubbles if not each.text.strip() and each.picture is None]
        assert speechless or len(bubbles) > 1 or units(bubbles[0].text) > MOST_TEXT_UNITS
        return
    assert len(parts) <= MOST_PARTS
    for part in parts:
        check_call(*call_of(part, chat))
    said = "".join("".join(part.text.split()) for part in parts)
    for each in bubbles:
        assert "".join(each.text.split()) in said
    offered = [label for part in parts for label in labels_of(part)]
    wanted = [button for each in bubbles for button in each.buttons if button.kind is ButtonKind.ACTION]
    assert {button.label for button in wanted} <= set(offered)


def call_of(part: Part, chat: int) -> tuple[str, dict[str, object]]:
    markup = {} if part.keyboard is None else {"reply_markup": part.keyboard.to_dict()}
    if part.picture is None:
        return "sendMessage", {"chat_id": chat, "text": part.text, **markup}
    name = "video" if part.picture.is_video else "photo"
    return f"send{name.title()}", {
        "chat_id": chat,
        name: part.picture.address,
        "caption": part.text,
        **markup,
    }


def labels_of(part: Part) -> list[str]:
    if isinstance(part.keyboard, InlineKeyboardMarkup):
        return [button.text for row in part.keyboard.inline_keyboard for button in row]
    if isinstance(part.keyboard, ReplyKeyboardMarkup):
        return [button.text for row in part.keyboard.keyboard for button in row]
    return []


def test_neighbours_become_one_message_while_one_of_them_has_buttons() -> None:
    texts = [part.text for part in render_parts([bubble("หนึ่ง"), bubble("สอง", "ก"), bubble("สาม")])]
    assert texts == ["หนึ่ง\n\nสอง\n\nสาม"]
    texts = [part.text for part in render_parts([bubble("หนึ่ง", "ก"), bubble("สอง"), bubble("สาม", "ข")])]
    assert texts == ["หนึ่ง\n\nสอง", "สาม"]


def test_long_neighbours_stay_apart_and_a_long_text_is_split() -> None:
    assert len(render_parts([bubble("ก" * 3000), bubble("ข" * 3000)])) == 2
    parts = render_parts([bubble("น้ำท่วม " * 1000, "เมนู")])
    assert len(parts) == 2
    assert all(units(part.text) <= MOST_TEXT_UNITS for part in parts)
    assert [part.keyboard is not None for part in parts] == [False, True]


def test_units_are_those_of_utf_16() -> None:
    assert len(render_parts([bubble("🔴" * 2048)])) == 1
    assert len(render_parts([bubble("🔴" * 2049)])) == 2


def test_labels_stand_two_in_a_row_when_both_are_short() -> None:
    labels = ("ราคาวันนี้", "เมนู", "บอกเมื่อถึงราคา", "ก" * 12, "ข" * 12, "ค" * 12, "ง" * 13)
    [part] = render_parts([bubble("เลือก", *labels)])
    assert isinstance(part.keyboard, InlineKeyboardMarkup)
    assert [len(row) for row in part.keyboard.inline_keyboard] == [2, 1, 2, 1, 1]
    assert labels_of(part) == list(labels)


def test_a_keyboard_that_asks_for_the_position_folds_away_once_used() -> None:
    where = Button(label="ส่งตำแหน่ง", action="location", kind=ButtonKind.LOCATION)
    [part] = render_parts([Bubble(text="อยู่ตรงไหน", buttons=(where,), lasting=True)])
    assert isinstance(part.keyboard, ReplyKeyboardMarkup)
    assert part.keyboard.one_time_keyboard
    assert part.keyboard.resize_keyboard
    [part] = render_parts([Bubble(text="อยู่ตรงไหน", buttons=(where,))], in_private=False)
    assert part.keyboard is None


def test_a_photo_button_is_left_out() -> None:
    photo = Button(label="ถ่ายรูป", action="photo", kind=ButtonKind.PHOTO)
    [part] = render_parts([Bubble(text="ส่งรูปมาได้", buttons=(photo, Button(label="เมนู", action="menu")))])
    assert labels_of(part) == ["เมนู"]


def test_the_caption_says_what_the_picture_shows_where_there_is_room() -> None:
    [part] = render_parts([Bubble(text="ยาง", picture=PICTURE)])
    assert part.text == "ยาง\n\nกราฟยาง 30 วัน"
    [part] = render_parts([Bubble(text="ดูกราฟยาง 30 วัน", picture=PICTURE)])
    assert part.text == "ดูกราฟยาง 30 วัน"
    [part] = render_parts([Bubble(text="ก" * (MOST_CAPTION_UNITS - 5), picture=PICTURE)])
    assert part.text == "ก" * (MOST_CAPTION_UNITS - 5)


def test_a_text_too_long_for_a_caption_follows_the_picture() -> None:
    parts = render_parts(
        [Bubble(text="ก" * (MOST_CAPTION_UNITS + 1), picture=PICTURE, buttons=bubble("", "ข").buttons)]
    )
    assert [(part.picture is not None, part.keyboard is not None) for part in parts] == [
        (True, False),
        (False, True),
    ]
    assert parts[0].text == PICTURE.alt


@pytest.mark.parametrize(
    ("bubbles", "said"),
    [
        ([], "0 messages"),
        ([bubble(" \n ")], "without text"),
        ([bubble("ก" * 4096, "ก")] * 6, "6 messages"),
        ([Bubble(text="ก", buttons=(Button(label="ก", action="x" * 65),))], "65 bytes"),
        ([Bubble(text="ก", buttons=(Button(label="ก", action="ก" * 22),))], "66 bytes"),
        ([Bubble(text="ก", buttons=(Button(label="ก", action=""),))], "0 bytes"),
        ([Bubble(text="ก", buttons=(Button(label=" ", action="a"),))], "without a label"),
        ([Bubble(text="ก", buttons=(Button(label="ก", action="a"),) * 101)], "101 buttons"),
        ([Bubble(text="ก", picture=Picture(address="data/krajai.db", preview_address="", alt=""))], "https"),
    ],
)
def test_what_telegram_would_refuse_is_refused_here(bubbles: list[Bubble], said: str) -> None:
    with pytest.raises(ContentRefused, match=said):
        render_parts(bubbles)
