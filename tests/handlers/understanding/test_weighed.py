"""What runs of letters speak for: the tables, and how cries are told by them."""

from handlers.understanding.alarms import Alarm
from handlers.understanding.cries import heard
from handlers.understanding.intents import Intent
from handlers.understanding.likely_cries import SURELY, likely_cry
from handlers.understanding.weighed import key_of, runs_of, weights
from storage.cases_categories import categories


def test_the_tables_have_the_labels_that_there_are() -> None:
    assert weights("cries").labels == ("calm", "cry")
    assert set(weights("intents").labels) == {each.value for each in Intent}
    assert set(weights("categories").labels) == set(categories())


def test_likelihoods_are_one_together() -> None:
    assert abs(sum(weights("intents").likely(key_of("ราคายางวันนี้")).values()) - 1) < 1e-9


def test_both_writings_of_burmese_have_the_same_runs() -> None:
    assert runs_of(key_of("ကယ်ပါ ရေဝင်နေပြီ")) == runs_of(key_of("ကယ္ပါ ေရဝင္ေနျပီ"))


def test_few_letters_are_left_to_the_lists() -> None:
    assert likely_cry("หยุด") is None
    assert likely_cry("") is None


def test_a_cry_in_words_of_no_list_is_heard() -> None:
    told = "กินปลาปักเป้ากันทั้งบ้าน ปากชา ขาไม่มีแรง"
    score = likely_cry(told)
    assert score is not None
    assert score >= SURELY
    found = heard(told)
    assert found is not None
    assert found.alarm is Alarm.CRY


def test_a_game_is_no_cry() -> None:
    found = heard("เล่นพับจีโดนยิงหัวตลอด ทำไงให้เก่ง")
    assert found is None or found.alarm is Alarm.CONCERN
