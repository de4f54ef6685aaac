"""Clear other wishes after a cry for help are answered; the cry stays open until she says that she is safe."""

from handlers import by_intent
from handlers.by_intent import ByKeyword
from handlers.dialogs import cases_tracking, my_data, rescue, spoken_tickets
from handlers.pauses import Act
from handlers.turn import MOST_BUBBLES, Bubbles, Turn
from handlers.understanding import arbitration
from handlers.understanding.categories import guess_category
from handlers.understanding.intents import Intent, understand
from handlers.understanding.keywords import Keyword, is_rescue, keyword, says_whole
from handlers.understanding.short_answers import asks_for_her_cases
from storage.dialogs import enter
from storage.safety import open_cry

_KNOWN = frozenset({Keyword.ERASE, Keyword.MY_DATA, Keyword.PRICES, Keyword.MINE})
"""Known words that tell nothing of her danger."""

_OF_THE_DANGER = frozenset(
    {
        "drainage-flood",
        "electricity",
        "building",
        "tree",
        "stray-animals",
        "burning-smoke",
        "smell-pollution",
        "safety-crime",
        "public-health",
        "other",
    }
)
"""What may be reported and may be the danger itself: it stays with the cry."""

_PRICES = frozenset({Intent.PRICE, Intent.PRICE_ALERT})


def answered(turn: Turn, by_keyword: ByKeyword) -> Bubbles | None:
    """The answer to words that clearly want something else; None for all that may belong to the cry."""
    if turn.dialog.step != "details" or open_cry(turn.session, turn.contact_id) is None:
        return None
    act = _wanted(turn, by_keyword)
    if act is None:
        return None
    dialog = turn.dialog
    name, step, known = dialog.name, dialog.step, dialog.known
    answer = act()
    offered = {button.action for bubble in answer for button in bubble.buttons}
    if dialog.name == "" and "erase.no" not in offered:
        enter(dialog, name, step, **known)
    if len(answer) >= MOST_BUBBLES:
        return answer
    buttons = (turn.button("safe_now", "rescue.safe_now"), turn.button("still_help", "rescue.still"))
    return (turn.bubble(turn.say("rescue.beside"), buttons, lasting=True), *answer)


def _wanted(turn: Turn, by_keyword: ByKeyword) -> Act | None:
    text = turn.incoming.text
    known = keyword(text)
    if known is not None:
        return (lambda: by_keyword[known](turn)) if known in _KNOWN else None
    if is_rescue(text):
        return None
    if (ticket := spoken_tickets.named(turn)) is not None:
        return lambda: cases_tracking.track(turn, ticket)
    if says_whole(text, "my_cases") or asks_for_her_cases(text):
        return lambda: cases_tracking.track(turn)
    meant = understand(text, turn.language)
    if meant.intent is Intent.DELETE_MY_DATA:
        return lambda: my_data.ask_to_erase(turn)
    is_wish = meant.is_clear and meant.intent in _PRICES
    guess = guess_category(text)
    is_report = arbitration.tells_of_trouble(meant, text) and guess.id not in _OF_THE_DANGER
    is_service = (
        meant.is_clear and meant.is_question and meant.is_article_sure and meant.intent is Intent.ASK_SERVICE
    )
    if not (is_wish or is_report or is_service):
        return None
    if not is_wish:
        rescue.keep_words(turn)
    return lambda: by_intent.answered(turn, meant, by_keyword) or ()
