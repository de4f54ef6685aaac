"""The catalogues: sentences by key and language, read from their .po files when the first one is said.

The keys are symbolic (`rescue.ask_where`); a sentence names its fills in braces. Three catalogues a language:
`conversation.po` (chat, buttons, dates, the simulator's page), `warnings.po` and `areas.po`.
"""

import io
import re
from functools import cache
from importlib.resources import files

from babel.messages.pofile import PoFileError, read_po

LANGUAGES: tuple[str, ...] = ("th", "en")
DOMAINS: tuple[str, ...] = (
    "conversation",
    "warnings",
    "areas",
    "cases",
    "services",
    "understanding",
    "person",
    "sources",
    "advice",
    "market",
    "console",
    "portal",
    "drafting",
    "board",
    "field",
    "casework",
)

_FILL = re.compile(r"\{([a-z_]+)\}")


class WordingError(LookupError):
    """A sentence cannot be said: the catalogue lacks the key, or the caller lacks one of its fills."""


def say(language: str, key: str, /, **fills: object) -> str:
    """The sentence `key` in `language` with its fills put in.

    A language that Krajai does not speak gets Thai. A fill is inserted as it is: braces in it stay braces.
    Fills that the sentence does not use are ignored. Raises WordingError for an unknown key and for a missing
    fill.
    """
    sentence = _sentence(language, key)
    missing = fills_of(language, key) - fills.keys()
    if missing:
        raise WordingError(f"{key!r} needs {', '.join(sorted(missing))}, which the caller did not give")
    return _FILL.sub(lambda found: str(fills[found[1]]), sentence)


def has(language: str, key: str) -> bool:
    """Whether the language's catalogues hold this key."""
    return key in _sentences(_spoken(language))


def keys(language: str) -> tuple[str, ...]:
    """All keys of a language, in the order of its catalogues."""
    return tuple(_sentences(_spoken(language)))


@cache
def fills_of(language: str, key: str) -> frozenset[str]:
    """The names of the fills of a sentence. Raises WordingError for an unknown key."""
    return frozenset(_FILL.findall(_sentence(language, key)))


def _spoken(language: str) -> str:
    return language if language in LANGUAGES else LANGUAGES[0]


def _sentence(language: str, key: str) -> str:
    try:
        return _sentences(_spoken(language))[key]
    except KeyError:
        raise WordingError(f"no sentence {key!r} in the catalogues of {_spoken(language)!r}") from None


@cache
def _sentences(language: str) -> dict[str, str]:
    sentences: dict[str, str] = {}
    for domain in DOMAINS:
        source = files("storage.wording") / "locales" / language / "LC_MESSAGES" / f"{domain}.po"
        try:
            catalogue = read_po(io.BytesIO(source.read_bytes()), locale=language, abort_invalid=True)
        except (OSError, PoFileError, UnicodeDecodeError) as broken:
            raise WordingError(f"the catalogue {language}/{domain}.po cannot be read: {broken}") from broken
        for message in catalogue:
            if not isinstance(message.id, str) or not isinstance(message.string, str):
                raise WordingError(
                    f"{language}/{domain}.po has a plural form at {message.id!r}; Krajai uses none"
                )
            if message.id in sentences:
                raise WordingError(f"{message.id!r} is in two catalogues of {language!r}")
            if message.id:
                sentences[message.id] = message.string
    return sentences
