"""What is done about free words: one table from what they were understood to mean to an answer.

What is done about them in the middle of a dialog is in `handlers/asides.py`.
"""

from collections.abc import Callable, Mapping

from handlers.dialogs import (
    advice,
    asking,
    cannot_call,
    cases_tracking,
    complaint,
    complaint_back,
    field_desk,
    field_draft,
    first_contact,
    language,
    price_mornings,
    price_thresholds,
    prices,
    rescue,
    rumour,
    small_talk,
    stopping,
    subscriptions,
    warnings_near_me,
)
from handlers.dialogs.choosing_place import found_or_ask
from handlers.turn import Bubbles, Turn
from handlers.understanding import arbitration
from handlers.understanding.categories import guess_category
from handlers.understanding.intents import Intent, Understanding, understand
from handlers.understanding.keywords import (
    Keyword,
    asks_about_secrets,
    is_insult,
    is_nonsense,
    says_cannot_call,
    says_stop,
)
from handlers.understanding.languages import language_in, script_language
from handlers.understanding.places import places_in
from handlers.understanding.short_answers import suggests
from handlers.understanding.writing import soft
from storage.cases import CaseKind

ByKeyword = Mapping[Keyword, Callable[[Turn], Bubbles]]


def _subscribe(turn: Turn, meant: Understanding) -> Bubbles:
    if meant.slots.place:
        return subscriptions.subscribe_by_words(turn, turn.incoming.text)
    if meant.names_prices:
        return price_mornings.begin(turn, meant.slots.product) if meant.slots.product else prices.choose(turn)
    return first_contact.ask_place(turn)


def _unsubscribe(turn: Turn, meant: Understanding) -> Bubbles:
    """At once where it is clear what she means; else she chooses what goes."""
    names_prices = bool(meant.slots.product or meant.names_prices)
    if not meant.is_clear:
        choice = price_thresholds.mine if names_prices else subscriptions.remove
        return asking.sure_answer(turn) or choice(turn, "")
    if meant.slots.place:
        return subscriptions.remove_by_words(turn, meant.slots.place)
    if names_prices:
        product = meant.slots.product
        ended = price_mornings.end_all_of(turn, product) if product else None
        return ended or subscriptions.remove_prices(turn, with_rules=not product)
    return subscriptions.remove(turn, "")


def _stop(turn: Turn, meant: Understanding) -> Bubbles:
    """Warnings end with it: a stop that is only guessed, or asked about, closes nothing before she says so."""
    if not says_stop(turn.incoming.text):
        return asking.sure_answer(turn) or small_talk.not_understood(turn)
    if meant.is_clear and not meant.is_question:
        return stopping.stop(turn)
    buttons = (turn.button("stop_yes", "stop"), turn.button("ask", "ask"), turn.button("menu", "menu"))
    return asking.sure_answer(turn) or (turn.bubble(turn.say("meant.stop"), buttons, lasting=True),)


def _ask_if_safe(turn: Turn, _: Understanding) -> Bubbles:
    """Only her own word or tap is stored as safe: in free words "not safe" and "safe yet?" are near it."""
    buttons = (
        turn.button("safe", "safe"),
        turn.button("need_help", "rescue.now"),
        turn.button("near_me", "near_me"),
    )
    return (turn.bubble(turn.say("meant.safe"), buttons, lasting=True),)


def _warnings(turn: Turn, meant: Understanding) -> Bubbles:
    """Of the place that was named, of several after asking which; of her own when none was."""
    if not meant.slots.place:
        return warnings_near_me.near_me(turn)
    code, question = found_or_ask(turn, "near_me.at:")
    return warnings_near_me.at_place(turn, code) if code else question


def _advice(turn: Turn, meant: Understanding) -> Bubbles:
    """About a crop by the weather; a service that is about the same is answered first, where it is certain."""
    service = None if meant.slots.product else asking.sure_answer(turn)
    return service or asking.beside(turn, advice.by_words(turn, meant.slots.product, meant.slots.place))


def _language(turn: Turn, meant: Understanding) -> Bubbles:
    """Switched by clear words only; where a language is only named, she is asked which one she wants."""
    wanted = (language_in(turn.incoming.text) or "") if meant.is_clear else ""
    # Thai, said by one who is written to in Thai, was only named.
    return language.choose(turn, "" if wanted == turn.language == "th" else wanted)


def _complain(turn: Turn, meant: Understanding) -> Bubbles:
    """A question about a service that is certain is answered; all else that sounds like a complaint is one."""
    service = asking.sure_answer(turn) if meant.is_question else None
    return service or asking.beside(turn, complaint.from_words(turn))


BY_INTENT: Mapping[Intent, Callable[[Turn, Understanding], Bubbles]] = {
    Intent.SUBSCRIBE: _subscribe,
    Intent.UNSUBSCRIBE: _unsubscribe,
    Intent.STOP_ALL: _stop,
    Intent.NEED_HELP: lambda turn, _: rescue.check(turn),
    Intent.SAFE: _ask_if_safe,
    Intent.PRICE: lambda turn, meant: prices.by_words(turn, meant.slots.product, meant.slots.place),
    Intent.PRICE_ALERT: lambda turn, meant: price_thresholds.from_words(
        turn, meant.slots.product, meant.slots.op, meant.slots.amount
    ),
    Intent.ADVICE: _advice,
    Intent.WARNINGS_NEAR_ME: _warnings,
    Intent.COMPLAIN: _complain,
    Intent.TRACK_COMPLAINT: lambda turn, meant: cases_tracking.track(turn, meant.slots.ticket or ""),
    Intent.ASK_SERVICE: lambda turn, _: asking.answer(turn),
    Intent.LANGUAGE: _language,
    Intent.RUMOUR: lambda turn, meant: rumour.answer(turn, meant.slots.place),
    Intent.DAMAGE_REPORT: lambda turn, _: asking.beside(turn, complaint.from_words(turn, CaseKind.DAMAGE)),
    Intent.PRAISE: lambda turn, _: complaint.from_words(turn, CaseKind.PRAISE),
    Intent.SUGGESTION: lambda turn, _: complaint.from_words(turn, CaseKind.SUGGESTION),
}
"""What an intent leads to. The others are answered as a keyword is; OTHER by nobody here."""

AS_KEYWORD: Mapping[Intent, Keyword] = {
    Intent.HUMAN: Keyword.OFFICER,
    Intent.HELP: Keyword.MENU,
    Intent.DELETE_MY_DATA: Keyword.ERASE,
    Intent.GREETING: Keyword.GREETING,
}

BACK: Mapping[str, Callable[[Turn], Bubbles]] = {
    first_contact.NAME: first_contact.back,
    complaint.NAME: complaint_back.back,
    field_desk.NAME: field_draft.back,
}
"""How a dialog of several steps goes one back."""

_MAY_BE_AN_IDEA = frozenset({Intent.SUGGESTION, Intent.ASK_SERVICE, Intent.COMPLAIN, Intent.OTHER})
"""What words that suggest something are understood to mean beside."""

_MOST_BESIDE_A_PLACE = 12
"""Letters: ฉันอยู่, บ้านพ่ออยู่ที่."""


def free_words(turn: Turn, by_keyword: ByKeyword) -> Bubbles:
    """The answer to words outside of any dialog."""
    if (said := _at_its_word(turn)) is not None:
        return said
    text = turn.incoming.text
    meant = understand(text, turn.language)
    if meant.is_place:
        return _placed(turn)
    if suggests(text) and meant.intent in _MAY_BE_AN_IDEA:
        return complaint.from_words(turn, CaseKind.SUGGESTION)
    if arbitration.tells_of_trouble(meant, text):
        return asking.beside(turn, complaint.from_words(turn))
    if arbitration.is_about_an_office(meant, text) or (
        arbitration.is_off_topic(meant, text)
        and (arbitration.is_hardly_anything_else(text) or not is_little_more_than_a_place(text))
    ):
        return asking.answer(turn)
    # Who is met for the first time is greeted, unless she clearly wants something.
    if (not _is_new(turn) or meant.is_clear) and (answer := answered(turn, meant, by_keyword)):
        return answer
    return _guessed(turn)


def _at_its_word(turn: Turn) -> Bubbles | None:
    """Words that say what is to be done whatever else they may mean; None for all others."""
    text = turn.incoming.text
    if says_cannot_call(text):
        return asking.sure_answer(turn) or cannot_call.told(turn)
    if is_nonsense(text):
        # A text message from somebody new must first say who answers.
        return first_contact.greet(turn) if turn.is_sms and _is_new(turn) else small_talk.not_understood(turn)
    if asks_about_secrets(text) and not arbitration.is_chat(text):
        return asking.sure_answer(turn) or small_talk.never_asked(turn)
    return None


def _guessed(turn: Turn) -> Bubbles:
    """Nothing was clearly meant: what comes nearest."""
    text = turn.incoming.text
    if (service := asking.sure_answer(turn)) is not None:
        return service
    if guess_category(text).is_sure:
        return asking.beside(turn, complaint.from_words(turn))
    if scolds(text):
        return small_talk.insulted(turn)
    if code := script_language(text):
        # The words themselves are not understood: a machine on the other side would go on for ever.
        turn.dialog.not_understood += 1
        # Who is known and reads Thai keeps it until she says otherwise.
        return language.choose(turn, "" if turn.language == "th" and not _is_new(turn) else code)
    if is_little_more_than_a_place(text):
        return _placed(turn)
    if _is_new(turn):
        return first_contact.greet(turn)
    return asking.likely_answer(turn) or small_talk.not_understood(turn)


def _placed(turn: Turn) -> Bubbles:
    """A place is one to be warned of; who is met for the first time reads first who asks."""
    if _is_new(turn) and not first_contact.has_met(turn):
        return first_contact.greet(turn)
    return first_contact.words(turn)


def _is_new(turn: Turn) -> bool:
    return turn.person.consented_at is None and turn.person.stopped_at is None


def scolds(text: str) -> bool:
    """Whether a message insults; a place whose name sounds like it does not."""
    return is_insult(text) and is_insult(places_in(text).rest)


def is_little_more_than_a_place(text: str) -> bool:
    """Whether a message names a place and hardly anything beside: else she wants something else of it than warnings."""
    found = places_in(text)
    return bool(found.codes) and len(soft(found.rest)) <= _MOST_BESIDE_A_PLACE


def answered(turn: Turn, meant: Understanding, by_keyword: ByKeyword) -> Bubbles | None:
    """What an intent leads to; None for one that leads nowhere here."""
    if (known := AS_KEYWORD.get(meant.intent)) is not None:
        return by_keyword[known](turn)
    action = BY_INTENT.get(meant.intent)
    return action(turn, meant) if action else None
