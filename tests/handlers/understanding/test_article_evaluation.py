"""Recall and what is declined, counted over the articles there are."""

import json

import pytest

from handlers.understanding.article_evaluation import LineRefused, evaluate, read_questions


def line(text: str, slug: str | None, **more: str) -> str:
    return json.dumps({"text": text, "lang": "th", "slug": slug, **more}, ensure_ascii=False)


def test_counts_by_style_and_language() -> None:
    lines = [
        line("บัตรประชาชนหาย", "id-card-lost", style="chat"),
        line("บัตรประชาชนหาย", "passport-new", style="chat"),
        line("lost my passport", "passport-new", style="formal", lang="en"),
        line("ฟหกด", "passport-new", style="typo"),
        line("แฟนนอกใจ", None, style="chat"),
        line("บัตรประชาชนหาย", None),
        line("ขอเรือ", "boat-hire"),
        "",
    ]
    told = evaluate(read_questions(lines)).as_json()
    assert told["questions"] == 4
    assert told["recall_at_1"] == told["recall_at_3"] == 0.5
    assert told["good_declined"] == 0.25
    assert told["off_topic"] == 2
    assert told["off_topic_declined"] == 0.5
    assert told["without_article"] == 1
    assert told["by_style"]["chat"]["recall_at_1"] == 0.5
    assert told["by_style"]["typo"]["off_topic_declined"] is None
    assert told["by_language"]["en"]["recall_at_1"] == 1.0


@pytest.mark.parametrize(
    ("bad", "told"),
    [
        ("{", "line 2 is no JSON"),
        ("[]", "line 2 is no object"),
        ('{"text": "ก", "lang": "th"}', 'line 2 has no "slug"'),
        ('{"text": "ก", "lang": "th", "slug": 7}', "neither a slug nor null"),
        ('{"lang": "th", "slug": null}', "line 2: 'text' is missing"),
        ('{"text": " ", "lang": "th", "slug": null}', "line 2: 'text' is no text"),
        ('{"text": "ก", "lang": 1, "slug": null}', "line 2: 'lang' is no text"),
        ("[" * 100_000, "line 2 is no JSON"),
    ],
)
def test_a_bad_line_is_refused_with_its_number(bad: str, told: str) -> None:
    with pytest.raises(LineRefused, match=told):
        read_questions([line("ก", None), bad])
