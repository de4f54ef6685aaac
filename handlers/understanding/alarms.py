"""What was heard in a message, and how sure it is that somebody needs help."""

from dataclasses import dataclass
from enum import IntEnum


class Alarm(IntEnum):
    """How sure it is that somebody needs help."""

    CONCERN = 1
    CRY = 2


@dataclass(frozen=True, kw_only=True, slots=True)
class Heard:
    """`words` are what was heard, levelled for comparing."""

    alarm: Alarm
    words: str


def cry(words: str) -> Heard:
    return Heard(alarm=Alarm.CRY, words=words.strip())


def concern(words: str) -> Heard:
    return Heard(alarm=Alarm.CONCERN, words=words.strip())
