"""What sounds alike is alike."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.understanding.soft_text import is_thai, soft


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("โฉนดที่ดิน", "โฉนต ทีดิน".replace("ต", "ด")),
        ("ศูนย์", "สูน"),
        ("ใบอนุญาต", "ไบอนุยาต"),
        ("ทำ", "ทํา"),
        ("แจ้ง", "เเจ้ง"),
        ("มากกกก", "มาก"),
        ("สูติบัตร", "สุติบัตร"),
        ("ม. ๔๐", "ม40"),
        ("ThaID", "thaid"),
    ],
)
def test_these_sound_alike(one: str, other: str) -> None:
    assert soft(one) == soft(other)


def test_words_of_two_scripts_are_parted() -> None:
    assert soft("ทำidcardใหม่").split() == ["ทัม", "idcard", "ไหม"]
    assert [is_thai(word) for word in soft("ทำ id").split()] == [True, False]


@given(st.text())
def test_any_text_becomes_single_spaced_words(text: str) -> None:
    sound = soft(text)
    assert sound == " ".join(sound.split())
    assert len(sound) <= 3 * len(text) + 3
