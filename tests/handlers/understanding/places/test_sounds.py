"""Spellings of one sound."""

import pytest

from handlers.understanding.places.letters import key_of
from handlers.understanding.places.names import names, sound_of


@pytest.mark.parametrize(
    "spellings",
    [
        ("เชียงใหม่", "เชียงไหม", "เชียงไหม่"),
        ("ประจวบคีรีขันธ์", "ประจวบคีรีขัน"),
        ("สุพรรณบุรี", "สุพันบุรี"),
        ("ปัตตานี", "ปัตานี"),
        ("กระบี่", "กรบี"),
        ("หนองคาย", "นองคาย"),
        ("ลำพูน", "ลัมพูน"),
        ("Chiang Mai", "chiengmai", "Chieng Mai"),
        ("Hat Yai", "Hadyai", "hatyai"),
        ("Phuket", "puket"),
        ("Nakhon Si Thammarat", "Nakorn Sri Thammarat"),
        ("Ko Samui", "Koh Samui"),
    ],
)
def test_they_sound_alike(spellings: tuple[str, ...]) -> None:
    assert len({sound_of(key_of(spelling)) for spelling in spellings}) == 1


def test_few_names_become_one() -> None:
    known = names()
    thai = [key for key in known.by_letters if not key.isascii()]
    assert len({sound_of(key) for key in thai}) > 0.97 * len(thai)
