"""How what is written short is read aloud."""

import pytest

from storage.wording.spoken import in_words, spoken


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("ม.3 ต.เวียงพางคำ อ.แม่สาย", "หมู่สาม ตำบลเวียงพางคำ อำเภอแม่สาย"),
        ("ปภ.จังหวัดเชียงราย", "สำนักงานป้องกันและบรรเทาสาธารณภัยจังหวัดเชียงราย"),
        ("13.00-16.30 น.", "สิบสามนาฬิกาถึงสิบหกนาฬิกาสามสิบนาที"),
        ("โทร 053-731-234", "โทรศูนย์ห้าสามเจ็ดสามหนึ่งสองสามสี่"),
        ("PM2.5 82.5", "พีเอ็มสองจุดห้า แปดสิบสองจุดห้า"),
        ("คืนนี้ (22 พ.ย.) 1.40 น.", "คืนนี้ (ยี่สิบสอง พฤศจิกายน) หนึ่งนาฬิกาสี่สิบนาที"),
        ("ระดับเข่า (50 ซม.)", "ระดับเข่า (ห้าสิบ เซนติเมตร)"),
        ("ลม 90 กม./ชม.", "ลม เก้าสิบ กิโลเมตรต่อชั่วโมง"),
    ],
)
def test_abbreviations_times_and_numbers_are_said_in_full(written: str, said: str) -> None:
    assert spoken(written, "th") == said


def test_english_is_read_as_it_is_written() -> None:
    assert spoken("until 19:40, call 1784", "en") == "until 19:40, call 1784"


def test_numbers_in_thai() -> None:
    known = {0: "ศูนย์", 10: "สิบ", 11: "สิบเอ็ด", 20: "ยี่สิบ", 101: "หนึ่งร้อยเอ็ด", 2569: "สองพันห้าร้อยหกสิบเก้า"}
    assert {number: in_words(number) for number in known} == known
    assert in_words(1_000_001) == "หนึ่งล้านหนึ่ง"
