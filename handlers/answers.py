"""Yes, no and never mind, typed where Krajai has asked something: the button of the last question that they mean.

No and never mind leave or deny that question, and stop nothing else. Officers' drafts have words of their own for it.
"""

from collections.abc import Sequence

from handlers import waiting
from handlers.dialogs import complaint, complaint_other, field_desk
from handlers.turn import Turn
from handlers.understanding.card_answers import (
    asks_about_photos,
    has_no_photo,
    says_send,
    says_send_it,
    takes_back,
)
from handlers.understanding.keywords import Keyword, is_yes_to, keyword, says_whole
from handlers.understanding.short_answers import says_erase_now, says_no

ERASE = "erase.now"
_A_YES = "yes"

_YES = ("text_only:yes", "stop.keep", "rescue.somebody")
"""What a mere yes chooses where no label begins with one."""

_NO = (
    "erase.no",
    "complaint.apart",
    "ask.none",
    "case.thanks",
    "rescue.asking",
    "rescue.nobody",
    "text_only:no",
    "human.give_up",
    "media.drop",
    "stop.all",
    "leave",
)
"""What a mere no chooses, the first that is offered."""

_NEVER_MIND = (
    "erase.no",
    "ask.none",
    "case.thanks",
    "rescue.asking",
    "text_only:no",
    "human.give_up",
    "leave",
)
"""What never mind chooses: it leaves the question, and answers none."""

_OTHERWISE = "place.type"
"""What a no chooses where places are offered: none of these."""

_SKIP = ":-"
"""How the action of a button ends that leaves a question without an answer."""


def chosen(turn: Turn) -> str | None:
    """The action that a typed yes or no stands for; None where nothing was asked, or words say more."""
    offered = [each["action"] for each in turn.dialog.offered]
    text = turn.incoming.text
    if (
        turn.dialog.name == ""
        and says_send_it(text)
        and any(map(waiting.is_draft, waiting.waiting(turn.dialog)))
    ):
        # What waits is shown once more before it is sent.
        return "complaint.card"
    if not offered:
        return None
    if turn.dialog.name == complaint.NAME and (action := _at_a_card(turn, offered)) is not None:
        return action
    if ERASE in offered and says_erase_now(text):
        return ERASE
    if says_whole(text, "yes"):
        return _yes(turn, offered)
    is_no, is_never_mind = says_no(text), keyword(text) is Keyword.CANCEL
    if not (is_no or is_never_mind) or turn.dialog.name == field_desk.NAME:
        return None
    if turn.dialog.name == complaint.NAME:
        return _first(offered, ("complaint.apart",)) if is_no else None
    found = _first(offered, _NO if is_no else _NEVER_MIND)
    if found is None and (is_no or not turn.dialog.name):
        # Never mind leaves a dialog of several questions as a whole.
        found = _skipping(offered)
    if found is None and is_no and _OTHERWISE in offered and _is_a_choice(offered):
        return _OTHERWISE
    return found or ("leave" if _is_a_question(turn, offered) else None)


def _at_a_card(turn: Turn, offered: Sequence[str]) -> str | None:
    """Shall it be sent? A yes or a no as people say it, and a word about photos."""
    text, step = turn.incoming.text, turn.dialog.step
    if step not in ("confirm", complaint_other.STEP, complaint_other.UNCLEAR):
        return None
    if takes_back(text):
        return _first(offered, ("complaint.leave",))
    agrees = says_send_it if step == complaint_other.UNCLEAR else says_send
    if agrees(text) and (send := _first(offered, ("complaint.send",))):
        return send
    if step != "confirm":
        return None
    if says_send_it(text) and "complaint.card" in offered:
        # She was told how a photo is sent.
        return "complaint.send"
    if has_no_photo(text):
        return "complaint.card"
    return "photo" if asks_about_photos(text) else None


def _yes(turn: Turn, offered: Sequence[str]) -> str | None:
    agreed = [each["action"] for each in turn.dialog.offered if is_yes_to(each["label"], turn.incoming.text)]
    if agreed:
        return agreed[0] if len(agreed) == 1 else None
    return "erase.plainly" if ERASE in offered else _first(offered, _YES)


def _first(offered: Sequence[str], wanted: Sequence[str]) -> str | None:
    """The first of `wanted` that is offered: a whole action, or the name of one."""
    names = _named(offered)
    return next((names.get(each) or each for each in wanted if each in names or each in offered), None)


def _named(offered: Sequence[str]) -> dict[str, str]:
    return {each.partition(":")[0]: each for each in offered}


def _skipping(offered: Sequence[str]) -> str | None:
    return next((each for each in offered if each.endswith(_SKIP)), None)


def _is_a_question(turn: Turn, offered: Sequence[str]) -> bool:
    """Whether the buttons are answers to choose from, and not only ways on."""
    says_yes = any(is_yes_to(each["label"], _A_YES) for each in turn.dialog.offered)
    return says_yes or _OTHERWISE in offered or _is_a_choice(offered)


def _is_a_choice(offered: Sequence[str]) -> bool:
    """Whether one of several is to be chosen: two buttons that do the same with something else."""
    names = [each.partition(":")[0] for each in offered if ":" in each]
    return any(names.count(name) > 1 for name in names)
