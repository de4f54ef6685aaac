"""Questions find their articles, and what is off topic finds none."""

from pathlib import Path

from handlers.understanding.article_evaluation import evaluate, read_questions
from handlers.understanding.articles import MOST_SLUGS, find_articles
from handlers.understanding.service_articles import articles

SET = Path(__file__).parent / "sets" / "questions.jsonl"
QUESTIONS = read_questions(SET.read_text("utf-8").splitlines())
KEPT = [each for each in QUESTIONS if each.half == "kept"]


def test_the_set_is_large_and_its_halves_share_no_question() -> None:
    assert sum(each.slug is not None for each in QUESTIONS) >= 400
    assert sum(each.slug is None for each in QUESTIONS) >= 120
    assert {each.half for each in QUESTIONS} == {"tuned", "kept"}
    texts = [each.text for each in QUESTIONS]
    assert len(texts) == len(set(texts))
    assert {each.slug for each in KEPT} - {None} == set(articles())


def test_the_half_that_was_kept_apart_finds_its_articles() -> None:
    score = evaluate(KEPT).whole.as_json()
    assert (score["recall_at_1"] or 0) >= 0.85, score
    assert (score["recall_at_3"] or 0) >= 0.95, score
    assert (score["off_topic_declined"] or 0) >= 0.80, score
    good_declined = score["good_declined"]
    assert good_declined is not None
    assert good_declined < 0.05, score


def test_a_sure_answer_is_hardly_ever_wrong() -> None:
    wrong = [
        (each.text, match.slugs)
        for each in KEPT
        if each.slug is not None and (match := find_articles(each.text)).sure and match.slugs[0] != each.slug
    ]
    assert len(wrong) <= len(KEPT) * 0.03, wrong


def test_every_article_is_found_by_its_own_titles() -> None:
    for slug, article in articles().items():
        for words in article.words.values():
            assert find_articles(words.title).slugs[:1] == (slug,), words.title


def test_the_model_conversation_asks_back() -> None:
    match = find_articles("อยากทำเรื่องเงินคนแก่")
    assert not match.sure
    assert match.slugs == ("elderly-allowance", "elderly-funeral-aid", "state-welfare-card")
    assert list(match.scores) == sorted(match.scores, reverse=True)
    assert "elderly-allowance" in match.why


def test_spaces_tone_marks_and_letters_of_one_sound_do_not_matter() -> None:
    for text in ("บัตรประชาชนหาย", "บัตร ประชาชน หาย", "บัตรประชาชนหายยย", "บัดปะชาชนหาย", "LOST ID CARD"):
        match = find_articles(text)
        assert match.slugs[:1] == ("id-card-lost",), text
        assert match.sure, text


def test_off_topic_is_told_from_what_nobody_knows() -> None:
    chat, unknown = find_articles("แฟนนอกใจทำไงดี"), find_articles("นั่งเฮลิคอปเตอร์")
    assert chat.slugs == unknown.slugs == ()
    assert chat.off_topic
    assert not unknown.off_topic


def test_nothing_and_nonsense_find_nothing() -> None:
    for text in ("", " ", "🙂", "?", "ครับ", "ที่ไหน", "\u0e48\u0e48", "\x00", "ฟหกด"):
        match = find_articles(text)
        assert not match.sure, text
        assert match.scores == () or len(match.slugs) <= MOST_SLUGS
