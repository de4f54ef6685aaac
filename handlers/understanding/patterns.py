"""Phrases of the data files as regular expressions.

`{name}` stands for each word of that class, `~` for a gap (ten letters, in Latin letters three words), `$` for the end
of the message, polite endings aside. Thai phrases are searched in `soft` text, Latin ones in `latin` text.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from handlers.understanding.writing import latin_folded, soft

_CLASS = re.compile(r"\{([a-z_]+)\}")
_THAI_GAP = ".{0,10}?"
_LATIN_GAP = r"(?:[^ ]+ ){0,3}?"


@dataclass(frozen=True)
class Patterns:
    """Compiles the phrases of one data file; `classes` are of Thai words, `classes_latin` of Latin ones."""

    classes: Mapping[str, Sequence[str]]
    classes_latin: Mapping[str, Sequence[str]]
    polite: Sequence[str] = ()

    def thai(self, written: str) -> str:
        return self._expression(written, self.classes, _THAI_GAP, soft)

    def latin(self, written: str) -> str:
        words = [
            _LATIN_GAP if word == "~" else self._expression(word, self.classes_latin, "", latin_folded) + " "
            for word in written.split(" ")
        ]
        return "(?<= )" + "".join(words).removesuffix(" ") + "(?= )"

    def either(self, written: str) -> str:
        """As `latin` when it has Latin letters, as `thai` when it has others; nothing but classes: as far as known."""
        plain = _CLASS.sub("", written)
        if plain.isascii() and plain.strip("~ $"):
            return self.latin(written)
        names = set(_CLASS.findall(written))
        ways = [self.thai(written)] if names <= self.classes.keys() else []
        if plain.isascii() and names <= self.classes_latin.keys():
            ways.append(self.latin(written))
        return "|".join(ways)

    def _expression(
        self, written: str, classes: Mapping[str, Sequence[str]], gap: str, key: Callable[[str], str]
    ) -> str:
        expression = ""
        for number, piece in enumerate(_CLASS.split(written)):
            if number % 2:
                words = (key(word) for word in classes[piece])
                # บ่ without its mark is a letter that many words have.
                fit = [word for word in words if word != "บ" or written != f"{{{piece}}}"]
                longest_first = sorted(fit, key=len, reverse=True)
                expression += f"(?:{'|'.join(map(re.escape, longest_first))})"
                continue
            plain = piece.removesuffix("$")
            expression += gap.join(re.escape(key(part)) for part in plain.split("~"))
            expression += self._end() if piece != plain else ""
        return expression

    def _end(self) -> str:
        polite = "|".join(re.escape(soft(word)) for word in self.polite)
        return f"(?:{polite}){{0,3}}(?:$|(?=[^\u0e00-\u0e7f]))"


def any_of(expressions: Iterable[str]) -> re.Pattern[str]:
    """Finds the first of these expressions."""
    return re.compile("|".join(f"(?:{each})" for each in expressions))
