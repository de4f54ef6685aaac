"""Warnings: every frame with every body, within the limits and without invented facts."""

from itertools import product
from typing import get_args

import pytest

from storage.wording import LANGUAGES, WordingError, say
from storage.wording.catalogue import fills_of, has
from storage.wording.warnings import (
    HAZARDS,
    KINDS,
    LEVELS,
    Form,
    free_warning,
    hazard_name,
    limit_units,
    units,
    warning,
)

FORMS: tuple[Form, ...] = get_args(Form)

# The longest fills, in units, that a text is made for; Thai as in the voice's table of frames.
LONGEST: dict[tuple[str, Form], dict[str, int]] = {
    ("th", "chat"): {
        "who": 20, "where": 32, "when": 24, "sent": 21, "next": 15, "phone": 11, "shelter": 20, "level": 11,
        "value": 9, "dam": 14, "site": 18, "disease": 14, "symptom": 14, "prevent": 35,
    },
    ("th", "sms"): {
        "who": 12, "where": 22, "when": 15, "phone": 9, "shelter": 14, "level": 10, "value": 8, "dam": 12,
        "site": 12, "disease": 11, "symptom": 10, "prevent": 22,
    },
    ("en", "chat"): {
        "who": 20, "where": 24, "when": 19, "sent": 17, "next": 11, "phone": 11, "shelter": 14, "level": 11,
        "value": 7, "dam": 14, "site": 14, "disease": 12, "symptom": 14, "prevent": 30,
    },
    ("en", "sms"): {
        "who": 8, "where": 20, "when": 13, "phone": 9, "shelter": 14, "level": 10, "value": 7, "dam": 14,
        "site": 14, "disease": 12, "symptom": 12, "prevent": 22,
    },
}  # fmt: skip
# A feed's alert: the weather department's name, one place, until tomorrow, nobody to call.
FEED: dict[tuple[str, Form], dict[str, str]] = {
    ("th", "chat"): {
        "who": "กรมอุตุนิยมวิทยา",
        "sent": "25 ก.ย. 2569 16.34 น.",
        "where": "ต.เวียงพางคำ อ.แม่สาย",
        "when": "ถึงพรุ่งนี้ (26 ก.ย.) 16.34 น.",
        "until": "พรุ่งนี้ (26 ก.ย.) 16.34 น.",
    },
    ("th", "sms"): {
        "who": "กรมอุตุฯ",
        "where": "ต.เวียงพางคำ อ.แม่สาย",
        "when": "ถึงพรุ่งนี้ 16.34 น.",
        "until": "พรุ่งนี้ 16.34 น.",
    },
    ("en", "chat"): {
        "who": "Thai Meteorological Department",
        "sent": "25 Sep 2026 16:34",
        "where": "Mae Sai",
        "when": "until tomorrow (26 Sep) 16:34",
        "until": "tomorrow (26 Sep) 16:34",
    },
    ("en", "sms"): {
        "who": "TMD",
        "where": "Mae Sai",
        "when": "until tomorrow 16:34",
        "until": "tomorrow 16:34",
    },
}
EVERY = list(product(LANGUAGES, FORMS, LEVELS))


def longest(language: str, form: Form, level: str) -> dict[str, str]:
    letter = "ก" if language == "th" else "x"
    fills = {name: letter * length for name, length in LONGEST[language, form].items()}
    if level == "emergency":
        # The next word comes today, so its time is an hour alone; an SMS says how to answer.
        fills |= {"next": letter * 8} if form == "chat" else {"help": say(language, "help.sms.reply")}
    return fills


@pytest.mark.parametrize(("language", "form", "level"), EVERY)
def test_the_longest_fills_stay_within_the_limit(language: str, form: Form, level: str) -> None:
    fills = longest(language, form, level)
    wheres = {name: text for name, text in fills.items() if name in {"who", "sent", "where", "when", "phone"}}
    given_fills = (fills, wheres | {"until": wheres.get("when", "")})
    for given, observed, hazard in product(given_fills, (True, False), HAZARDS):
        text = warning(
            language, form=form, kind="alert", level=level, hazard=hazard, fills=given, observed=observed
        )
        assert units(text) <= limit_units(language, form, text), text
        assert not set("{}") & set(text)
        assert "  " not in text


@pytest.mark.parametrize(("language", "form", "level"), EVERY)
def test_a_feeds_alert_can_always_be_said_within_the_limit(language: str, form: Form, level: str) -> None:
    fills = FEED[language, form]
    for observed, hazard in product((True, False), HAZARDS):
        text = warning(
            language, form=form, kind="alert", level=level, hazard=hazard, fills=fills, observed=observed
        )
        assert units(text) <= limit_units(language, form, text), text
        assert fills["where"] in text


@pytest.mark.parametrize(("language", "form", "kind"), list(product(LANGUAGES, FORMS, KINDS[1:])))
def test_later_kinds_stay_within_the_limit(language: str, form: Form, kind: str) -> None:
    letter = "ก" if language == "th" else "x"
    more = {"change": 30, "do": 40, "reason": 30, "home_from": 24, "time": 8, "until": 15, "n": 1}
    if form == "sms":
        more |= {"change": 16, "until": 8, "phone": 4}
    fills = longest(language, form, "warning") | {name: letter * size for name, size in more.items()}
    limit = limit_units(language, form)
    for hazard in HAZARDS:
        text = warning(language, form=form, kind=kind, level="warning", hazard=hazard, fills=fills)
        assert units(text) <= limit, text


def test_the_order_of_a_warning() -> None:
    fills = {
        "who": "ปภ.จังหวัดเชียงราย",
        "sent": "21 พ.ย. 2569 19.40 น.",
        "where": "ต.เวียงพางคำ อ.แม่สาย",
        "phone": "1784",
        "next": "20.30 น.",
    }
    text = warning("th", form="chat", kind="alert", level="emergency", hazard="flash_flood", fills=fills)
    assert text == (
        "🔴 อันตราย ทำเดี๋ยวนี้\n"
        "ปภ.จังหวัดเชียงราย 21 พ.ย. 2569 19.40 น.\n"
        "น้ำป่ามาแล้วที่ ต.เวียงพางคำ อ.แม่สาย แรงจนพัดคนและรถได้\n"
        "หนีขึ้นที่สูงเดี๋ยวนี้ อย่ารอเก็บของ อย่าข้ามน้ำไม่ว่าเดินหรือขับรถ เรียกเพื่อนบ้านไปด้วย\n"
        "เจ็บป่วยโทร 1669 ต้องการให้ช่วยกดปุ่มหรือโทร 1784\n"
        "แจ้งอีก 20.30 น."
    )


def test_without_a_known_next_message_it_says_how_long_it_lasts() -> None:
    text = warning(
        "th", form="chat", kind="alert", level="warning", hazard="heavy_rain", fills=FEED["th", "chat"]
    )
    assert text.splitlines()[-1] == "คำเตือนนี้ถึง พรุ่งนี้ (26 ก.ย.) 16.34 น."
    assert "แจ้งอีก" not in text
    english = warning(
        "en", form="chat", kind="alert", level="watch", hazard="heavy_rain", fills=FEED["en", "chat"]
    )
    assert english.endswith("\nThis warning lasts until tomorrow (26 Sep) 16:34")


def test_without_a_phone_the_hotline_and_the_button_stay() -> None:
    text = warning(
        "en", form="chat", kind="alert", level="emergency", hazard="storm", fills=FEED["en", "chat"]
    )
    assert "Hurt or ill: 1669. Help: tap below. Lasts until" in text
    assert "call" not in text


def test_known_facts_choose_the_full_body() -> None:
    fills = FEED["th", "sms"] | {"shelter": "วัดพรหมวิหาร"}
    full = warning("th", form="sms", kind="alert", level="emergency", hazard="flood", fills=fills)
    plain = warning(
        "th", form="sms", kind="alert", level="emergency", hazard="flood", fills=FEED["th", "sms"]
    )
    assert "ไปวัดพรหมวิหาร" in full
    assert "ไปที่สูง" in plain


def test_a_shelter_that_begins_with_an_abbreviation_brings_its_space() -> None:
    fills = FEED["th", "sms"] | {"shelter": "รร.บ้านป่าแดง"}
    text = warning("th", form="sms", kind="alert", level="warning", hazard="flash_flood", fills=fills)
    assert "ไป รร.บ้านป่าแดงตอนนี้" in text


@pytest.mark.parametrize("form", FORMS)
def test_the_verb_carries_the_certainty(form: Form) -> None:
    fills = FEED["th", form]
    seen = warning("th", form=form, kind="alert", level="emergency", hazard="flash_flood", fills=fills)
    likely = warning(
        "th",
        form=form,
        kind="alert",
        level="emergency",
        hazard="flash_flood",
        fills=fills,
        observed=False,
    )
    assert "น้ำป่ามาแล้ว" in seen
    assert "น้ำป่าจะถึง" in likely


@pytest.mark.parametrize(("hazard", "level", "form"), list(product(HAZARDS, LEVELS, FORMS)))
def test_every_body_has_a_variant_that_needs_where_and_when_only(hazard: str, level: str, form: Form) -> None:
    body = f"body.{hazard}.{level}.{form}"
    plain = f"{body}.plain" if has("th", f"{body}.plain") else body
    for key in (plain, f"{body}.expected"):
        if has("th", key):
            assert {"where"} <= fills_of("th", key) <= {"where", "when"}


@pytest.mark.parametrize(("language", "form"), list(product(LANGUAGES, FORMS)))
def test_a_cancel_says_all_is_safe_only_with_a_reason(language: str, form: Form) -> None:
    fills = FEED[language, form] | {"time": "16.34 น."}
    safe = "กลับบ้านได้" if language == "th" else "can go home"
    for level in LEVELS:
        withdrawn = warning(language, form=form, kind="cancel", level=level, hazard="flood", fills=fills)
        mistaken = warning(
            language,
            form=form,
            kind="cancel",
            level=level,
            hazard="flood",
            fills=fills | {"reason": "กดผิด"},
        )
        # The SMS has no room for the reason, but having one is what makes it a mistake.
        assert safe not in withdrawn
        assert safe in mistaken


def test_an_all_clear_sends_home_only_when_told_and_speaks_of_houses_only_after_damage() -> None:
    fills = FEED["th", "chat"]
    rain = warning("th", form="chat", kind="all_clear", level="warning", hazard="heavy_rain", fills=fills)
    dust = warning("th", form="chat", kind="all_clear", level="warning", hazard="pm25", fills=fills)
    told = warning(
        "th",
        form="chat",
        kind="all_clear",
        level="warning",
        hazard="flood",
        fills=fills | {"home_from": "พรุ่งนี้ (22 พ.ย.)"},
    )
    assert "กลับบ้าน" not in rain
    assert "สายไฟขาด" in rain
    assert "สายไฟขาด" not in dust
    assert "กลับบ้านได้ตั้งแต่ พรุ่งนี้ (22 พ.ย.)" in told


def test_an_update_says_the_change_or_else_the_body_again() -> None:
    fills = FEED["th", "chat"] | {"n": "2", "time": "19.40 น."}
    changed = warning(
        "th",
        form="chat",
        kind="update",
        level="warning",
        hazard="flood",
        fills=fills | {"change": "น้ำขึ้นอีก", "do": "ไปที่สูง"},
    )
    again = warning("th", form="chat", kind="update", level="emergency", hazard="flood", fills=fills)
    assert changed.startswith("🟠 ปรับข้อมูล ครั้งที่ 2\n")
    assert "น้ำท่วมที่ ต.เวียงพางคำ อ.แม่สาย: น้ำขึ้นอีก\nต้องทำ: ไปที่สูง\nใช้แทนข้อความเวลา 19.40 น." in changed
    assert "น้ำท่วมเร็วที่" in again
    assert "1669" in again


@pytest.mark.parametrize(("language", "form"), list(product(LANGUAGES, FORMS)))
def test_an_exercise_says_so_at_both_ends(language: str, form: Form) -> None:
    text = warning(
        language,
        form=form,
        kind="exercise",
        level="emergency",
        hazard="tsunami",
        fills=FEED[language, form],
    )
    mark = "ฝึกซ้อม ไม่มีภัยจริง" if language == "th" else "Exercise, no real danger"
    assert text.removeprefix("⚪ ").startswith(mark)
    assert text.endswith(mark)
    assert "🔴" not in text


def test_an_sms_says_how_to_ask_for_help() -> None:
    fills = FEED["en", "sms"]
    text = warning("en", form="sms", kind="alert", level="emergency", hazard="tsunami", fills=fills)
    answered = warning(
        "en",
        form="sms",
        kind="alert",
        level="emergency",
        hazard="tsunami",
        fills=fills | {"help": say("en", "help.sms.reply")},
    )
    assert text.endswith("Help: call 1784. Hurt: 1669")
    assert answered.endswith("Help: reply 9. Hurt: call 1669")


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"hazard": "rain"}, "unknown hazard 'rain'"),
        ({"kind": "news"}, "unknown kind 'news'"),
        ({"level": "extreme"}, "unknown level 'extreme'"),
        ({"form": "fax"}, "unknown form 'fax'"),
        ({"fills": {"who": "ปภ.", "sent": "21 พ.ย. 2569"}}, "needs .*where"),
        ({"fills": {"where": "อ.แม่สาย", "when": "คืนนี้", "who": " "}}, "needs sent, who"),
    ],
)
def test_what_cannot_be_said_is_an_error(wrong: dict[str, object], message: str) -> None:
    legal = {
        "form": "chat",
        "kind": "alert",
        "level": "watch",
        "hazard": "heavy_rain",
        "fills": FEED["th", "chat"],
    }
    with pytest.raises(WordingError, match=message):
        warning("th", **{**legal, **wrong})  # type: ignore[arg-type]


def test_hazards_have_names() -> None:
    assert hazard_name("flash_flood", "th") == "น้ำป่า"
    assert hazard_name("flash_flood", "en") == "Flash flood"
    with pytest.raises(WordingError):
        hazard_name("", "th")


HEADLINE = "พื้นที่เสี่ยงภัยฝนตกหนักบริเวณประเทศไทย"
INSTRUCTION = (
    "ขอให้ประชาชนระวังอันตรายจากฝนตกหนักถึงหนักมากและฝนที่ตกสะสม ซึ่งอาจทำให้เกิดน้ำท่วมฉับพลันและน้ำป่าไหลหลาก "
    "รวมทั้งดินโคลนถล่ม โดยเฉพาะพื้นที่ลาดเชิงเขาใกล้ทางน้ำไหลผ่าน \n\n ดูเพิ่มที่ https://tmd.go.th/th/warning?id=1 "
    "ส่วนเรือเล็กบริเวณอ่าวไทยตอนบนควรงดออกจากฝั่งจนถึงวันที่ 27 ก.ย. 69"
)


@pytest.mark.parametrize(("language", "form", "kind"), list(product(LANGUAGES, FORMS, KINDS)))
@pytest.mark.parametrize("level", LEVELS)
def test_an_unknown_hazard_is_said_in_the_feeds_own_words(
    language: str, form: Form, kind: str, level: str
) -> None:
    fills = FEED[language, form]
    text = free_warning(
        language,
        form=form,
        kind=kind,
        level=level,
        who=fills["who"],
        sent=fills.get("sent", ""),
        what=HEADLINE * 3,
        do=INSTRUCTION,
        where=fills["where"],
        when=fills["when"],
        until=fills["until"],
        phone=None,
    )
    assert units(text) <= limit_units(language, form, text)
    assert HEADLINE[:7] in text
    assert "http" not in text
    assert "\n\n" not in text


def test_a_feeds_advice_is_kept_by_whole_clauses() -> None:
    fills = FEED["th", "chat"]
    text = free_warning(
        "th",
        form="chat",
        kind="alert",
        level="warning",
        who=fills["who"],
        sent=fills["sent"],
        what=HEADLINE,
        do=INSTRUCTION,
        where="จ.เชียงใหม่",
        when=None,
        until=fills["until"],
        phone="1182",
    )
    assert text.splitlines()[2:] == [
        HEADLINE,
        "จ.เชียงใหม่",
        INSTRUCTION[: INSTRUCTION.index(" โดยเฉพาะ")],
        "ต้องการให้ช่วยโทร 1182 คำเตือนนี้ถึง พรุ่งนี้ (26 ก.ย.) 16.34 น.",
    ]


def test_a_free_english_sms_counts_gsm_letters_and_keeps_sentences() -> None:
    text = free_warning(
        "en",
        form="sms",
        kind="alert",
        level="warning",
        who="TMD",
        sent="",
        what="Volcanic ash.",
        do="Stay indoors. Close windows. " + "Cover water tanks and wells with clean sheets of plastic. " * 3,
        where="Mae Sai",
        when=None,
        until=None,
        phone="1182",
    )
    assert (
        text == "TMD warning: Volcanic ash. Mae Sai. Stay indoors. Close windows. Cover water tanks and "
        "wells with clean sheets of plastic. Call 1182"
    )
    assert limit_units("en", "sms", "smoke – ash") == 134
