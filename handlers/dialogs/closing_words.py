"""The answer to "is it solved?" and to "how many stars?" in her own words (voice.md 3.11).

Her "not solved" must not be lost: what sounds like it opens the case again, and her words are kept for the officer.
What is not clear is kept there, too, and asked back once. A cry for help stays one.
"""

import re

from handlers.dialogs import rescue
from handlers.dialogs.cases_closing import is_solved, is_unsolved, star
from handlers.dialogs.cases_desk import own_case_in, tell_officers
from handlers.turn import Bubbles, Turn
from handlers.understanding.categories import guess_category
from handlers.understanding.intents import Intent, Understanding, understand
from handlers.understanding.keywords import Keyword, is_insult, is_nonsense, is_rescue, keyword
from handlers.understanding.places import places_in
from handlers.understanding.verdicts import Verdict, is_bare, stars_in, verdict_by_itself, verdict_in
from storage.cases import Case, cases_of
from storage.cases_telling import manner, solved_buttons
from storage.lifecycles import CASE, CaseState, allowed
from storage.replies import IncomingKind

_ASKED_BACK = "asked_back"
_MOST_WORDS = 4
"""Words of a message that is kept as an answer though nobody knows what it says: more tell of something else."""

_WANTED = 2.0
"""From this score on something else is wanted, though it is not clear."""

_IS_NO_ANSWER = frozenset(Intent) - {
    Intent.COMPLAIN,
    Intent.DAMAGE_REPORT,
    Intent.PRAISE,
    Intent.NEED_HELP,
    Intent.SAFE,
    Intent.TRACK_COMPLAINT,
    Intent.GREETING,
    Intent.OTHER,
}
"""What is wanted beside the question: it is done, and the question stays on her screen."""


def by_words(turn: Turn) -> Bubbles | None:
    """The answer where words are hers to that question, or to the stars; None for all others."""
    text = turn.incoming.text
    if turn.incoming.kind is not IncomingKind.TEXT or not text.strip() or turn.dialog.name == rescue.NAME:
        return None
    if (number := _offered(turn, "case.star")) is not None:
        stars = stars_in(text)
        if stars is not None:
            return star(turn, f"{stars}:{number}")
    if (case := _case_asked_about(turn)) is not None:
        # A mere no to the stars gives none; it takes nothing back.
        is_asked = _offered(turn, "case.solved") is not None
        if not is_asked and is_bare(text) and verdict_by_itself(text) is None:
            return None
        return _heard(turn, case, verdict_in(text))
    case = _case_that_waits(turn)
    return _heard(turn, case, verdict_by_itself(text) or verdict_in(text)) if case is not None else None


def _heard(turn: Turn, case: Case, verdict: Verdict | None) -> Bubbles | None:
    text = turn.incoming.text
    if is_rescue(text) and _cries(text):
        if verdict is Verdict.UNSOLVED and allowed(CASE, case.state, CaseState.REOPENED):
            # Nothing is said of it: the cry comes first. She is not asked again whether it is solved.
            _reopen(turn, case)
        return None
    meant = understand(text, turn.language)
    if verdict_by_itself(text) is None and _is_about_something_else(case, meant, text):
        return None
    if verdict is None and (_is_the_same_trouble(case, meant, text) or is_insult(text)):
        verdict = Verdict.UNSOLVED
    if verdict is None and meant.intent is Intent.PRAISE and meant.is_clear:
        verdict = Verdict.SOLVED
    if verdict is Verdict.SOLVED:
        return is_solved(turn, str(case.number))
    if verdict is Verdict.UNSOLVED:
        return _reopen(turn, case)
    return _asked_back(turn, case, verdict)


def _reopen(turn: Turn, case: Case) -> Bubbles:
    answer = is_unsolved(turn, str(case.number), said=not is_bare(turn.incoming.text))
    if case.state == CaseState.REOPENED:
        tell_officers(turn, case, turn.incoming.text.strip())
    return answer


def _asked_back(turn: Turn, case: Case, verdict: Verdict | None) -> Bubbles | None:
    """The question once more; None where she was asked back already, or says something else."""
    text = turn.incoming.text
    is_asked = _offered(turn, "case.solved") == str(case.number) and case.state == CaseState.DONE
    known = keyword(text)
    is_a_number = re.fullmatch(r"[\d\s./-]+", text) is not None
    if not is_asked or turn.dialog.memory.get(_ASKED_BACK) == case.number or is_nonsense(text) or is_a_number:
        return None
    if known not in (None, Keyword.THANKS) or (known is None and not _may_be_one(turn, verdict)):
        return None
    turn.dialog.memory = {**turn.dialog.memory, _ASKED_BACK: case.number}
    if known is None:
        tell_officers(turn, case, turn.incoming.text.strip())
    key = f"cases.closing.ask_back.{manner(case)}"
    return (turn.bubble(turn.say(key), solved_buttons(case, turn.language), lasting=True),)


def _may_be_one(turn: Turn, verdict: Verdict | None) -> bool:
    text = turn.incoming.text
    meant = understand(text, turn.language)
    wants_more = meant.intent in _IS_NO_ANSWER and meant.score >= _WANTED
    return verdict is not None or (len(text.split()) <= _MOST_WORDS and not wants_more)


def _cries(text: str) -> bool:
    """Whether something beside the verdict, or a part of it by itself, cries for help."""
    pieces = re.split(r"[\s,.!?]+", text)
    return is_rescue(" ".join(each for each in pieces if verdict_in(each) is None or is_rescue(each)))


def _is_about_something_else(case: Case, meant: Understanding, text: str) -> bool:
    """Whether words want something of their own: a price, an office, a complaint with another place or category."""
    if keyword(text) not in (None, Keyword.THANKS, Keyword.GREETING):
        return True
    if meant.is_clear and meant.intent in _IS_NO_ANSWER:
        return meant.intent is not Intent.ASK_SERVICE or meant.is_article_sure or meant.is_question
    guess = guess_category(text)
    is_elsewhere = places_in(text).certain and meant.intent in (Intent.COMPLAIN, Intent.DAMAGE_REPORT)
    return is_elsewhere or (guess.is_sure and guess.id != case.category)


def _is_the_same_trouble(case: Case, meant: Understanding, text: str) -> bool:
    guess = guess_category(text)
    return meant.intent is Intent.COMPLAIN and bool(guess.score) and guess.id == case.category


def _offered(turn: Turn, action: str) -> str | None:
    """The number of the case that the buttons shown last are about, of those that do `action`."""
    offered = (each["action"] for each in turn.dialog.offered)
    return next((each.rpartition(":")[2] for each in offered if each.partition(":")[0] == action), None)


def _case_asked_about(turn: Turn) -> Case | None:
    """The case that was asked about last, while "not solved" can still open it again."""
    found = (_offered(turn, action) for action in ("case.unsolved", "case.solved", "case.star"))
    number = next((each for each in found if each is not None), None)
    case = own_case_in(turn, number) if number is not None else None
    return case if case is not None and case.state in (CaseState.DONE, CaseState.CLOSED) else None


def _case_that_waits(turn: Turn) -> Case | None:
    """The only case of hers that waits for her answer, where no dialog runs and words say it by themselves."""
    text = turn.incoming.text
    if turn.dialog.name or verdict_in(text) in (None, Verdict.MIXED):
        return None
    waiting = [
        case
        for case in cases_of(turn.session, turn.person_id)
        if case.state == CaseState.DONE and case.person_id == turn.person_id
    ]
    if len(waiting) != 1:
        return None
    case = waiting[0]
    meant = understand(text, turn.language)
    says_it = verdict_by_itself(text) is not None or _is_the_same_trouble(case, meant, text)
    return own_case_in(turn, str(case.number)) if says_it else None
