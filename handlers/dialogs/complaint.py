"""A complaint by dialog or in one message: what, in words or a photo, where, and then the card (voice.md 3.8, 3.9)."""

from collections.abc import Callable, Mapping
from dataclasses import replace

from handlers.dialogs import cases_media, complaint_card, complaint_category, complaint_other
from handlers.dialogs.cases_desk import menu_button
from handlers.dialogs.choosing_place import ask_which, found_or_ask, is_abroad, is_near, outermost
from handlers.dialogs.complaint_draft import NAME, Draft, begun, draft_of, keep
from handlers.dialogs.place_labels import place_buttons
from handlers.turn import Bubbles, Turn
from handlers.understanding.card_answers import says_send, tells_what, without_the_fear
from handlers.understanding.categories import danger, guess_category, ranked
from handlers.understanding.keywords import says_whole, wants_no_name
from handlers.understanding.places import PlacesFound, nothing_but_a_place, places_in
from storage import media, places
from storage.cases import CaseKind
from storage.cases_categories import OTHER, categories, groups
from storage.lifecycles import MediaState
from storage.media import Media
from storage.replies import Bubble, Button, ButtonKind, IncomingKind

__all__ = ["ACTIONS", "NAME", "from_words", "how_to_share", "joined", "led", "start", "words"]

MOST_CHOICES = 5
# A longer message at the card says more than that her name shall not be told.
_MOST_OF_A_WISH = 40
_KINDS = frozenset({CaseKind.COMPLAINT, CaseKind.DAMAGE, CaseKind.PRAISE, CaseKind.SUGGESTION})
_ANYTHING = "any"


def start(turn: Turn, _: str = "") -> Bubbles:
    """What is it about? What was sent just before belongs to it."""
    return _ask_group(turn, begun(turn))


def ask_group_again(turn: Turn) -> Bubbles:
    """What is it about? What she sent and where it is stays as it is."""
    return _ask_group(turn, replace(draft_of(turn), category="", group=""))


def of_kind(turn: Turn, kind: str) -> Bubbles:
    """Praise, a suggestion or damage: no category is asked."""
    if kind not in _KINDS or kind == CaseKind.COMPLAINT:
        return start(turn)
    return _go_on(turn, begun(turn, kind))


def from_words(turn: Turn, kind: str = CaseKind.COMPLAINT) -> Bubbles:
    """A complaint in one message: the category is guessed, the place is read, the card asks whether it is right."""
    text = turn.incoming.text
    guess = guess_category(text)
    if kind == CaseKind.COMPLAINT and not guess.score:
        # What is wrong stays told; that she wants to report tells nothing.
        return _ask_group(turn, begun(turn).with_words(text)) if tells_what(text) else start(turn)
    draft = replace(begun(turn, kind), category=guess.id if kind == CaseKind.COMPLAINT else "")
    return _go_on(turn, _placed(draft.with_words(without_the_fear(text) or text), text), danger_in=text)


def in_group(turn: Turn, group: str) -> Bubbles:
    """The first choice was made; words decide within it."""
    ids = groups().get(group, ())
    draft = replace(draft_of(turn), group=group, category=ids[0] if len(ids) == 1 else "")
    return _go_on(turn, draft)


def in_category(turn: Turn, chosen: str) -> Bubbles:
    """A category was chosen from the whole list."""
    if chosen not in categories():
        return _ask_category(turn, draft_of(turn), 0)
    return _go_on(turn, replace(draft_of(turn), category=chosen, group=""))


def at_place(turn: Turn, code: str) -> Bubbles:
    """A place was chosen."""
    if places.place(code) is None:
        return _ask_where(turn, draft_of(turn))
    return _go_on(turn, _at(draft_of(turn), code))


def words(turn: Turn) -> Bubbles:
    """Words, photos and positions while a complaint is being made."""
    draft = draft_of(turn)
    came = cases_media.arrived(turn)
    if turn.incoming.kind in cases_media.KINDS:
        return _with_media(turn, draft, came)
    if turn.incoming.kind is IncomingKind.LOCATION:
        return _located(turn, draft)
    text = turn.incoming.text.strip()
    is_asked = turn.dialog.step in (complaint_other.STEP, complaint_other.UNCLEAR)
    is_yes = says_whole(text, "yes") or (is_asked and says_send(text))
    if not text or (is_yes and not is_asked):
        return _ask_again(turn, draft)
    if wants_no_name(text) and len(text) <= _MOST_OF_A_WISH and not without_the_fear(text):
        return _without_name(turn, draft)
    if is_asked:
        again = complaint_other.ask_again(turn, draft) if is_yes else None
        return again or joined(turn, draft, "" if is_yes else text)
    if complaint_other.is_one(turn, draft):
        return complaint_other.ask(turn, replace(draft, other=text, asked_other=0))
    return _told(turn, draft, text)


def _without_name(turn: Turn, draft: Draft) -> Bubbles:
    """Her name stays untold, and she reads so: on the card, else above the question that waits."""
    if turn.dialog.step == "confirm":
        return complaint_card.without_name(turn)
    draft = replace(draft, anonymous=True)
    return led(turn, turn.say("complaint.card.anonymous"), _ask_again(turn, draft))


def _told(turn: Turn, draft: Draft, text: str) -> Bubbles:
    """Where it is, or more of what it is."""
    if turn.dialog.step == "where" and len(text) == 1:
        # A number that chooses nothing says nowhere, either.
        return _ask_where(turn, draft)
    if (about := complaint_category.named(turn, draft)) is not None:
        return _go_on(turn, about)
    if turn.dialog.step == "where" or (not draft.has_content and _is_nothing_but_a_place(text)):
        return _go_on(turn, _read_place(draft, text), danger_in=text)
    if turn.dialog.step == "confirm" and says_whole(text, "no"):
        return complaint_card.ask_what_to_edit(turn, draft)
    if turn.dialog.step == "confirm" and (named := complaint_other.place_instead(draft, text)):
        return _go_on(turn, _at(draft, named))
    if turn.dialog.step == "confirm" and nothing_but_a_place(text) and _place_named(places_in(text)) is None:
        return ask_which(turn, text, places_in(text), "complaint.place:")
    if turn.dialog.step == "confirm" and complaint_other.is_unclear(turn):
        return complaint_other.ask_whether_more(turn, replace(draft, other=text, asked_other=0))
    if turn.dialog.step == "category" and draft.has_content and _is_nothing_but_a_place(text):
        return _go_on(turn, _placed(draft, text))
    if not draft.category and not draft.group and draft.kind == CaseKind.COMPLAINT:
        guess = guess_category(text)
        draft = replace(draft, category=guess.id if guess.score else OTHER)
    return _go_on(turn, _placed(draft.with_words(without_the_fear(text) or text), text), danger_in=text)


def how_to_share(turn: Turn, _: str = "") -> Bubbles:
    """The words of the location button were typed, which sends no position."""
    keep(turn, draft_of(turn), "where")
    return (turn.bubble(turn.say("complaint.how_to_share"), (_no_more(turn),)),)


def type_place(turn: Turn, _: str = "") -> Bubbles:
    """She would rather type where it is, whatever position she sent."""
    keep(turn, replace(draft_of(turn), latitude=None, longitude=None), "where")
    return (turn.bubble(turn.say("complaint.type_place"), (_no_more(turn),)),)


def send_photo(turn: Turn, _: str = "") -> Bubbles:
    """The button for photos, where the phone has none of its own."""
    if turn.dialog.name != NAME:
        return start(turn)
    buttons = (*_photo_buttons(turn), turn.button("case_back", "complaint.card"))
    return (turn.bubble(turn.say("complaint.send_photo"), buttons),)


def card(turn: Turn, _: str = "") -> Bubbles:
    """On with the complaint that is being made."""
    if turn.dialog.name != NAME:
        return complaint_card.nothing_to_send(turn)
    draft = draft_of(turn)
    is_unclear = turn.dialog.step == complaint_other.UNCLEAR
    return _go_on(turn, replace(draft, other="", asked_other=0) if is_unclear else draft)


def edit(turn: Turn, what: str) -> Bubbles:
    """What is to be changed, then the question for it."""
    if turn.dialog.name != NAME:
        return complaint_card.nothing_to_send(turn)
    draft = replace(draft_of(turn), apart=False)
    changes: dict[str, Callable[[], Bubbles]] = {
        "category": lambda: _ask_category(turn, draft, 0),
        "words": lambda: _ask_words(turn, replace(draft, words="")),
        "place": lambda: _ask_where(
            turn, replace(draft, place="", place_words="", latitude=None, longitude=None, asked_place=0)
        ),
    }
    return changes[what]() if what in changes else complaint_card.ask_what_to_edit(turn, draft)


def list_categories(turn: Turn, first: str) -> Bubbles:
    """The whole list of categories, from one on."""
    return _ask_category(turn, draft_of(turn), int(first) if first.isascii() and first.isdigit() else 0)


def _go_on(turn: Turn, draft: Draft, *, danger_in: str = "", before: str = "") -> Bubbles:
    """The next question, or the card when nothing is missing. Where somebody is hurt the hotline comes first."""
    hotline = danger(danger_in)
    lead = turn.say(f"complaint.danger.{hotline}") if hotline else before
    draft = _with_category(draft)
    if turn.incoming.kind is IncomingKind.TEXT and wants_no_name(turn.incoming.text):
        draft = replace(draft, anonymous=True)
    if not draft.has_content:
        return led(turn, lead, _ask_words(turn, draft))
    if not draft.category and draft.kind == CaseKind.COMPLAINT:
        return led(turn, lead, _ask_group(turn, draft))
    needs_place = draft.kind in (CaseKind.COMPLAINT, CaseKind.DAMAGE)
    if needs_place and not draft.has_place:
        return led(turn, lead, _ask_where(turn, draft))
    return led(turn, lead, complaint_card.show(turn, draft))


def joined(turn: Turn, draft: Draft, text: str) -> Bubbles:
    """What she wrote beside the complaint, and these words, are more of it."""
    told = "\n".join(filter(None, (draft.other, text)))
    return _go_on(
        turn, _placed(replace(draft, other="", asked_other=0).with_words(told), told), danger_in=told
    )


def _with_category(draft: Draft) -> Draft:
    """What the words say within the group that was chosen; its first where they say nothing."""
    if draft.category or draft.kind != CaseKind.COMPLAINT or not draft.has_content:
        return draft
    ids = groups().get(draft.group, ())
    if ids:
        guess, surely = guess_category(draft.words, ids), guess_category(draft.words)
        # She chose one thing and tells of another: what she tells is meant.
        other = surely.id if surely.is_sure else ids[0]
        return replace(draft, category=guess.id if guess.score else other)
    if draft.group == _ANYTHING:
        return replace(draft, category=guess_category(draft.words).id)
    return draft


def _placed(draft: Draft, text: str) -> Draft:
    """With the place that the words name, when it is certain."""
    named = None if draft.place else _place_named(places_in(text))
    return replace(draft, place=named) if named else draft


def _place_named(found: PlacesFound) -> str | None:
    """The place, when there is one only: the card asks whether it is right."""
    return found.codes[0] if found.certain or len(found.codes) == 1 else None


def _is_nothing_but_a_place(text: str) -> bool:
    found = places_in(text)
    return _place_named(found) is not None and not found.rest.strip()


def _read_place(draft: Draft, text: str) -> Draft:
    """An answer to "where": a place of the register, a spot, or both."""
    found = places_in(text)
    before = draft.place_words
    asked = places_in(before or draft.words)
    draft = replace(draft, asked_place=draft.asked_place + 1)
    inside = [code for code in asked.codes if code.startswith(found.codes)] if not _place_named(asked) else []
    # บ้านใหม่, then ปทุมธานี หน้าวัด: the one that lies there.
    if named := next(iter(outermost(inside))) if len(outermost(inside)) == 1 else _place_named(found):
        return _at(draft, named).with_place_words(text if found.rest.strip() else before)
    together = f"{before} {text}" if before and not (found.codes or places_in(before).codes) else text
    return draft.with_place_words(together)


def _at(draft: Draft, place: str) -> Draft:
    """At a place; a position that lies far from it was of somewhere else."""
    if draft.latitude is None or draft.longitude is None or is_near(draft.latitude, draft.longitude, place):
        return replace(draft, place=place)
    return replace(draft, place=place, latitude=None, longitude=None)


def _located(turn: Turn, draft: Draft) -> Bubbles:
    if is_abroad(turn):
        return led(turn, turn.say("complaint.outside"), _go_on(turn, draft))
    draft = replace(draft, latitude=turn.incoming.latitude, longitude=turn.incoming.longitude)
    if draft.place:
        return _go_on(turn, draft)
    keep(turn, draft, "where")
    code, question = found_or_ask(turn, "complaint.place:")
    return _go_on(turn, replace(draft, place=code)) if code else question


def _with_media(turn: Turn, draft: Draft, came: list[Media]) -> Bubbles:
    if not came:
        return led(turn, cases_media.why_not(turn), _ask_again(turn, draft))
    more = draft.with_media(came)
    if more.media == draft.media:
        media.remove(turn.session, came)
        return led(
            turn, turn.say("cases.photo.enough", most=cases_media.MOST_PHOTOS), _ask_again(turn, draft)
        )
    if turn.incoming.text.strip():
        more = _placed(more.with_words(turn.incoming.text.strip()), turn.incoming.text)
    key = "complaint.photos_coming" if cases_media.photos(came) else "complaint.got_file"
    if cases_media.photos(came) and all(each.state == MediaState.KEPT for each in came):
        key = "complaint.got_photos"
    return _go_on(turn, more, danger_in=turn.incoming.text, before=turn.say(key, count=more.photos))


def _ask_again(turn: Turn, draft: Draft) -> Bubbles:
    if turn.dialog.step == "category" and not draft.has_content:
        return _ask_group(turn, draft) if draft.anonymous else start(turn)
    return _go_on(turn, draft)


def _ask_words(turn: Turn, draft: Draft) -> Bubbles:
    keep(turn, draft, "words")
    manner = "sms" if turn.is_sms else ""
    manner = manner if draft.kind == CaseKind.COMPLAINT else draft.kind
    key = f"complaint.ask_words.{manner}".rstrip(".")
    return (turn.bubble(turn.say(key), (*_photo_buttons(turn), _no_more(turn))),)


def _ask_group(turn: Turn, draft: Draft) -> Bubbles:
    """The first choices of voice.md 3.9."""
    keep(turn, draft, "category")
    buttons = [
        turn.button(f"case_group.{name}", f"complaint.group:{name}") for name in (*groups(), _ANYTHING)
    ]
    return (turn.bubble(turn.say("complaint.ask_category"), buttons),)


def _ask_category(turn: Turn, draft: Draft, first: int) -> Bubbles:
    """The likeliest first, as many as fit; then the rest of the list."""
    keep(turn, draft, "category")
    likely = [each.id for each in ranked(draft.words) if each.score]
    ids = [*likely, *(name for name in categories() if name not in likely)]
    start_at = first if first < len(ids) else 0
    shown = ids[start_at : start_at + MOST_CHOICES]
    following = start_at + MOST_CHOICES if start_at + MOST_CHOICES < len(ids) else 0
    buttons = [
        Button(label=turn.say(f"case_category.{name}"), action=f"complaint.category:{name}") for name in shown
    ]
    buttons.append(turn.button("case_other_categories", f"complaint.categories:{following}"))
    return (turn.bubble(turn.say("complaint.ask_category"), buttons),)


def _ask_where(turn: Turn, draft: Draft) -> Bubbles:
    keep(turn, draft, "where")
    said = draft.place_words or draft.words
    found = places_in(said)
    if found.codes and not _place_named(found):
        (question,) = ask_which(turn, said, found, "complaint.place:")
        buttons = (*question.buttons[:MOST_CHOICES], _no_more(turn))
        return (question.model_copy(update={"buttons": buttons}),)
    hers = place_buttons(turn.places[:2], "complaint.place:", turn.language)
    if turn.is_sms and not draft.asked_place:
        return (turn.bubble(turn.say("complaint.type_place"), (*hers, _no_more(turn))),)
    key = "complaint.ask_subdistrict" if draft.asked_place else "complaint.ask_where"
    offered = (
        turn.location_button(),
        turn.button("case_type_place", "complaint.type"),
        *hers,
        _no_more(turn),
    )
    return (turn.bubble(turn.say(key), offered),)


def led(turn: Turn, lead: str, bubbles: Bubbles) -> Bubbles:
    """Something said before a question, in its bubble where there is room."""
    if not lead:
        return bubbles
    first, *rest = bubbles
    together = f"{lead}\n{first.text}"
    if complaint_card.fits(together):
        return (first.model_copy(update={"text": together}), *rest)
    return (Bubble(text=lead), *bubbles)[: complaint_card.MOST_BUBBLES]


def _photo_buttons(turn: Turn) -> tuple[Button, ...]:
    if turn.is_sms:
        return ()
    return tuple(
        Button(label=turn.say(f"buttons.{key}"), action=action, kind=ButtonKind.PHOTO)
        for key, action in (("case_take_photo", "camera"), ("case_choose_photo", "photo"))
    )


def _no_more(turn: Turn) -> Button:
    return turn.button("case_no_more", "complaint.leave")


def _leave(turn: Turn, _: str) -> Bubbles:
    """Nothing was sent, and she reads that."""
    if turn.dialog.name != NAME:
        return complaint_card.nothing_to_send(turn)
    complaint_card.forget(turn)
    return (turn.bubble(turn.say("complaint.left"), (menu_button(turn),)),)


ACTIONS: Mapping[str, Callable[[Turn, str], Bubbles]] = {
    "complaint": start,
    "complaint.kind": of_kind,
    "complaint.group": in_group,
    "complaint.category": in_category,
    "complaint.categories": list_categories,
    "complaint.place": at_place,
    "complaint.type": type_place,
    "complaint.card": card,
    "complaint.edit": edit,
    "complaint.leave": _leave,
    "complaint.anonymous": complaint_card.without_name,
    "complaint.named": complaint_card.with_name,
    "complaint.same": complaint_card.follow_the_same,
    "complaint.apart": complaint_card.another_spot,
    "camera": send_photo,
    "photo": send_photo,
}
