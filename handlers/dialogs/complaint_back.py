"""Moving about in a complaint by words: one step back, the same question again, out of it."""

from handlers.dialogs import complaint
from handlers.dialogs.complaint_draft import draft_of
from handlers.turn import Bubbles, Turn
from storage.cases import CaseKind


def again(turn: Turn) -> Bubbles:
    """The question, or the card, where the complaint stands."""
    if turn.dialog.step == "category" and not draft_of(turn).has_content:
        return complaint.start(turn)
    return complaint.ACTIONS["complaint.card"](turn, "")


def back(turn: Turn) -> Bubbles:
    """From the card to the place, from the place to the words, from the words to what it is about, and out."""
    draft, step = draft_of(turn), turn.dialog.step
    if step == "category" or (step == "words" and draft.kind != CaseKind.COMPLAINT):
        return leave(turn)
    if step == "words":
        return complaint.ask_group_again(turn)
    if step == "where" or draft.kind not in (CaseKind.COMPLAINT, CaseKind.DAMAGE):
        return complaint.ACTIONS["complaint.edit"](turn, "words")
    return complaint.ACTIONS["complaint.edit"](turn, "place")


def leave(turn: Turn) -> Bubbles:
    """Nothing is sent, and she reads that."""
    return complaint.ACTIONS["complaint.leave"](turn, "")
