"""Words at a complaint that is not sent yet: more of it, another complaint, or where it really is."""

from collections.abc import Sequence
from dataclasses import replace

from handlers.dialogs.complaint_draft import Draft, keep
from handlers.turn import Bubbles, Turn
from handlers.understanding.card_answers import wishes_something_else
from handlers.understanding.categories import guess_category, ranked
from handlers.understanding.intents import Intent, understand
from handlers.understanding.places import nothing_but_a_place, places_in
from handlers.understanding.writing import soft
from storage.cases import CaseKind
from storage.cases_categories import about

STEP = "which"
"""She is asked whether what she wrote is another complaint."""

UNCLEAR = "unclear"
"""She is asked whether what she wrote is more of the complaint, or whether it shall be sent as it was."""

_DISTRICT, _PROVINCE = 4, 2
_MOST_ASKED = 2
_MOST_UNCLEAR = 24
"""Letters: a longer message tells something."""

_TELLS = frozenset({Intent.COMPLAIN, Intent.SUGGESTION, Intent.DAMAGE_REPORT, Intent.PRAISE})
_ASKED_AT = frozenset({"confirm", "where", "edit"})
_LIKELY = 3.6
"""From here on words rather complain than say where: ใกล้ถังขยะ."""

_MOST_BESIDE_A_PLACE = 12
"""Letters: ไม่ใช่ อยู่ที่."""


def is_one(turn: Turn, draft: Draft) -> bool:
    """Whether these words clearly complain of something else, or of the same somewhere else."""
    if turn.dialog.step not in _ASKED_AT or not draft.words or draft.kind != CaseKind.COMPLAINT:
        return False
    text = turn.incoming.text
    meant, guess = understand(text, turn.language), guess_category(text)
    if meant.intent is not Intent.COMPLAIN or not guess.score:
        return False
    told_of = {each.id for each in ranked(draft.words) if each.score} | {draft.category}
    is_other = guess.is_sure and guess.id not in told_of and meant.score >= _LIKELY
    if turn.dialog.step == "where":
        # หน้าถังขยะ says where; a complaint says what is wrong there, too.
        return is_other and meant.is_clear
    return is_other or _is_elsewhere(draft, text)


def ask(turn: Turn, draft: Draft) -> Bubbles:
    """Another complaint, or more about this one? Shorter the second time."""
    keep(turn, replace(draft, asked_other=draft.asked_other + 1), STEP)
    name = about(draft.kind, draft.category).name(turn.language)
    buttons = (
        turn.button("case_another", "complaint.another"),
        turn.button("case_more_of_it", "complaint.more"),
        turn.button("case_no_more", "complaint.leave"),
    )
    key = "complaint.ask_another.short" if draft.asked_other else "complaint.ask_another"
    return (turn.bubble(turn.say(key, what=name), buttons, lasting=True),)


def is_unclear(turn: Turn) -> bool:
    """Whether a few words at the card tell of nothing that is wrong: no part of a complaint unless she says so."""
    text = turn.incoming.text
    if len(soft(text)) > _MOST_UNCLEAR or any(sign.isdigit() for sign in text):
        return False
    if wishes_something_else(text):
        return True
    meant = understand(text, turn.language)
    return not guess_category(text).score and meant.intent not in _TELLS and not places_in(text).codes


def ask_whether_more(turn: Turn, draft: Draft) -> Bubbles:
    """More of it, or shall it be sent as it was?"""
    keep(turn, replace(draft, asked_other=draft.asked_other + 1), UNCLEAR)
    which = f":{draft.number}" if draft.number else ""
    buttons = (
        turn.button("case_more_of_it", "complaint.more"),
        turn.button("case_send_as_it_is", f"complaint.send{which}"),
        turn.button("case_no_more", "complaint.leave"),
    )
    return (turn.bubble(turn.say("complaint.ask_whether_more"), buttons, lasting=True),)


def ask_again(turn: Turn, draft: Draft) -> Bubbles | None:
    """The same question after a yes that chooses none; None when it was asked twice."""
    if draft.asked_other >= _MOST_ASKED:
        return None
    return (ask_whether_more if turn.dialog.step == UNCLEAR else ask)(turn, draft)


def place_instead(draft: Draft, text: str) -> str | None:
    """The place that she names instead of the one on the card, beside hardly anything else."""
    found = places_in(text)
    named = found.codes[0] if found.certain or len(found.codes) == 1 else _nearby(draft.place, found.codes)
    is_told = guess_category(text).score and not nothing_but_a_place(text)
    if not named or named == draft.place or is_told:
        return None
    return named if len(soft(found.rest)) <= _MOST_BESIDE_A_PLACE else None


def _nearby(place: str, codes: Sequence[str]) -> str | None:
    """The one of several places of that name that lies in the same district, else in the same province."""
    for digits in _DISTRICT, _PROVINCE:
        near = [code for code in codes if place and code[:digits] == place[:digits]]
        if len(near) == 1:
            return near[0]
    return None


def _is_elsewhere(draft: Draft, text: str) -> bool:
    found = places_in(text)
    if not draft.place or not found.certain:
        return False
    here, there = draft.place, found.codes[0]
    return not here.startswith(there) and not there.startswith(here)
