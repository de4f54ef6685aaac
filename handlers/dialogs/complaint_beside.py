"""What she wrote beside a complaint that is not sent yet: a complaint of its own, or more about that one."""

from collections.abc import Callable, Mapping
from dataclasses import replace

from handlers.dialogs import complaint, complaint_card, complaint_other
from handlers.dialogs.complaint_draft import draft_of, keep, put_aside
from handlers.turn import Bubbles, Turn
from storage.replies import IncomingKind


def another(turn: Turn, _: str = "") -> Bubbles:
    """It is one of its own: the first waits."""
    draft = draft_of(turn)
    if not draft.other:
        return complaint.ACTIONS["complaint.card"](turn, "")
    keep(turn, replace(draft, other="", asked_other=0), "confirm")
    put_aside(turn)
    return complaint.led(turn, turn.say("paused.complaint"), _begun(turn, draft.other))


def more(turn: Turn, _: str = "") -> Bubbles:
    """It belongs to the complaint that runs."""
    draft = draft_of(turn)
    return complaint.joined(turn, draft, "") if draft.other else complaint.ACTIONS["complaint.card"](turn, "")


def send(turn: Turn, _: str = "") -> Bubbles:
    """The complaint is sent; what she wrote beside it is asked about next."""
    # What was unclear beside it is not sent unseen, and begins nothing.
    other = "" if turn.dialog.step == complaint_other.UNCLEAR else draft_of(turn).other
    answer = complaint_card.send(turn)
    if not other or not turn.is_settled:
        return answer
    sent = (bubble.model_copy(update={"buttons": ()}) for bubble in answer)
    return (*sent, *_begun(turn, other))[: complaint_card.MOST_BUBBLES]


def _begun(turn: Turn, told: str) -> Bubbles:
    turn.incoming = turn.incoming.model_copy(update={"kind": IncomingKind.TEXT, "text": told})
    return complaint.from_words(turn)


ACTIONS: Mapping[str, Callable[[Turn, str], Bubbles]] = {
    "complaint.send": send,
    "complaint.another": another,
    "complaint.more": more,
}
