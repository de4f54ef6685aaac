"""Questions about services: what the transcripts do not show."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlmodel import Session, col, select

from handlers.dialogs import asking
from handlers.understanding.service_articles import Facet, articles, use_overlay
from storage.article_feedback import counts
from storage.cases import Case, CaseKind, ticket, words_of
from storage.cases_privacy import use_secret_key
from storage.database import Database
from storage.dialogs import Dialog
from storage.replies import Button
from storage.wording.lengths import units
from tests.handlers.chatting import Chat, faults
from tests.handlers.playing import Stage
from tests.handlers.understanding.written_articles import GOOD, folder_with


@pytest.fixture
def session(sqlite_database: Database) -> Iterator[Session]:
    with Session(sqlite_database.engine) as opened:
        yield opened
    use_overlay(None)


@pytest.fixture
def chat(session: Session) -> Chat:
    return Chat(session).go_to("subscribed")


def said(chat: Chat) -> str:
    return "\n".join(bubble.text for bubble in chat.answer)


def test_every_article_and_every_facet_can_be_said(chat: Chat) -> None:
    for language in ("th", "en"):
        chat.person.language = language
        for slug in articles():
            chat.at += timedelta(hours=1)
            chat.tap(f"ask.article:{slug}")
            assert faults(chat.answer) == [], (language, slug)
            for facet in Facet:
                chat.tap(f"ask.facet:{slug}:{facet}")
                assert faults(chat.answer) == [], (language, slug, facet)


def test_every_article_fits_into_three_segments(sqlite_database: Database) -> None:
    stage = Stage(sqlite_database, channel="sms")
    for slug in articles():
        stage.at += timedelta(hours=1)
        for action in (f"ask.article:{slug}", f"ask.facet:{slug}:where"):
            stage.offered[""] = (Button(label="x", action=action),)
            told = stage.say("", "[x]")
            assert len(told) == 1, told
            assert told != ["(เงียบ)"]
            # As the channel writes it: numbers in the place of brackets.
            assert units(told[0].replace("[", "1 ").replace("]", "")) + units("ตอบเลข ") <= 3 * 67, told


def test_a_checked_article_names_its_source_and_day(chat: Chat, tmp_path: Path) -> None:
    use_overlay(folder_with(tmp_path / "own", boat_hire=GOOD))
    chat.text("อยากเช่าเรือ")
    assert said(chat) == (
        "เช่าเรือได้ที่ท่าเรือ\nเตรียม บัตรประชาชน\nใช้เวลา 1 วัน\nที่มา กรมการปกครอง ตรวจเมื่อ 3 พ.ย. 2569"
    )
    chat.text("แล้วเสียเงินเท่าไร")
    assert said(chat) == "ค่าใช้จ่ายเรื่องเช่าเรือ\n20 บาท\nที่มา กรมการปกครอง ตรวจเมื่อ 3 พ.ย. 2569"
    chat.person.language = "en"
    chat.tap("ask.facet:boat-hire:steps")
    assert said(chat) == (
        "1. Go to the pier\n2. Name the day\nSource: Department of Provincial Administration, checked 3 Nov 2026"
    )


def test_an_unchecked_article_gives_the_number_to_ask(chat: Chat) -> None:
    chat.tap("ask.article:disaster-hotline")
    assert said(chat).endswith("คำตอบนี้เจ้าหน้าที่ยังไม่ยืนยัน โทรถามก่อนไป 1784")


def test_an_answer_is_counted_once_and_without_her(chat: Chat) -> None:
    chat.tap("ask.article:passport-new")
    for _ in range(3):
        chat.tap("ask.helpful:passport-new")
    chat.tap("ask.unhelpful:passport-new")
    chat.tap("ask.helpful:land-transfer")  # never shown
    assert [(each.slug, each.helpful, each.unhelpful) for each in counts(chat.session)] == [
        ("passport-new", 1, 0)
    ]


def test_the_question_reaches_the_officer_in_her_own_words(chat: Chat) -> None:
    chat.tap("ask")
    chat.text("นั่งเฮลิคอปเตอร์ต้องขออนุญาตใคร")
    if "ask.none" in _actions(chat):
        chat.tap("ask.none")
    chat.tap("ask.officer")
    case = chat.session.exec(select(Case).order_by(col(Case.id).desc())).first()
    assert case is not None
    assert case.kind == CaseKind.QUESTION
    assert words_of(chat.session, case) == "นั่งเฮลิคอปเตอร์ต้องขออนุญาตใคร"
    assert f"เลขเรื่อง {ticket(case.number)}" in said(chat)
    chat.tap("ask.officer")  # tapped once more, the question is gone
    assert len(chat.session.exec(select(Case)).all()) == 1


def test_the_question_is_sealed_where_there_is_a_key(sqlite_database: Database) -> None:
    use_secret_key(sqlite_database, "a secret key of more than sixteen bytes")
    with sqlite_database.write() as session:
        chat = Chat(session)
        words = "ยายคำนั่งเฮลิคอปเตอร์ต้องขออนุญาตใคร"
        chat.tap("ask")
        chat.text(words)
        if "ask.none" in _actions(chat):
            chat.tap("ask.none")
        assert "ยายคำ" not in repr(session.exec(select(Dialog)).one().known)
        chat.tap("ask.officer")
        assert words_of(session, session.exec(select(Case)).one()) == words


def test_old_and_made_up_buttons_are_answered(chat: Chat) -> None:
    for action in (
        "ask.article:none",
        "ask.facet:",
        "ask.facet:passport-new:colour",
        "ask.helpful:x",
        "ask.officer",
    ):
        chat.tap(action)
        assert faults(chat.answer) == [], action


def test_popular_services_have_articles() -> None:
    assert set(asking.POPULAR) <= set(articles())


def _actions(chat: Chat) -> list[str]:
    buttons: list[Button] = [button for bubble in chat.answer for button in bubble.buttons]
    return [button.action for button in buttons]
