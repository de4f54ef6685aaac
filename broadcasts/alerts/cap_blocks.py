"""Takes the children of one CAP element by name, and remarks on what had to be left out."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from enum import StrEnum
from typing import TypeVar

from lxml import etree

from broadcasts.alerts.cap_model import CapRefused
from broadcasts.alerts.cap_xml import local_name, text_of

_Choice = TypeVar("_Choice", bound=StrEnum)

_TIME = re.compile(
    r"([0-9]{4})-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,9})?)?"
    r"\s*([Zz]|[+-][0-9]{2}:?[0-9]{2})?"
)
_NUMBER = re.compile(r"[+-]?[0-9]{1,6}(?:\.[0-9]{0,30})?")
# CAP 1.2, 3.2.2: this word of CAP 1.0 is to be treated as Likely.
_FORMER_WORDS = {"very likely": "likely"}


class Unreadable(ValueError):
    """A text is not the time that it should be; the message says why and how to write it."""


class Block:
    """The children of one element, by their names in its namespace.

    ``where`` names the element in remarks; ``remarks`` is shared with the blocks inside it.
    """

    def __init__(self, element: etree._Element, where: str, remarks: list[str]) -> None:
        self._element = element
        self._where = where
        self._remarks = remarks
        self._children: dict[str, list[etree._Element]] = {}
        namespace = str(element.tag).rpartition("}")[0]
        for child in element:
            if str(child.tag).startswith(namespace + "}"):
                self._children.setdefault(local_name(child), []).append(child)

    def remark(self, text: str) -> None:
        self._remarks.append(f"{self._where}: {text}" if self._where else text)

    def texts(self, name: str) -> tuple[str, ...]:
        """The texts of every child of that name, without the empty ones; spaces as they are inside."""
        texts = (text_of(child).strip() for child in self._children.get(name, ()))
        return tuple(text for text in texts if text)

    def text(self, name: str) -> str | None:
        texts = self.texts(name)
        if len(texts) > 1:
            self.remark(f"<{name}> is there {len(texts)} times and the first was taken")
        return texts[0] if texts else None

    def line(self, name: str) -> str | None:
        """The text as one line."""
        text = self.text(name)
        return " ".join(text.split()) if text else None

    def required(self, name: str) -> str:
        """The one text without which the message cannot be used; raises CapRefused."""
        texts = {" ".join(text.split()) for text in self.texts(name)}
        if not texts:
            raise CapRefused(
                f"line {self._element.sourceline}: the alert has no <{name}>; add it as CAP requires"
            )
        if len(texts) > 1:
            raise CapRefused(
                f"line {self._element.sourceline}: the alert has {len(texts)} different <{name}>; leave one"
            )
        return texts.pop()

    def line_of(self, name: str) -> str:
        """The number of the line that has the first child of that name."""
        return str(self._children[name][0].sourceline)

    def blocks(self, name: str) -> Iterator["Block"]:
        children = self._children.get(name, ())
        for number, child in enumerate(children, 1):
            where = f"{name} {number}"
            yield Block(child, f"{self._where}, {where}" if self._where else where, self._remarks)

    def named_values(self, name: str) -> Iterator[tuple[str, str]]:
        """Pairs of valueName and value; a name without a value says nothing and is left out."""
        for block in self.blocks(name):
            names, values = block.texts("valueName"), block.texts("value")
            if len(names) == len(values):
                yield from zip(names, values, strict=True)
            elif values:
                block.remark(f"left out, for it has {len(values)} <value> and {len(names)} <valueName>")

    def choice(self, name: str, choices: type[_Choice]) -> _Choice:
        """The standard's word for it, in any case; Unknown, with a remark, for every other word."""
        written = self.line(name)
        if written is None:
            self.remark(f"no <{name}>, so it counts as Unknown")
            return choices("Unknown")
        plain = _FORMER_WORDS.get(written.casefold(), written.casefold())
        for each in choices:
            if each.value.casefold() == plain:
                if each.value != written:
                    self.remark(f"<{name}> is {shortened(written)}, read as {each.value}")
                return each
        self.remark(f"<{name}> is {shortened(written)}, which CAP does not have, so it counts as Unknown")
        return choices("Unknown")

    def time(self, name: str) -> datetime | None:
        written = self.line(name)
        if written is None:
            return None
        try:
            return read_time(written)
        except Unreadable as unreadable:
            self.remark(f"<{name}> was left out: {unreadable}")
            return None

    def number(self, name: str) -> float | None:
        written = self.line(name)
        if written is None:
            return None
        if _NUMBER.fullmatch(written) is None:
            self.remark(f"<{name}> was left out: {shortened(written)} is no number")
            return None
        return float(written)


def read_time(text: str) -> datetime:
    """A CAP dateTime in UTC; raises Unreadable, also without a time zone.

    >>> read_time("2026-09-25T16:34:00+07:00").isoformat()
    '2026-09-25T09:34:00+00:00'
    """
    written = _TIME.fullmatch(text.strip())
    if written is None:
        raise Unreadable(f"{shortened(text)} is no time; write it like 2026-09-25T16:34:00+07:00")
    year, zone = written.groups()
    if zone is None:
        raise Unreadable(f"{shortened(text)} has no time zone; end it with +07:00 for Thailand")
    if not 1900 <= int(year) < 2400:
        raise Unreadable(f"{shortened(text)} is not of this age; write the year of the common era, not B.E.")
    day, clock = written[0][:10], written[0][11:].replace(" ", "").upper()
    try:
        return datetime.fromisoformat(f"{day}T{clock}").astimezone(UTC)
    except ValueError as error:
        raise Unreadable(f"{shortened(text)} is no date and time of the calendar; mend it") from error


def shortened(text: str) -> str:
    """The text as a message may show it: on one line, quoted, at most 60 letters."""
    line = " ".join(text.split())
    return repr(line if len(line) <= 60 else line[:59] + "…")
