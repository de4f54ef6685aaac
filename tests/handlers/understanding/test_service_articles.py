"""Articles are read from Krajai's own folder and from the installation's."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from handlers.understanding.articles import find_articles
from handlers.understanding.service_articles import ArticleBroken, Facet, article, articles, use_overlay
from tests.handlers.understanding.written_articles import GOOD, folder_with


@pytest.fixture(autouse=True)
def _no_overlay_afterwards() -> Iterator[None]:
    yield
    use_overlay(None)


def test_every_service_is_there_and_nothing_is_said_to_be_checked_that_was_not() -> None:
    assert len(articles()) >= 40
    for slug, each in articles().items():
        assert each.slug == slug
        assert each.checked_on is None or each.address
        assert (Facet.FEE in each.in_language("th").facets) == (Facet.FEE in each.in_language("en").facets)


def test_an_own_article_is_added_and_one_of_ours_replaced(tmp_path: Path) -> None:
    known = len(articles())
    use_overlay(folder_with(tmp_path / "own", boat_hire=GOOD, id_card_lost=GOOD.replace("เช่าเรือ", "บัตรหาย")))
    assert len(articles()) == known + 1
    found = article("boat-hire")
    assert found is not None
    assert found.checked_on == date(2026, 11, 3)
    assert found.in_language("th").facets[Facet.STEPS] == "1. ไปที่ท่าเรือ\n2. บอกวันที่อยากเช่า"
    assert found.in_language("lo") is found.in_language("th")
    replaced = article("id-card-lost")
    assert replaced is not None
    assert replaced.in_language("th").title == "บัตรหาย"
    assert find_articles("อยากยืมเรือ").slugs[0] == "boat-hire"


def test_a_facet_that_only_the_office_knows_is_not_told() -> None:
    lost = article("id-card-lost")
    assert lost is not None
    assert Facet.FEE not in lost.in_language("th").facets


@pytest.mark.parametrize(
    ("text", "complaint"),
    [("title = ", "cannot be read as TOML"), ("unverified = true", "krajai knowledge lint")],
)
def test_a_broken_article_is_refused_with_its_name(tmp_path: Path, text: str, complaint: str) -> None:
    with pytest.raises(ArticleBroken, match=rf"bad\.toml: .*{complaint}"):
        use_overlay(folder_with(tmp_path / "own", bad=text))


def test_a_folder_that_is_none_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ArticleBroken, match="is no folder"):
        use_overlay(tmp_path / "nowhere")
