"""A complaint before it is sent: kept with the dialog, so that it survives a restart; its words are concealed."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from handlers.dialogs import cases_media
from handlers.turn import Turn
from storage.cases import CaseKind
from storage.cases_privacy import privacy
from storage.dialogs import enter
from storage.media import Media

NAME = "complaint"
MOST_WORDS = 5000
"""Letters of one complaint, and of its place: as many as a message of LINE may have. The card says what was cut."""


@dataclass(frozen=True, kw_only=True)
class Draft:
    """What is known so far. `media` are ids; `asked_place` counts how often the place was asked for; `apart` is True
    when she said that it is another spot than the one reported before, which is `same`."""

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
    for name in ("words", "place_words"):
        known[name] = keeps.reveal(known.get(name, ""))
    known["media"] = tuple(known.get("media", ()))
    return Draft(**{name: value for name, value in known.items() if name in Draft.__dataclass_fields__})


def keep(turn: Turn, draft: Draft, step: str) -> None:
    """Remember the draft and where the dialog stands."""
    keeps = privacy(turn.session)
    known = {name: getattr(draft, name) for name in Draft.__dataclass_fields__}
    known |= {
        "words": keeps.conceal(draft.words),
        "place_words": keeps.conceal(draft.place_words),
        "media": list(draft.media),
    }
    enter(turn.dialog, NAME, step, **known)
