"""Questions about government services: answered, asked back, or handed to an officer (voice.md 1.4, 3.6, 3.7).

The dialog remembers the article that was shown, so that "แล้วเสียเงินเท่าไร" is understood, and the question, so that
an officer can read it.
"""

from collections.abc import Callable, Mapping, Sequence

from handlers.dialogs import article_words, cases_human
from handlers.dialogs.cases_desk import desk_of
from handlers.turn import Bubbles, Turn
from handlers.understanding.articles import ArticleMatch, find_articles
from handlers.understanding.facets import facet_of, is_follow_up
from handlers.understanding.service_articles import Article, Facet, article
from storage import article_feedback
from storage.cases import CaseKind
from storage.cases_privacy import privacy
from storage.cases_work import deadline
from storage.dialogs import enter, leave
from storage.replies import Button, IncomingKind
from storage.wording import dates
from storage.wording.lengths import shorten

NAME = "asking"
SHOWN = "article"
"""Where another dialog knows which article was shown in the middle of it."""

POPULAR = (
    "id-card-lost",
    "elderly-allowance",
    "driving-licence-renew",
    "flood-compensation",
    "gold-card-rights",
)
"""Offered before anything is asked; those that have an article."""

MOST_BUTTONS = 6
BESIDE_FROM = 0.5
"""From this likeness on an article is offered beside what was understood instead."""

# As many as a message of LINE may have.
_MOST_KEPT_UNITS = 5000
# Which facets are offered below the answer to one, the first ones that are another.
_NEXT_FACETS = (Facet.FEE, Facet.WHERE, Facet.DOCUMENTS, Facet.TIME)
_MOST_NEXT = 3


def ask(turn: Turn, _: str = "") -> Bubbles:
    """The tile: what would you like to know?"""
    enter(turn.dialog, NAME, "question")
    shown = [each for slug in POPULAR if (each := article(slug)) is not None]
    return (turn.bubble(turn.say("services.ask"), [*_choices(turn, shown), _menu(turn)]),)


def again(turn: Turn, _: str = "") -> Bubbles:
    """She wants to put it in other words."""
    enter(turn.dialog, NAME, "question")
    return (turn.bubble(turn.say("services.again"), (_menu(turn),)),)


def words(turn: Turn) -> Bubbles:
    """Words while the dialog runs: a facet of the article that was shown, or a question."""
    text = turn.incoming.text
    match = find_articles(text, turn.language)
    shown = article(str(turn.dialog.known.get("slug", "")))
    asked = facet_of(text)
    if shown is not None and asked and (is_follow_up(text) or not _is_about_another(match, shown)):
        return _facet(turn, shown, asked)
    return _answer(turn, match)


def follow_up(turn: Turn) -> Callable[[], Bubbles] | None:
    """What is asked next about the article that was shown in the middle of another dialog; None for all else."""
    shown = article(str(turn.dialog.known.get(SHOWN, "")))
    asked = facet_of(turn.incoming.text)
    if shown is None or asked is None or not is_follow_up(turn.incoming.text):
        return None
    return lambda: _facet(turn, shown, asked)


def answer(turn: Turn) -> Bubbles:
    """The answer to a question that was asked outside of any dialog."""
    return _answer(turn, find_articles(turn.incoming.text, turn.language))


def sure_answer(turn: Turn) -> Bubbles | None:
    """As `answer`, where it is sure which service the words are about; None for all else."""
    match = find_articles(turn.incoming.text, turn.language)
    return _answer(turn, match) if match.sure else None


def likely_answer(turn: Turn) -> Bubbles | None:
    """As `answer`, where the words are about a service or about nothing Krajai answers; None where nobody knows."""
    match = find_articles(turn.incoming.text, turn.language)
    return _answer(turn, match) if match.slugs or match.off_topic else None


def beside(turn: Turn, bubbles: Bubbles) -> Bubbles:
    """Something else that was begun, with a button to the article the words are about, too, where there is room."""
    match = find_articles(turn.incoming.text, turn.language)
    found = article(match.slugs[0]) if match.best >= BESIDE_FROM else None
    if found is None or not bubbles or turn.is_sms:
        return bubbles
    *before, last = bubbles
    button = Button(label=found.in_language(turn.language).label, action=f"ask.article:{found.slug}")
    if len(last.buttons) >= MOST_BUTTONS or any(each.label == button.label for each in last.buttons):
        return bubbles
    # The way out stays the last one.
    buttons = (*last.buttons[:-1], button, *last.buttons[-1:])
    return (*before, last.model_copy(update={"buttons": buttons}))


def show(turn: Turn, slug: str) -> Bubbles:
    """The article that was chosen."""
    chosen = article(slug)
    if chosen is None:
        return ask(turn)
    question = _kept_question(turn) or chosen.in_language(turn.language).title
    return _show(turn, chosen, question)


def facet(turn: Turn, argument: str) -> Bubbles:
    """One facet of an article: `slug:facet`."""
    slug, _, name = argument.partition(":")
    chosen = article(slug)
    if chosen is None or name not in set(Facet):
        return ask(turn)
    return _facet(turn, chosen, Facet(name))


def none_of_these(turn: Turn, _: str = "") -> Bubbles:
    """No article fits: an officer may answer."""
    question = _kept_question(turn)
    return _not_known(turn, question)


def helpful(turn: Turn, slug: str) -> Bubbles:
    """The answer was to the point."""
    _count(turn, slug, helpful=True)
    return (turn.bubble(turn.say("services.helpful"), (turn.button("service_other", "ask"), _menu(turn))),)


def unhelpful(turn: Turn, slug: str) -> Bubbles:
    """The answer was not to the point."""
    _count(turn, slug, helpful=False)
    buttons = (_to_officer(turn), turn.button("service_again", "ask.again"), _menu(turn))
    return (turn.bubble(turn.say("services.unhelpful"), buttons),)


def to_officer(turn: Turn, _: str = "") -> Bubbles:
    """The question becomes a case; without a question she is asked for one."""
    question = _kept_question(turn)
    if not question:
        return again(turn)
    case = cases_human.open_case_for(turn, CaseKind.QUESTION, question)
    leave(turn.dialog)
    return cases_human.opened(turn, case)


def _answer(turn: Turn, match: ArticleMatch) -> Bubbles:
    question = shorten(turn.incoming.text, _MOST_KEPT_UNITS)
    found = [each for slug in match.slugs if (each := article(slug)) is not None]
    if match.sure and found:
        return _show(turn, found[0], question)
    if found:
        enter(turn.dialog, NAME, "choice", question=_concealed(turn, question))
        buttons = [*_choices(turn, found), turn.button("service_none", "ask.none")]
        return (turn.bubble(turn.say("services.which"), buttons),)
    if match.off_topic:
        enter(turn.dialog, NAME, "question")
        return (turn.bubble(turn.say("services.off_topic"), (_menu(turn),)),)
    return _not_known(turn, question)


def _show(turn: Turn, chosen: Article, question: str) -> Bubbles:
    enter(turn.dialog, NAME, "article", slug=chosen.slug, question=_concealed(turn, question), rated=False)
    buttons = (
        turn.button("service_fee", f"ask.facet:{chosen.slug}:{Facet.FEE}"),
        turn.button("service_where", f"ask.facet:{chosen.slug}:{Facet.WHERE}"),
        turn.button("service_helpful", f"ask.helpful:{chosen.slug}"),
        turn.button("service_unhelpful", f"ask.unhelpful:{chosen.slug}"),
        _ask_officer(turn),
        _menu(turn),
    )
    by_number = (*buttons[:2], _ask_officer(turn))
    return article_words.whole(turn, chosen, by_number if turn.is_sms else buttons)


def _facet(turn: Turn, chosen: Article, wanted: Facet) -> Bubbles:
    known = turn.dialog.known if turn.dialog.name == NAME else {}
    question = (_kept_question(turn) if known else "") or chosen.in_language(turn.language).title
    if turn.incoming.kind is IncomingKind.TEXT:
        question = shorten(f"{chosen.in_language('th').title}: {turn.incoming.text}", _MOST_KEPT_UNITS)
    rated = bool(known.get("rated", False)) and known.get("slug") == chosen.slug
    enter(turn.dialog, NAME, "article", slug=chosen.slug, question=_concealed(turn, question), rated=rated)
    others = [each for each in _NEXT_FACETS if each is not wanted][: 1 if turn.is_sms else _MOST_NEXT]
    buttons = [turn.button(f"service_{each}", f"ask.facet:{chosen.slug}:{each}") for each in others]
    return article_words.of_facet(turn, chosen, wanted, [*buttons, _ask_officer(turn), _menu(turn)])


def _not_known(turn: Turn, question: str) -> Bubbles:
    enter(turn.dialog, NAME, "not_known", question=_concealed(turn, question))
    desk = desk_of(turn)
    place = turn.places[0] if len(turn.places) == 1 else None
    agency = desk.agencies.responsible(place, CaseKind.QUESTION)
    day = dates.day(deadline(desk, CaseKind.QUESTION, "", agency.id), turn.language, turn.zone)
    text = f"{turn.say('services.not_known')}\n{turn.say('services.offer_officer', day=day)}"
    buttons = (_to_officer(turn), turn.button("service_again", "ask.again"), _menu(turn))
    return (turn.bubble(text, buttons),)


def _count(turn: Turn, slug: str, *, helpful: bool) -> None:
    """Once for every answer, however often she taps."""
    known = turn.dialog.known
    if turn.dialog.name != NAME or known.get("slug") != slug or known.get("rated", True):
        return
    article_feedback.record(turn.session, turn.at, slug=slug, language=turn.language, helpful=helpful)
    turn.dialog.known = {**known, "rated": True}


def _concealed(turn: Turn, question: str) -> str:
    """The question as the dialog keeps it."""
    return privacy(turn.session).conceal(question)


def _kept_question(turn: Turn) -> str:
    """The question that the dialog keeps, '' for none."""
    return privacy(turn.session).reveal(str(turn.dialog.known.get("question", "")))


def _is_about_another(match: ArticleMatch, shown: Article) -> bool:
    return match.sure and match.slugs[0] != shown.slug


def _choices(turn: Turn, found: Sequence[Article]) -> list[Button]:
    return [
        Button(label=each.in_language(turn.language).label, action=f"ask.article:{each.slug}")
        for each in found
    ]


def _to_officer(turn: Turn) -> Button:
    return turn.button("service_to_officer", "ask.officer")


def _ask_officer(turn: Turn) -> Button:
    return turn.button("service_ask_officer", "ask.officer")


def _menu(turn: Turn) -> Button:
    return turn.button("menu", "menu")


ACTIONS: Mapping[str, Callable[[Turn, str], Bubbles]] = {
    "ask": ask,
    "ask.again": again,
    "ask.article": show,
    "ask.facet": facet,
    "ask.none": none_of_these,
    "ask.helpful": helpful,
    "ask.unhelpful": unhelpful,
    "ask.officer": to_officer,
}
