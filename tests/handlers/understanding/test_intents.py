"""What free words are taken to mean."""

import doctest
import json
import time
import tomllib
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.understanding import amounts, intents, languages, slots
from handlers.understanding.amounts import Threshold, threshold_in
from handlers.understanding.categories import guess_category
from handlers.understanding.intents import Intent, understand
from handlers.understanding.languages import language_in, script_language
from handlers.understanding.products import mentioned, products
from handlers.understanding.slots import ticket_in
from handlers.understanding.writing import sounding, spaced
from tests.handlers.understanding.evaluate_intents import intents_of, lines

TABLES = tomllib.loads(
    (Path(__file__).parents[3] / "knowledge" / "understanding" / "intents.toml").read_text("utf-8")
)


@pytest.mark.parametrize("half", ["tuned", "kept"])
def test_the_figures_of_our_sets(half: str) -> None:
    figures = intents_of(half)
    assert figures.macro_f1 >= 0.85
    assert min(figures.f1.values()) >= 0.7
    assert figures.slots_right >= 0.9 * figures.slots


def test_the_sets_are_wide() -> None:
    counted = Counter((each["intent"], each["half"]) for each in lines("intents"))
    assert {(intent.value, half) for intent in Intent for half in ("tuned", "kept")} == counted.keys()
    assert len(lines("intents")) >= 500
    assert min(counted.values()) >= 10
    assert len({json.dumps(each, sort_keys=True) for each in lines("intents")}) == len(lines("intents"))


def test_no_kept_line_is_an_example() -> None:
    examples = {sentence for table in TABLES.values() for sentence in table.get("examples", ())}
    kept = {each["text"] for each in lines("intents") if each["half"] == "kept"}
    assert len(examples & kept) <= 10, examples & kept


@pytest.mark.parametrize(
    ("typed", "intent"),
    [
        ("อยากรับข่าวแม่สาย", Intent.SUBSCRIBE),
        ("เลิกรับแม่สาย", Intent.UNSUBSCRIBE),
        ("ราคายางวันนี้", Intent.PRICE),
        ("ยาง", Intent.PRICE),
        ("ถ้าน้ำยางเกิน 65 บอกด้วย", Intent.PRICE_ALERT),
        ("เตือนภัยแม่สาย", Intent.WARNINGS_NEAR_ME),
        ("4217-7", Intent.TRACK_COMPLAINT),
        ("บัตรประชาชนหายทำไง", Intent.ASK_SERVICE),
        ("เขื่อนแตกจริงไหม", Intent.RUMOUR),
        ("8", Intent.SAFE),
        ("9", Intent.NEED_HELP),
        ("ช่วยด้วย", Intent.NEED_HELP),
        ("หยุด", Intent.STOP_ALL),
        ("ลบข้อมูลฉันให้หมด", Intent.DELETE_MY_DATA),
        ("ฟหกด", Intent.OTHER),
        ("", Intent.OTHER),
        ("123", Intent.OTHER),
        ("แม่สาย", Intent.OTHER),
    ],
)
def test_an_intent(typed: str, intent: Intent) -> None:
    assert understand(typed).intent is intent


def test_slots_belong_to_the_intent() -> None:
    alert = understand("แจ้งเตือนเมื่อยางที่ตรังไม่ต่ำกว่าหกสิบห้าบาท").slots
    assert (alert.product, alert.op, alert.amount) == ("rubber", ">=", 65.0)
    assert understand("แจ้งเตือนน้ำท่วมหาดใหญ่ให้ด้วย").slots.place[0] == "9011"
    assert understand("สวัสดี 65").slots.amount is None


@pytest.mark.parametrize(
    ("typed", "threshold"),
    [
        ("เกินสิบห้าบาท", Threshold(op=">", amount=15)),
        ("ต่ำกว่า ๒.๕๐", Threshold(op="<", amount=2.5)),
        ("ไม่เกินตันละ 12,500", Threshold(op="<=", amount=12_500)),
        ("ถึงร้อยห้าสิบบาท", Threshold(op=">=", amount=150)),
        ("สองบาทครึ่ง", Threshold(amount=2.5)),
        ("หนึ่งหมื่นห้าพันบาทขึ้นไป", Threshold(op=">=", amount=15_000)),
        ("1.5 หมื่น", Threshold(amount=15_000)),
        ("over 6.50", Threshold(op=">", amount=6.5)),
        ("ยี่สิบเอ็ด", Threshold(amount=21)),
        ("โทร 053-731-234", Threshold()),
        ("หกล้ม", Threshold()),
        ("9" * 400, Threshold()),
    ],
)
def test_a_bound(typed: str, threshold: Threshold) -> None:
    assert threshold_in(typed) == threshold


@pytest.mark.parametrize(
    ("typed", "product"),
    [
        ("ราคาข้าวหอมมะลิ", "rice_jasmine"),
        ("ขี้ยางโลละเท่าไหร่", "rubber_cup_lump"),
        ("ราคามัน", "cassava"),
        ("มันไม่ดี", None),
        ("ลาคาทุเลียน", "durian"),
        ("raka palm", "oil_palm"),
        ("ราคามันฝรั่ง", "potato"),
        ("ข้าวโพด", "maize"),
        ("palmistry", None),
    ],
)
def test_a_product(typed: str, product: str | None) -> None:
    found = mentioned(sounding(spaced(typed)))
    assert (found.id if found else None) == product


def test_every_product_is_found_by_its_own_name() -> None:
    assert len(products()) >= 25
    for each in products().values():
        for name in (f"ราคา{each.name_th}", f"{each.name_en} price"):
            found = mentioned(sounding(spaced(name.split(" (")[0])))
            assert found is not None, name
            assert found.id == each.id, name
        assert each.kind_of in ("", *products())


@pytest.mark.parametrize(
    ("typed", "ticket"),
    [
        ("๔๒๑๗-๗", "4217-7"),
        ("เรื่อง 4217 - 7 ถึงไหน", "4217-7"),
        ("3-4", "3-4"),
        ("3-4 วัน", None),
        ("ไฟดับมา 1-3 วัน", None),
        ("บ้านเลขที่ 12-5", None),
        ("case 12-5", "12-5"),
        ("4218-7 ครับ", "4218-7"),
        ("081-234-5678", None),
    ],
)
def test_a_ticket(typed: str, ticket: str | None) -> None:
    assert ticket_in(typed) == ticket
    assert understand(typed).slots.ticket == ticket


def test_a_bare_row_of_digits_is_a_ticket_outside_of_dialogs_only() -> None:
    assert (understand("42177").slots.ticket, understand("42178").slots.ticket) == ("4217-7", None)
    assert ticket_in("42177") is None


@pytest.mark.parametrize(
    ("typed", "code"),
    [("ขอภาษาพม่า", "my"), ("tiếng Việt", "vi"), ("Melayu", "ms"), ("ລາວ", "lo"), ("อะไรก็ได้", None)],
)
def test_a_language(typed: str, code: str | None) -> None:
    assert language_in(typed) == code


def test_a_script_is_told_from_another() -> None:
    assert script_language("မင်္ဂလာပါ ခင်ဗျာ") == "my"
    assert script_language("សួស្តី") == "km"
    assert script_language("สวัสดี ok") is None
    assert script_language("") is None


def test_long_and_odd_lines_are_understood_at_once() -> None:
    understand("")
    odd = [
        "ก" * 10_000,
        "น้ำ" * 3_000,
        "่" * 10_000,
        "a " * 5_000,
        "ထ" * 10_000,
        "\ud800",
        "\x00",
        "แม่สาย " * 1_500,
    ]
    began = time.process_time()
    for text in odd:
        assert understand(text).intent in Intent
    assert time.process_time() - began < 30


@given(st.text(max_size=200))
def test_any_text_is_understood(text: str) -> None:
    meant = understand(text)
    assert meant.why
    assert meant.intent in Intent


@pytest.mark.parametrize("module", [amounts, intents, languages, slots])
def test_the_examples_of_the_docstrings_hold(module: object) -> None:
    assert doctest.testmod(module).failed == 0  # type: ignore[arg-type]


def test_who_asks_for_money_or_a_number_asks_an_office_and_a_report_stays_one() -> None:
    asked = {
        "น้ำท่วมบ้านเสียหาย ขอเงินเยียวยา": "flood-compensation",
        "แล้งข้าวตายหมด แจ้งใคร": "crop-disaster-aid",
        "เบี้ยผู้สูงอายุเดือนนี้เข้าวันไหน ได้เท่าไหร่": "elderly-allowance",
        "รับบุตรบุญธรรมทำยังไง": "child-adoption",
        "เบอร์ดับเพลิงเทศบาลเบอร์อะไร": "emergency-numbers",
        "เบอร์รถพยาบาลเบอร์อะไร จะจดไว้ให้ยาย": "emergency-numbers",
    }
    for text, slug in asked.items():
        meant = understand(text)
        assert (meant.intent, meant.article) == (Intent.ASK_SERVICE, slug), text
    assert understand("หลังคาปลิวไปกับลม 2 แผ่น").intent is Intent.DAMAGE_REPORT
    assert understand("ขยะล้นถังหน้าตลาดไม่มีใครมาเก็บ").intent is Intent.COMPLAIN


def test_a_blocked_drain_and_a_burning_hill_are_complaints() -> None:
    assert understand("ท่อตันน้ำท่วมซอย ต.เวียงพางคำ").intent is Intent.COMPLAIN
    burning = "มีคนจุดไฟเผาป่าบนดอย"
    assert understand(burning).intent is Intent.COMPLAIN
    assert guess_category(burning).id == "burning-smoke"


def test_one_topic_is_stopped_by_its_name() -> None:
    assert understand("อยากหยุดรับแค่ราคา").intent is Intent.UNSUBSCRIBE
    assert understand("ปิดแจ้งเตือนให้หมดทุกที่ทุกหัวข้อค่ะ").intent is Intent.STOP_ALL
