"""What is asked about the service that was answered just now."""

import pytest

from handlers.understanding.facets import facet_of, is_follow_up
from handlers.understanding.service_articles import Facet


@pytest.mark.parametrize(
    ("text", "facet"),
    [
        ("แล้วเสียเงินเท่าไร", Facet.FEE),
        ("กี่บาทอ่ะ", Facet.FEE),
        ("ฟรีมั้ย", Facet.FEE),
        ("how much does it cost", Facet.FEE),
        ("ใช้เอกสารอะไรบ้าง", Facet.DOCUMENTS),
        ("ตองเตรียมอะไร", Facet.DOCUMENTS),
        ("what documents do i need", Facet.DOCUMENTS),
        ("แล้วต้องไปที่ไหน", Facet.WHERE),
        ("where do i go", Facet.WHERE),
        ("กี่วันได้", Facet.TIME),
        ("how long does it take", Facet.TIME),
        ("มีขั้นตอนยังไง", Facet.STEPS),
    ],
)
def test_a_follow_up_names_its_facet(text: str, facet: Facet) -> None:
    assert facet_of(text) == facet
    assert is_follow_up(text)


@pytest.mark.parametrize("text", ["พาสปอร์ตกี่บาท", "โอนที่ดินที่ไหน", "passport cost", "ทำใบขับขี่กี่บาท"])
def test_a_question_with_a_matter_of_its_own_is_no_follow_up(text: str) -> None:
    assert facet_of(text)
    assert not is_follow_up(text)


@pytest.mark.parametrize("text", ["", "ขอบคุณ", "สวัสดี", "บัตรประชาชน"])
def test_other_words_name_no_facet(text: str) -> None:
    assert facet_of(text) is None
    assert not is_follow_up(text)
