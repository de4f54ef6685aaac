"""A complaint before it is sent: kept with the dialog, so that it survives a restart; its words are concealed."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from handlers import waiting
from handlers.dialogs import cases_media
from handlers.turn import Turn
from storage import media
from storage.cases import CaseKind
from storage.cases_privacy import privacy
from storage.dialogs import enter, leave
from storage.media import Media

NAME = waiting.COMPLAINT
MOST_WORDS = 5000
"""Letters of one complaint, and of its place: as many as a message of LINE may have. The card says what was cut."""

_CONCEALED = ("words", "place_words", "other")
_NUMBER = "complaints"


@dataclass(frozen=True, kw_only=True)
class Draft:
    """What is known so far. `media` are ids; `asked_place` counts how often the place was asked for; `apart` is True
    when she said that it is another spot than the one reported before, which is `same`. `number` tells drafts of one
    citizen apart; `other` are words that are perhaps a report of their own, till she says so;
    `asked_other` counts how often that was asked."""

    kind: str = CaseKind.COMPLAINT
    words: str = ""
    category: str = ""
    group: str = ""
    place: str = ""
    place_words: str = ""
    latitude: float | None = None
    longitude: float | None = None
    media: tuple[int, ...] = ()
    photos: int = 0
    anonymous: bool = False
    asked_place: int = 0
    apart: bool = False
    same: int = field(default=0)
    number: int = 0
    other: str = ""
    asked_other: int = 0

    @property
    def has_content(self) -> bool:
        return bool(self.words or self.media)

    @property
    def is_full(self) -> bool:
        """Whether words or place are as long as is kept: what came beyond is not there."""
        return max(len(self.words), len(self.place_words)) >= MOST_WORDS

    @property
    def has_place(self) -> bool:
        return bool(self.place) or (bool(self.place_words) and self.asked_place > 1)

    def with_words(self, words: str) -> "Draft":
        """The words that were typed, under those before."""
        together = f"{self.words}\n{words}" if self.words else words
        return replace(self, words=together[:MOST_WORDS])

    def with_place_words(self, words: str) -> "Draft":
        """Where it is, in her words instead of those before."""
        return replace(self, place_words=words[:MOST_WORDS])

    def with_media(self, found: Sequence[Media]) -> "Draft":
        """Files, each once; of the photos only as many as a case may have."""
        media, count = list(self.media), self.photos
        for each in found:
            is_photo = bool(cases_media.photos([each]))
            if each.number in media or (is_photo and count >= cases_media.MOST_PHOTOS):
                continue
            media.append(each.number)
            count += is_photo
        return replace(self, media=tuple(media), photos=count)


def draft_of(turn: Turn) -> Draft:
    """The complaint that is being made, an empty one when none is."""
    if turn.dialog.name != NAME:
        return Draft()
    keeps, known = privacy(turn.session), dict(turn.dialog.known)
    for name in _CONCEALED:
        known[name] = keeps.reveal(known.get(name, ""))
    # What could not be read or never came takes nobody's seat.
    left = media.there(turn.session, known.pop("media", ()))
    known |= {"media": tuple(each.number for each in left), "photos": len(cases_media.photos(left))}
    return Draft(**{name: value for name, value in known.items() if name in Draft.__dataclass_fields__})


def keep(turn: Turn, draft: Draft, step: str) -> None:
    """Remember the draft and where the dialog stands."""
    keeps = privacy(turn.session)
    known = {name: getattr(draft, name) for name in Draft.__dataclass_fields__}
    known |= {name: keeps.conceal(known[name]) for name in _CONCEALED}
    enter(turn.dialog, NAME, step, **(known | {"media": list(draft.media)}))


def begun(turn: Turn, kind: str = CaseKind.COMPLAINT) -> Draft:
    """A new draft with the files that came just before, and with those of the one that runs and holds no words yet."""
    before = draft_of(turn)
    if before.number and not before.words:
        draft = Draft(kind=kind, number=before.number, media=before.media, photos=before.photos)
        return draft.with_media(cases_media.waiting(turn))
    number = int(turn.dialog.memory.get(_NUMBER, 0)) + 1
    turn.dialog.memory = {**turn.dialog.memory, _NUMBER: number}
    draft = Draft(kind=kind, number=number)
    return draft.with_media(cases_media.waiting(turn))


def put_aside(turn: Turn) -> None:
    """The draft that runs waits, and another may begin."""
    waiting.keep(turn.dialog, turn.dialog.name, turn.dialog.step, turn.dialog.known)
    leave(turn.dialog)


def settle(turn: Turn) -> None:
    """It was sent, or is not wanted any more: the dialog is over, and nothing waits of it."""
    turn.is_settled = True
    leave(turn.dialog)
