"""What is understood ahead of a transaction is known inside of it."""

import pytest

from handlers.understanding import articles, categories, cries, intents
from handlers.understanding.articles import find_articles
from handlers.understanding.categories import guess_category
from handlers.understanding.intents import understand
from handlers.understanding.keywords import is_rescue
from handlers.understanding.places import finding, places_in
from handlers.understanding.warm import read_ahead, warm, warm_cries
from handlers.understanding.writing import MOST_REMEMBERED
from storage.replies import Incoming, IncomingKind

TEXT = "ไฟถนนดับหน้าวัดป่า แม่สาย มาสี่วันแล้ว"
_REMEMBERED = (
    cries.heard,
    intents._understood,
    finding.places_in,
    categories._ranked,
    articles._match,
)


@pytest.fixture(autouse=True)
def forgotten() -> None:
    for each in _REMEMBERED:
        each.cache_clear()


def misses() -> list[int]:
    return [each.cache_info().misses for each in _REMEMBERED]


def incoming(*, in_group: bool = False) -> Incoming:
    return Incoming(kind=IncomingKind.TEXT, text=TEXT, in_group=in_group)


def test_what_was_read_ahead_is_not_read_again() -> None:
    read_ahead(incoming())
    before = misses()
    assert 0 not in before
    assert (understand(TEXT), understand(TEXT, "en")) == (understand(TEXT),) * 2
    assert guess_category(TEXT).id == "street-light"
    is_rescue(TEXT)
    places_in(TEXT)
    find_articles(TEXT, "en")
    assert misses() == before


def test_in_a_group_only_a_cry_is_looked_for() -> None:
    read_ahead(incoming(in_group=True))
    # What is hardly a cry by its letters is not read through the lists.
    assert misses()[1:] == [0, 0, 0, 0]


def test_warming_loads_and_may_be_done_twice() -> None:
    warm_cries()
    warm()
    before = misses()
    assert 0 not in before
    warm()
    assert misses() == before


def test_so_much_is_remembered_and_no_more() -> None:
    assert {each.cache_info().maxsize for each in _REMEMBERED} == {MOST_REMEMBERED}
