"""In the middle of a dialog: do words answer its question, or is something else wanted?

Every dialog that waits for words is judged here, before it reads them; how it goes on afterwards is in
`handlers/pauses.py`.
"""

from collections.abc import Callable, Mapping

from handlers import by_intent
from handlers.by_intent import ByKeyword, scolds
from handlers.dialogs import (
    asking,
    cannot_call,
    cases_closing,
    cases_human,
    cases_tracking,
    complaint,
    complaint_back,
    farmer,
    first_contact,
    hours,
    language,
    menu,
    price_mornings,
    price_thresholds,
    rescue,
    small_talk,
    subscriptions,
)
from handlers.pauses import AGAIN, Act, beside, gone_on
from handlers.turn import Bubbles, Turn
from handlers.understanding import arbitration
from handlers.understanding.categories import Guess, guess_category
from handlers.understanding.intents import Intent, Understanding, understand
from handlers.understanding.keywords import (
    Keyword,
    asks_about_secrets,
    is_nonsense,
    place_to_subscribe,
    says_cannot_call,
    says_stop,
    says_whole,
)
from handlers.understanding.languages import script_language
from handlers.understanding.places import nothing_but_a_place, places_in
from handlers.understanding.writing import soft

_BESIDE = frozenset(
    {
        Keyword.THANKS,
        Keyword.GREETING,
        Keyword.NEAR_ME,
        Keyword.LANGUAGE_EN,
        Keyword.LANGUAGE_TH,
        Keyword.OFFICER,
    }
)
"""Known words after which a dialog goes on; the others lead out of it."""

_LEADS_OUT = frozenset({Intent.STOP_ALL, Intent.DELETE_MY_DATA, Intent.HELP})
"""What ends any dialog."""

_IS_WHAT_IT_IS_FOR: Mapping[str, frozenset[Intent]] = {
    first_contact.NAME: frozenset({Intent.SUBSCRIBE, Intent.UNSUBSCRIBE}),
    price_thresholds.NAME: frozenset({Intent.PRICE_ALERT}),
    price_mornings.NAME: frozenset({Intent.UNSUBSCRIBE}),
}
"""What a dialog is about, said in words of its own: it is done, and nothing is left to go on with."""

_TELLING = frozenset({complaint.NAME, cases_tracking.MORE, cases_closing.REASON})
"""Dialogs that take any words as what she has to tell: only what certainly tells nothing is something else."""

_ASKED_WHILE_TELLING = frozenset({Intent.PRICE, Intent.ADVICE, Intent.WARNINGS_NEAR_ME, Intent.RUMOUR})
_OF_ITS_OWN_KIND = frozenset({Intent.PRAISE, Intent.SUGGESTION, Intent.DAMAGE_REPORT})
_DONE_WHILE_TELLING = frozenset(
    {Intent.PRICE_ALERT, Intent.SUBSCRIBE, Intent.UNSUBSCRIBE, Intent.LANGUAGE, Intent.DELETE_MY_DATA}
)
# "An officer shall come and mend it" is told; "I want to talk to an officer" is said surely.
_SURE_OF_AN_OFFICER = 8.0
# ตรงสะพานข้ามคลอง is a place that nobody knows, rather than a complaint.
_LIKELY, _LEAST_LETTERS = 3.6, 12

_MOST_OF_A_NAMED_WISH, _NAMED = 24, 2.0
"""Letters: ราคาข้าวเปลือกวันนี้. What is longer tells an officer something, unless it asks."""

_BELONGS_TO_ASKING = frozenset({Intent.ASK_SERVICE, Intent.ADVICE, Intent.GREETING, Intent.OTHER})


def is_answer(turn: Turn) -> bool:
    """Whether words are an answer to the question of the dialog that runs, and nothing else."""
    answers = _ANSWERS.get(turn.dialog.name)
    return answers is not None and answers(turn, understand(turn.incoming.text, turn.language))


def something_else(turn: Turn, by_keyword: ByKeyword) -> Bubbles | None:
    """The answer to words that want something else than the dialog that runs; None when they belong to it."""
    name, text = turn.dialog.name, turn.incoming.text
    if name not in _TELLING and name not in _ANSWERS:
        return None
    if says_whole(text, "enough"):
        return _enough(turn)
    meant = understand(text, turn.language)
    if (follow_up := asking.follow_up(turn)) is not None:
        return beside(turn, follow_up)
    act = (_wanted_while_telling if name in _TELLING else _wanted)(turn, meant, by_keyword)
    if act is None:
        return None
    if name == cases_tracking.MORE and cases_tracking.is_for_an_officer(turn):
        cases_tracking.answered_here(turn)
    is_end = meant.intent in _LEADS_OUT or meant.intent in _IS_WHAT_IT_IS_FOR.get(name, ())
    return act() if is_end else beside(turn, act)


def known_word(turn: Turn, known: Keyword, by_keyword: ByKeyword) -> Bubbles:
    """What a known word leads to: out of the dialog that runs, or beside it."""
    name = turn.dialog.name
    if known is Keyword.GREETING and name != first_contact.NAME and _waits_for_a_stranger(turn):
        return AGAIN[name](turn)
    if known in _BESIDE:
        return beside(turn, lambda: by_keyword[known](turn))
    if known in (Keyword.CANCEL, Keyword.LEAVE) and (ended := cases_human.never_mind(turn)) is not None:
        return gone_on(turn, "human.give_up", ended)
    if known in (Keyword.CANCEL, Keyword.LEAVE) and name in AGAIN:
        action = "complaint.leave" if name == complaint.NAME else "leave"
        return gone_on(turn, action, by_keyword[known](turn))
    is_mistake = known is Keyword.MISTAKE or (known is Keyword.CANCEL and name == rescue.NAME)
    answer = by_keyword[known](turn)
    return gone_on(turn, "rescue.mistake", answer) if is_mistake else answer


def sticker(turn: Turn) -> Bubbles:
    """A stranger is asked one question only: the one that waits."""
    if _waits_for_a_stranger(turn):
        return AGAIN[turn.dialog.name](turn)
    return beside(turn, lambda: small_talk.sticker(turn))


def _waits_for_a_stranger(turn: Turn) -> bool:
    return turn.dialog.name in AGAIN and not turn.places and turn.person.stopped_at is None


def place_to_subscribe_in(turn: Turn) -> str | None:
    """The place after สมัคร, '' for none; None where the words are something that is told instead: เพิ่ม หลุมลึกด้วย."""
    typed = place_to_subscribe(turn.incoming.text)
    is_told = typed and turn.dialog.name in _TELLING and not by_intent.is_little_more_than_a_place(typed)
    return None if is_told else typed


def subscribed(turn: Turn, typed: str) -> Bubbles:
    """Subscribed by words, beside whatever dialog runs."""

    def subscribe() -> Bubbles:
        return subscriptions.subscribe_by_words(turn, typed)

    return subscribe() if turn.dialog.name == first_contact.NAME else beside(turn, subscribe)


def _enough(turn: Turn) -> Bubbles:
    """Nothing more: of what is told all is kept; any other dialog is over."""
    if turn.dialog.name == complaint.NAME:
        return complaint_back.again(turn)
    if turn.dialog.name == cases_tracking.MORE:
        return gone_on(turn, "case.enough", cases_tracking.enough(turn))
    return menu.menu(turn)


def _not_understood(turn: Turn) -> Bubbles:
    turn.dialog.not_understood += 1
    return (turn.bubble(turn.say("not_understood.plain")),)


def _wanted(turn: Turn, meant: Understanding, by_keyword: ByKeyword) -> Act | None:
    """What words want that are no answer to a question for a place, an hour, an amount, a crop or a service."""
    text = turn.incoming.text
    if says_cannot_call(text):
        return lambda: asking.sure_answer(turn) or cannot_call.told(turn)
    if asks_about_secrets(text) and not arbitration.is_chat(text):
        return lambda: asking.sure_answer(turn) or small_talk.never_asked(turn)
    if is_nonsense(text) or _ANSWERS[turn.dialog.name](turn, meant):
        return None
    if arbitration.tells_of_trouble(meant, text):
        return lambda: asking.beside(turn, complaint.from_words(turn))
    if _is_likely_a_complaint(meant, text):
        return lambda: _answered(turn, meant, by_keyword)
    if meant.is_clear and meant.intent is not Intent.OTHER:
        return lambda: _answered(turn, meant, by_keyword)
    if arbitration.is_about_an_office(meant, text) or (
        meant.intent is Intent.ASK_SERVICE and meant.is_question
    ):
        return lambda: asking.answer(turn)
    if scolds(text):
        return lambda: small_talk.insulted(turn)
    if turn.dialog.name == asking.NAME:
        return _at_a_place(turn, meant, by_keyword) if by_intent.is_little_more_than_a_place(text) else None
    code = script_language(text)
    return (lambda: _in_its_language(turn, code)) if code else None


def _at_a_place(turn: Turn, meant: Understanding, by_keyword: ByKeyword) -> Act:
    """A place and little more, where a service was asked about: warnings of it, or an end of them."""
    ends = meant.intent is Intent.UNSUBSCRIBE
    return lambda: _answered(turn, meant, by_keyword) if ends else first_contact.words(turn)


def _in_its_language(turn: Turn, code: str) -> Bubbles:
    """Words in another script are not understood themselves: with a machine it must come to an end."""
    turn.dialog.not_understood += 1
    return language.choose(turn, code)


def _is_likely_a_complaint(meant: Understanding, text: str) -> bool:
    """Whether words that are no answer rather complain: where they name no place either, less is enough."""
    names_nothing = len(soft(text)) >= _LEAST_LETTERS and not places_in(text).codes
    is_likely = guess_category(text).is_sure or (names_nothing and meant.score >= _LIKELY)
    return meant.intent is Intent.COMPLAIN and is_likely


def _answered(turn: Turn, meant: Understanding, by_keyword: ByKeyword) -> Bubbles:
    return by_intent.answered(turn, meant, by_keyword) or small_talk.not_understood(turn)


def _wanted_while_telling(turn: Turn, meant: Understanding, by_keyword: ByKeyword) -> Act | None:
    """What words want that tell nothing of the matter she writes about."""
    if turn.dialog.name == complaint.NAME and nothing_but_a_place(turn.incoming.text):
        return None
    guess = guess_category(turn.incoming.text)
    if turn.dialog.name == complaint.NAME and (act := _no_report(turn, meant, guess)) is not None:
        return act
    is_wanted = _is_surely_wanted(turn, meant, guess) if meant.is_clear else _asks_first(turn, meant)
    if cases_tracking.is_for_an_officer(turn):
        is_wanted = is_wanted or _is_no_matter_of_an_officer(turn, meant, guess)
    return (lambda: _answered(turn, meant, by_keyword)) if is_wanted else None


def _no_report(turn: Turn, meant: Understanding, guess: Guess) -> Act | None:
    """What nobody reports: fingers along the keyboard, who cannot call, an insult of Krajai."""
    text = turn.incoming.text
    if is_nonsense(text):
        return lambda: _not_understood(turn)
    if guess.score:
        return None
    if says_cannot_call(text):
        return lambda: cannot_call.told(turn)
    is_scolding = scolds(text) and meant.intent is Intent.OTHER
    return (lambda: small_talk.insulted(turn)) if is_scolding else None


def _asks_first(turn: Turn, meant: Understanding) -> bool:
    """Whether nothing is told yet, so that a question is one, also where it is not clear which service it is about."""
    return _has_told_nothing(turn) and meant.intent is Intent.ASK_SERVICE and meant.is_question


def _has_told_nothing(turn: Turn) -> bool:
    return turn.dialog.name == complaint.NAME and turn.dialog.step == "category"


def _is_surely_wanted(turn: Turn, meant: Understanding, guess: Guess) -> bool:
    """Whether clear words cannot belong to what she tells."""
    name = turn.dialog.name
    if meant.intent is Intent.HUMAN:
        return name == complaint.NAME and meant.score >= _SURE_OF_AN_OFFICER
    if meant.intent is Intent.TRACK_COMPLAINT:
        asks = meant.is_question or says_whole(turn.incoming.text, "my_cases")
        return asks and (not guess.is_sure or cases_tracking.has_any(turn))
    if meant.intent in _DONE_WHILE_TELLING:
        return not guess.is_sure
    if meant.intent is Intent.STOP_ALL:
        return says_stop(turn.incoming.text) and not guess.score and not meant.is_question
    if cases_tracking.is_for_an_officer(turn):
        return False
    if meant.intent is Intent.COMPLAIN:
        return name == cases_tracking.MORE and cases_tracking.is_about_another(turn, guess)
    if meant.intent is Intent.ASK_SERVICE:
        return meant.is_article_sure and (meant.is_question or not guess.score)
    if meant.intent in _OF_ITS_OWN_KIND:
        return _has_told_nothing(turn)
    return meant.intent in _ASKED_WHILE_TELLING and meant.is_question


def _is_no_matter_of_an_officer(turn: Turn, meant: Understanding, guess: Guess) -> bool:
    """Whether words to an officer are answered sooner here: a price, a warning, a service, a new complaint."""
    if meant.intent is Intent.COMPLAIN:
        return guess.is_sure and arbitration.tells_of_trouble(meant, turn.incoming.text)
    if meant.intent is Intent.ASK_SERVICE:
        return meant.is_article_sure and meant.is_question
    is_named = len(soft(turn.incoming.text)) <= _MOST_OF_A_NAMED_WISH and meant.score >= _NAMED
    is_asked = meant.is_clear and meant.is_question and not guess.score
    if meant.intent is Intent.ADVICE and not meant.slots.product:
        # What to do about a child's fever is no question of a farmer.
        return False
    return meant.intent in _ASKED_WHILE_TELLING and (is_asked or (is_named and not guess.is_sure))


def _is_a_place(turn: Turn, meant: Understanding) -> bool:
    """Whether words name a place and hardly anything beside."""
    text = turn.incoming.text
    if not by_intent.is_little_more_than_a_place(text) or meant.is_question:
        return False
    if not places_in(text).rest.strip():
        return True
    means_a_place = not meant.is_clear or meant.intent in (
        Intent.OTHER,
        Intent.SUBSCRIBE,
        Intent.WARNINGS_NEAR_ME,
    )
    return means_a_place and not guess_category(text).is_sure


def _are_hours(turn: Turn, meant: Understanding) -> bool:
    return hours.is_answer(turn.incoming.text) and not meant.is_question


def _is_an_amount(turn: Turn, meant: Understanding) -> bool:
    means_it = not meant.is_clear or meant.intent in (Intent.PRICE_ALERT, Intent.PRICE, Intent.OTHER)
    is_told = meant.intent is Intent.COMPLAIN and guess_category(turn.incoming.text).is_sure
    return means_it and not is_told and price_thresholds.is_answer(turn, meant.slots.product)


def _is_of_a_field(turn: Turn, meant: Understanding) -> bool:
    # A crop alone says what she grows, and asks for no price.
    names_a_crop = meant.intent is Intent.ADVICE or (meant.intent is Intent.PRICE and not meant.names_prices)
    is_open = not meant.is_clear or names_a_crop or meant.is_place
    return farmer.is_answer(turn) and not meant.is_question and is_open


def _belongs_to_asking(turn: Turn, meant: Understanding) -> bool:
    text = turn.incoming.text
    if scolds(text) and meant.intent is Intent.OTHER:
        return False
    if guess_category(text).is_sure and meant.intent is Intent.COMPLAIN:
        return False
    if by_intent.is_little_more_than_a_place(text) and not meant.is_question:
        return False
    return not meant.is_clear or meant.intent in _BELONGS_TO_ASKING


_ANSWERS: Mapping[str, Callable[[Turn, Understanding], bool]] = {
    first_contact.NAME: _is_a_place,
    price_mornings.NAME: _is_a_place,
    hours.NAME: _are_hours,
    price_thresholds.NAME: _is_an_amount,
    farmer.NAME: _is_of_a_field,
    asking.NAME: _belongs_to_asking,
}
"""Whether words are what a dialog asked for, whatever else they may mean."""
