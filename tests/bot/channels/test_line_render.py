"""Whatever is said fits into LINE's limits, and nobody loses a word or a way on."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.channels.line_render import MOST_ALT_UNITS, parts_of
from bot.channels.line_sdk import BUTTON_COLOUR, messages
from broadcasts.delivery.channel import ContentRefused
from storage.replies import Bubble, Button, ButtonKind, Picture
from tests.bot.channels.line_builders import WARNING, channel_at, texts
from tests.fakes.line import FakeLine
from tests.fakes.line_limits import faults_of

CHART = Picture(
    address="https://krajai.example.go.th/charts/4.png",
    preview_address="https://krajai.example.go.th/charts/4-small.png",
    alt="น้ำยางสด 30 วัน จาก 58 เป็น 61.20 บาท/กก.",
)
MENU = Button(label="เมนู", action="menu")
WHERE = Button(label="ส่งตำแหน่ง", action="location", kind=ButtonKind.LOCATION)

actions = st.from_regex(r"[a-z][a-z0-9_.:]{0,63}", fullmatch=True)
buttons = st.builds(Button, label=st.text(max_size=30), action=actions, kind=st.sampled_from(ButtonKind))
pictures = st.builds(
    Picture,
    address=st.sampled_from(["https://a.example/b.png", "http://a.example/b.png", "nonsense", ""]),
    preview_address=st.just("https://a.example/b.png"),
    alt=st.text(max_size=60),
    is_video=st.booleans(),
)
bubbles = st.builds(
    Bubble,
    text=st.text(max_size=200) | st.sampled_from(["น้ำท่วม ขึ้นที่สูงเดี๋ยวนี้ " * n for n in (1, 60, 220)]),
    buttons=st.lists(buttons, max_size=16).map(tuple),
    lasting=st.booleans(),
    picture=st.none() | pictures,
)


@settings(max_examples=60)
@given(st.lists(bubbles, max_size=4).map(tuple))
def test_whatever_is_rendered_is_taken(said: tuple[Bubble, ...]) -> None:
    try:
        made = messages(said)
    except ContentRefused:
        return
    assert faults_of(made) == []
    assert len(made) == len(parts_of(said))


@settings(max_examples=40)
@given(st.lists(bubbles, max_size=2).map(tuple))
def test_no_word_is_lost(said: tuple[Bubble, ...]) -> None:
    try:
        spoken = "".join("".join(texts(messages(said))).split())
    except ContentRefused:
        return
    for bubble in said:
        assert "".join(bubble.text.split()) in spoken


def offered(made: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The quick replies' actions."""
    return [item["action"] for item in made[-1].get("quickReply", {"items": []})["items"]]


def test_a_text_with_fleeting_buttons_has_quick_replies() -> None:
    (message,) = messages((Bubble(text="อยู่ที่ไหน", buttons=(WHERE, MENU)),))
    assert message["type"] == "text"
    assert offered([message]) == [
        {"type": "location", "label": "ส่งตำแหน่ง"},
        {"type": "postback", "label": "เมนู", "data": "menu", "displayText": "เมนู"},
    ]


def test_lasting_buttons_are_on_a_card_that_is_read_aloud_whole() -> None:
    (message,) = messages((WARNING,))
    assert (message["type"], message["altText"]) == ("flex", WARNING.text)
    (words,) = message["contents"]["body"]["contents"]
    assert (words["text"], words["wrap"], words["scaling"]) == (WARNING.text, True, True)
    shown = [button["action"] for button in message["contents"]["footer"]["contents"]]
    assert [(action["label"], action["data"]) for action in shown] == [
        ("ฉันปลอดภัย", "safe"),
        ("ต้องการให้ช่วย", "rescue.now"),
    ]
    assert {button["color"] for button in message["contents"]["footer"]["contents"]} == {BUTTON_COLOUR}


def test_what_a_card_cannot_hold_is_a_quick_reply_below_it() -> None:
    photo = Button(label="ถ่ายรูป", action="camera", kind=ButtonKind.PHOTO)
    album = Button(label="เลือกรูป", action="photo", kind=ButtonKind.PHOTO)
    made = messages((Bubble(text="อยู่ตรงไหน", buttons=(WHERE, MENU, photo, album), lasting=True),))
    assert len(made[0]["contents"]["footer"]["contents"]) == 1
    assert [action["type"] for action in offered(made)] == ["location", "camera", "cameraRoll"]


def test_a_lasting_bubble_without_actions_is_a_text() -> None:
    made = messages((Bubble(text="อยู่ตรงไหน", buttons=(WHERE,), lasting=True),))
    assert made[0]["type"] == "text"
    assert len(offered(made)) == 1


def test_quick_replies_of_all_bubbles_are_under_the_last() -> None:
    made = messages(
        (Bubble(text="พร้อมแล้ว", buttons=(MENU,)), WARNING, Bubble(text="จบ", buttons=(WHERE, MENU)))
    )
    assert [("quickReply" in message) for message in made] == [False, False, True]
    assert [action["label"] for action in offered(made)] == ["เมนู", "ส่งตำแหน่ง"]


def test_of_too_many_quick_replies_the_way_out_stays() -> None:
    many = tuple(Button(label=f"ข้อ {n}", action=f"n:{n}") for n in range(20))
    labels = [action["label"] for action in offered(messages((Bubble(text="เลือก", buttons=many),)))]
    assert labels == [*(f"ข้อ {n}" for n in range(12)), "ข้อ 19"]


def test_a_long_label_is_cut_between_words() -> None:
    long = Button(label="เบี้ยยังชีพผู้สูงอายุ", action="article:4")
    (action,) = offered(messages((Bubble(text="เรื่องไหน", buttons=(long,)),)))
    assert len(action["label"]) <= 20
    assert "เบี้ยยังชีพผู้สูงอายุ".startswith(action["label"])
    assert action["displayText"] == "เบี้ยยังชีพผู้สูงอายุ"


def test_a_picture_comes_before_its_words_and_its_words_say_what_it_shows() -> None:
    image, words = messages((Bubble(text="น้ำยางสด 61.20 บาท/กก.", picture=CHART),))
    assert image == {
        "type": "image",
        "originalContentUrl": CHART.address,
        "previewImageUrl": CHART.preview_address,
    }
    assert words["text"] == f"น้ำยางสด 61.20 บาท/กก.\n{CHART.alt}"


def test_a_video_is_a_video() -> None:
    film = CHART.model_copy(update={"is_video": True})
    assert messages((Bubble(text=CHART.alt, picture=film),))[0]["type"] == "video"


def test_a_picture_that_line_cannot_fetch_is_told_in_words() -> None:
    near = CHART.model_copy(update={"address": "http://127.0.0.1:8000/charts/4.png"})
    assert texts(messages((Bubble(text="กราฟ", picture=near),))) == [f"กราฟ\n{CHART.alt}"]


def test_a_text_that_is_too_long_goes_on_in_the_next_message() -> None:
    long = "น้ำกำลังล้นตลิ่ง ไปที่สูง " * 300
    made = messages((Bubble(text=long),))
    assert len(made) == 2
    assert "".join(texts(made)).split() == long.split()


def test_a_card_whose_words_are_too_many_follows_them() -> None:
    long = "น้ำกำลังล้นตลิ่ง ไปที่สูง " * 80
    first, card = messages((Bubble(text=long, buttons=WARNING.buttons, lasting=True),))
    assert (first["type"], card["type"]) == ("text", "flex")
    assert len(card["altText"]) <= MOST_ALT_UNITS
    assert "".join(texts([first, card])).split() == long.split()


def test_neighbouring_texts_are_joined_when_there_are_too_many() -> None:
    made = messages((*(Bubble(text=f"เรื่อง {n}") for n in range(7)), WARNING))
    assert [message["type"] for message in made] == ["text", "flex"]
    assert all(f"เรื่อง {n}" in made[0]["text"] for n in range(7))


def test_more_than_line_takes_is_refused_before_it_is_sent() -> None:
    with pytest.raises(ContentRefused, match="6 LINE messages"):
        parts_of((WARNING,) * 6)


def test_the_preview_shows_the_words_of_each_message() -> None:
    fake = FakeLine(url="http://127.0.0.1:1")
    said = (Bubble(text="สวัสดี", buttons=(MENU,)), WARNING)
    assert channel_at(fake).render(said).parts == ("สวัสดี", WARNING.text)


def test_white_words_stand_out_on_a_card_button() -> None:
    red, green, blue = (int(BUTTON_COLOUR[at : at + 2], 16) / 255 for at in (1, 3, 5))
    linear = [((part + 0.055) / 1.055) ** 2.4 for part in (red, green, blue)]
    luminance = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
    assert 1.05 / (luminance + 0.05) > 7
