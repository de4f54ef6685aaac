"""A message as it is searched for cries, in all the ways that it is levelled."""

import re
from functools import cached_property

from handlers.understanding import cry_words
from handlers.understanding.borders import after_replacing, borders_in, is_spelled
from handlers.understanding.burmese import burmese_key
from handlers.understanding.writing import latin, strict
from storage.place_reading import same_to_the_eye

LAUGHING = re.compile("(?<![0-9])5{3,}(?![0-9])|(?:ฮ่า|ฮา){2}|ฮ่?าๆ|ຮ່?າໆ|(?:ဟား){2}|(?:ហា){2}")
_LATIN_LETTER = re.compile("[a-z]")
_TAKEN_OUT = " | "


class Keys:
    """A text as it is searched."""

    def __init__(self, text: str) -> None:
        words = cry_words.words()
        self.typed = same_to_the_eye(text)
        self.strict = strict(text)
        self.whole = whole = cry_words.key(text)
        self.both = f"{whole}\n{self.strict}"
        is_trifle = cry_words.told_in("trifles").find(whole) is not None
        self._calm = cry_words.calm_words(with_mortal=is_trifle)
        self.soft = self._calm.sub("\ue000", whole)
        self.mild = cry_words.told_in("mild").find(whole) or (
            cry_words.told_in("mortal").find(whole) if is_trifle else None
        )
        self.latin = " ".join(map(cry_words.spelled, latin(text).split(" ")))
        self.is_a_matter = any(map(self.both.__contains__, words["matter"])) or any(
            map(self.latin.__contains__, words["matter_latin"])
        )
        self.asks_a_number = cry_words.in_latin("calm", "numbers_latin").search(self.latin)
        if _LATIN_LETTER.search(self.latin):
            for calm in words["calm_latin"]:
                self.latin = self.latin.replace(calm, _TAKEN_OUT)
        self.burmese = burmese_key(text)

    @cached_property
    def weighed(self) -> str:
        """What is weighed letter by letter: the message, without the Latin words that make it calm."""
        return self.latin.replace(_TAKEN_OUT, " ") if _TAKEN_OUT in self.latin else self.typed

    @cached_property
    def is_told(self) -> bool:
        """Whether she laughs, or speaks of what happens often, was dreamed or shown, or is praised."""
        return bool(LAUGHING.search(self.typed) or cry_words.often().find(self.soft, self.fits))

    def fits(self, start: int, end: int) -> bool:
        """Whether words can begin and end at these offsets of `soft`."""
        borders = self._borders
        return borders is None or (start in borders and end in borders)

    @cached_property
    def is_spelled(self) -> bool:
        """Whether the message is made of words of the dictionary alone: it has no slips."""
        return is_spelled(self.typed)

    @cached_property
    def _borders(self) -> frozenset[int] | None:
        borders = borders_in(self.typed, cry_words.key)
        return None if borders is None else after_replacing(borders, self.whole, self._calm)
