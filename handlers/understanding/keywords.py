"""Words that always mean the same, in whatever dialog they are typed. The lists are `knowledge/words.toml`."""

import re
import tomllib
import unicodedata
from enum import StrEnum
from functools import cache, lru_cache
from importlib.resources import files

from handlers.understanding.cries import cry_in
from handlers.understanding.writing import MOST_REMEMBERED, latin, soft
from storage import places
from storage.place_reading import same_to_the_eye

# Kept with their spaces; all other lists are compared without any.
_SPACED = frozenset({"words", "first", "last"})
_LOOKED_AT = 500
_LONGEST_WHOLE = 60
"""Letters: a longer message is looked up in no list of whole words."""

_LEAST_LETTERS, _MOST_AT_RANDOM = 3, 24
_MOST_IN_MARKUP = 1
"""Words between tags: of more it is a message that somebody wrote so."""

_MARKUP = re.compile(r"<[a-z!/][^<>\u0e00-\u0e7f]*>", re.IGNORECASE)
_SIGNS = re.compile(r"[{}<>$%*=;|\\\[\]^~`]")


class Keyword(StrEnum):
    """What a message means when it consists of nothing but a known word."""

    SAFE = "safe"
    MISTAKE = "mistake"
    STOP = "stop"
    CANCEL = "cancel"
    MENU = "menu"
    HELP = "help"
    GREETING = "greeting"
    NEAR_ME = "near_me"
    MINE = "mine"
    MY_DATA = "my_data"
    MY_PLACES = "my_places"
    HOURS = "hours"
    PRICES = "prices"
    REPORT = "report"
    ASK = "ask"
    OFFICER = "officer"
    ERASE = "erase"
    LANGUAGE = "language"
    LANGUAGE_EN = "language_en"
    LANGUAGE_TH = "language_th"
    LEAVE = "leave"
    BACK = "back"
    THANKS = "thanks"


def is_rescue(text: str) -> bool:
    """True when a message cries for help. Rather once too often: the answer offers a way out."""
    return keyword(text) is None and cry_in(text) is not None


def sounds_urgent(text: str) -> bool:
    """As `is_rescue`, soon enough for an event loop: of a long message its beginning and its end are looked at.

    It decides who is handled first; the answer is made from the whole message.
    """
    is_long = len(text) > 2 * _LOOKED_AT
    return is_rescue(f"{text[:_LOOKED_AT]} {text[-_LOOKED_AT:]}" if is_long else text)


def is_insult(text: str) -> bool:
    """True when a message scolds."""
    return _says(text, "insult")


def says_stop(text: str) -> bool:
    """True when a message says that something is to end."""
    return _says(text, "stop_verb")


def asks_about_secrets(text: str) -> bool:
    """True when a message asks who we are, or is about passwords and accounts that we never ask for."""
    return _says(text, "secret")


def is_nonsense(text: str) -> bool:
    """True when a message is signs without words, markup, or fingers run along the keyboard: {{7*7}}, <b>, ฟหกด."""
    if _MARKUP.match(text.strip()) and len(_MARKUP.sub("", text).split()) <= _MOST_IN_MARKUP:
        return True
    letters = "".join(sign for sign in same_to_the_eye(text) if sign.isalpha())
    if len(letters) < _LEAST_LETTERS:
        return bool(_SIGNS.search(text)) and not letters
    return len(letters) <= _MOST_AT_RANDOM and any(
        letters in row * 2 or letters[::-1] in row * 2 for row in _lists()["keyboard"]["rows"]
    )


def wants_quiet_nights(text: str) -> bool:
    """True when a message says that nothing shall come at night."""
    return _says(text, "quiet_nights")


def speaks_of_quiet_hours(text: str) -> bool:
    """True when a message says that something shall not come; the hours, if it has any, are read elsewhere."""
    return _says(text, "quiet_hours") and not _says(text, "sends_else")


def wants_no_name(text: str) -> bool:
    """True when somebody who reports wants her name untold."""
    return _says(text, "anonymous")


def says_cannot_call(text: str) -> bool:
    """True when somebody says that she cannot use the telephone's voice."""
    return _says(text, "cannot_call")


@lru_cache(maxsize=MOST_REMEMBERED)
def keyword(text: str) -> Keyword | None:
    """The keyword a message consists of, polite endings and closing marks aside; None for all else."""
    return next((known for each in _bare(text) if (known := _keywords().get(each))), None)


def place_to_subscribe(text: str) -> str | None:
    """What stands after สมัคร or subscribe ('' when nothing does); None when the message starts otherwise."""
    spoken = without_politeness(text)
    for first in sorted(_lists()["subscribe"]["first"], key=len, reverse=True):
        if spoken.startswith(first):
            rest = spoken[len(first) :]
            # เพิ่มเติม and joint begin with the words, too, and name no place.
            whole = not rest or rest[0].isspace() or places.find(rest)
            return rest.strip() if whole else None
    return None


def same_label(typed: str, label: str) -> bool:
    """True when the words of a button were typed, spaces, letter case and polite endings aside."""
    return _plain(label) in _bare(typed)


def is_yes_to(label: str, typed: str) -> bool:
    """True when somebody says yes where a button says so at more length: ใช่ for [ใช่ ส่งเลย]."""
    return says_whole(typed, "yes") and _plain(label).startswith(tuple(_lists()["yes"]["label"]))


def says_whole(text: str, name: str) -> bool:
    """True when a message is nothing but a word of that list."""
    return 0 < len(text) <= _LONGEST_WHOLE and not _lists()[name]["whole"].isdisjoint(_bare(text))


def without_politeness(text: str) -> str:
    """The message without closing marks and polite endings, small differences of writing levelled."""
    spoken, before = same_to_the_eye(text), ""
    while spoken != before:
        before = spoken
        spoken = _without_closing_marks(spoken)
        ending = next((end for end in _polite() if spoken.endswith(end) and spoken != end), "")
        spoken = spoken.removesuffix(ending).rstrip()
    return spoken


@lru_cache(maxsize=MOST_REMEMBERED)
def _says(text: str, name: str) -> bool:
    lists = _soft_lists()[name]
    key, words = soft(text), latin(text)
    return any(each in key for each in lists[0]) or any(each in words for each in lists[1])


def _bare(text: str) -> tuple[str, ...]:
    """The message as it is compared: as it was typed, and without politeness."""
    return _plain(text), _plain(without_politeness(text))


def _without_closing_marks(text: str) -> str:
    end = len(text)
    while end and unicodedata.category(text[end - 1])[0] in "PSZC":
        end -= 1
    return text[:end]


def _plain(text: str) -> str:
    return "".join(same_to_the_eye(text).split())


@cache
def _lists() -> dict[str, dict[str, frozenset[str]]]:
    loaded = tomllib.loads((files("knowledge") / "words.toml").read_text(encoding="utf-8"))
    return {
        name: {
            how: frozenset(same_to_the_eye(word) if how in _SPACED else _plain(word) for word in words)
            for how, words in lists.items()
        }
        for name, lists in loaded.items()
        if name != "nicknames"
    }


@cache
def _soft_lists() -> dict[str, tuple[tuple[str, ...], tuple[str, ...]]]:
    """Of each list that is looked for anywhere: its Thai words and its Latin ones."""
    return {
        name: (tuple(map(soft, lists["anywhere"])), tuple(map(latin, lists["words"])))
        for name, lists in _lists().items()
        if "anywhere" in lists
    }


@cache
def _keywords() -> dict[str, Keyword]:
    return {word: each for each in Keyword for word in _lists()[each.value]["whole"]}


@cache
def _polite() -> tuple[str, ...]:
    return tuple(sorted(_lists()["polite"]["last"], key=len, reverse=True))
