"""The names of places, and the reviewed lists beside them."""

import tomllib
from importlib.resources import files

from handlers.understanding.places.letters import key_of
from handlers.understanding.places.names import names
from handlers.understanding.places.vocabulary import FOREIGN, vocabulary
from storage import places


def nicknames() -> dict[str, list[str]]:
    text = (files("knowledge") / "places" / "nicknames.toml").read_text(encoding="utf-8")
    return {code: known for level in tomllib.loads(text).values() for code, known in level.items()}


def test_nicknames_are_of_places() -> None:
    assert [code for code in nicknames() if places.place(code) is None] == []
    assert sum(map(len, nicknames().values())) >= 150


def test_a_nickname_means_one_place() -> None:
    keys = [key_of(name) for known in nicknames().values() for name in known]
    assert {key for key in keys if keys.count(key) > 1} == set()


def test_no_nickname_is_another_province_or_only_district() -> None:
    taken = {
        name: (code, others)
        for code, known in nicknames().items()
        for name in known
        for others in [[each.code for each in places.find(name) if len(each.code) == 2 and each.code != code]]
        if others
    }
    assert taken == {}


def test_every_province_and_district_is_found_by_its_names() -> None:
    known = names().by_letters
    for province in places.provinces():
        for each in (province, *places.children(province.code)):
            assert each.code in known[key_of(each.name_th)]
            assert each.code in known[key_of(each.name_en)]


def test_no_foreign_place_is_a_province_or_district_of_the_register() -> None:
    foreign = [word for word, roles in vocabulary().roles.items() if FOREIGN in roles]
    assert len(foreign) > 50
    assert [word for word in foreign if len(names().by_letters.get(word, ("000000",))[0]) < 6] == []
