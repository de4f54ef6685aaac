"""How much attention one contact gets: a flood is answered slowly, a loop ends, a greeting is said once.

What is counted lies in the memory of her dialog, in the transaction of the turn.
"""

from collections.abc import Callable
from datetime import datetime

from handlers.turn import Bubbles, Turn
from handlers.understanding.keywords import Keyword, is_rescue, keyword
from storage.replies import IncomingKind

MOST_A_MINUTE = 30
"""So many messages of one contact are answered within a minute; what comes beyond is not read, and she is told so."""

MOST_NOT_UNDERSTOOD = 6
"""After so many answers that nothing was understood Krajai waits: the other side may be a machine that answers, too."""

FORGIVEN_AFTER_SECONDS = 30 * 60
GREETED_FOR_SECONDS = 60
"""A chat is often opened by two events at once, a follow and a start: one greeting answers both."""

_FLOODS = frozenset(
    {
        IncomingKind.TEXT,
        IncomingKind.TAP,
        IncomingKind.LOCATION,
        IncomingKind.STICKER,
        IncomingKind.VOICE,
        IncomingKind.PHOTO,
        IncomingKind.FILE,
    }
)
_ALWAYS_HEARD = frozenset({Keyword.SAFE, Keyword.MISTAKE, Keyword.STOP, Keyword.CANCEL})
_ALWAYS_DONE = ("rescue", "safe", "stop", "erase")


def answered(turn: Turn, answer: Callable[[Turn], Bubbles]) -> Bubbles:
    """The answer to a turn, unless too many came within a minute, or nothing is understood again and again."""
    if turn.incoming.in_group or turn.incoming.kind not in _FLOODS:
        return answer(turn)
    if _is_one_too_many(turn):
        return _said_once(turn, "slow", turn.say("attention.slow"), _minute(turn))
    if _seconds_silent(turn) > FORGIVEN_AFTER_SECONDS:
        turn.dialog.not_understood = 0
    before = turn.dialog.not_understood
    bubbles = answer(turn)
    if turn.dialog.not_understood <= before or turn.dialog.not_understood < MOST_NOT_UNDERSTOOD:
        return bubbles
    if turn.dialog.not_understood == MOST_NOT_UNDERSTOOD:
        return (turn.bubble(turn.say("attention.waits"), (turn.button("menu", "menu"),)),)
    return ()


def is_greeted(turn: Turn, dialog_name: str) -> bool:
    """Whether the chat was opened and greeted a moment ago, and this event opens it once more."""
    opens = turn.incoming.kind is IncomingKind.FOLLOW or turn.incoming.text.strip() == "/start"
    return opens and was_just_greeted(turn, dialog_name)


def was_just_greeted(turn: Turn, dialog_name: str) -> bool:
    """Whether the greeting was the last thing that was said, a moment ago."""
    return turn.dialog.name == dialog_name and _seconds_silent(turn) < GREETED_FOR_SECONDS


def is_first_today(turn: Turn, what: str) -> bool:
    """True once a day for each `what`, by her own calendar."""
    today = turn.at.astimezone(turn.zone).date().isoformat()
    if turn.dialog.memory.get(what) == today:
        return False
    turn.dialog.memory = {**turn.dialog.memory, what: today}
    return True


def _is_one_too_many(turn: Turn) -> bool:
    """Count this message; whether it is beyond what is answered, and not one that always is."""
    minute, count = turn.dialog.memory.get("minute"), turn.dialog.memory.get("count", 0)
    if minute is None or (turn.at - datetime.fromisoformat(minute)).total_seconds() >= 60:
        minute, count = turn.at.isoformat(), 0
    turn.dialog.memory = {**turn.dialog.memory, "minute": minute, "count": count + 1}
    return bool(count >= MOST_A_MINUTE) and not _is_vital(turn)


def _is_vital(turn: Turn) -> bool:
    """A cry for help and all that belongs to it, and what closes the door."""
    if turn.dialog.name == "rescue":
        return True
    if turn.incoming.kind is IncomingKind.TAP:
        return turn.incoming.action.partition(":")[0].partition(".")[0] in _ALWAYS_DONE
    return is_rescue(turn.incoming.text) or keyword(turn.incoming.text) in _ALWAYS_HEARD


def _said_once(turn: Turn, what: str, text: str, occasion: str) -> Bubbles:
    if turn.dialog.memory.get(what) == occasion:
        return ()
    turn.dialog.memory = {**turn.dialog.memory, what: occasion}
    return (turn.bubble(text, (turn.button("rescue", "rescue.check"), turn.button("menu", "menu"))),)


def _minute(turn: Turn) -> str:
    return str(turn.dialog.memory["minute"])


def _seconds_silent(turn: Turn) -> float:
    return (turn.at - turn.dialog.updated_at).total_seconds()
