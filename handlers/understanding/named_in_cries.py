"""Names of places that sound like a cry: whoever lives in ต.น้ำเชี่ยว or ต.ทับยา does not call for help by saying so."""

from collections.abc import Callable

from handlers.understanding import cry_words
from handlers.understanding.places import nothing_but_a_place, places_in
from handlers.understanding.places.vocabulary import vocabulary
from storage import places
from storage.place_reading import same_to_the_eye


def without_names(text: str, words_heard: Callable[[str], str]) -> str:
    """`text` without the names of places that by themselves sound like a cry; all else stays. '' where it is all name.

    A name counts where the word for its level stands before it. Where the message names a place and nothing else it
    counts as well, unless words of danger are all of it: in รถเขาชนกันที่แม่วงก์ and อยู่ในน้ำเชี่ยว these are what happens.
    """
    if places.find(text):
        return ""
    is_all = bool(nothing_but_a_place(text))
    rest, end = "", 0
    for start, after in sorted(places_in(text).spans):
        name = text[start:after]
        heard = words_heard(name)
        if heard and (_is_a_level_and_a_name(name) or (is_all and heard != cry_words.key(name))):
            rest += text[end:start] + " "
            end = after
    return rest + text[end:]


def _is_a_level_and_a_name(written: str) -> bool:
    plain = same_to_the_eye(written)
    return bool(places.find(plain)) and any(
        places.find(plain.removeprefix(word))
        for word in vocabulary().level_before
        if plain.startswith(word) and plain != word
    )
