"""Bubbles as the text of one SMS: plain words, no links, no emoji, numbers in the place of buttons."""

import re
from collections.abc import Sequence

from bot.text.segments import parts, price_satang, segments, without_links
from bot.text.splitting import clusters
from broadcasts.delivery.channel import Rendering
from storage.replies import Bubble, Button, ButtonKind
from storage.wording import LANGUAGES, say
from storage.wording.lengths import tidy

HIGHEST_CHOICE = 7
"""1 to 7 choose from the last menu; 8 is safe and 9 is help, everywhere (voice.md 4)."""

_SAFE = frozenset({"safe", "rescue.safe_now"})
_HELP = frozenset({"rescue.now", "rescue.check"})

_THAI = re.compile(r"[\u0e01-\u0e5b]")
_ANSWER_BY_NUMBER = re.compile(r"(?:ตอบ(?:เลข)?|\breply)\s*[0-9๐-๙]", re.IGNORECASE)
_PICTOGRAPH = re.compile(r"[\u2300-\u23ff\u25a0-\u27bf\u2b00-\u2bff\U0001f000-\U0001faff]")
_KEYCAP = "\u20e3"


def sms_text(bubbles: Sequence[Bubble], *, can_reply: bool) -> str:
    """All bubbles of a turn in one text, '' when nothing is left.

    Where citizens can answer the sender, buttons become numbers unless the words carry numbers already: the ones a
    dialog understands, counted over the buttons of the last bubble that has any, so that a number may be missing
    where a button (send location, send photo) makes no sense. Where they cannot, the words do not ask for an answer.
    """
    texts = [bubble.text or (bubble.picture.alt if bubble.picture else "") for bubble in bubbles]
    text = tidy("\n".join(_plain(text) for text in texts))
    if not can_reply:
        return _without_asking(text)
    buttons = next((bubble.buttons for bubble in reversed(bubbles) if bubble.buttons), ())
    if _carries_numbers(text, buttons):
        return text
    language = _language(text, buttons)
    return tidy("\n".join((text, " ".join(_ways_to_answer(buttons, language)))))


def rendering(bubbles: Sequence[Bubble], *, can_reply: bool, satang_a_segment: int) -> Rendering:
    """The parts of the SMS that these bubbles become and what they cost. Raises ValueError as `parts` does."""
    cut = parts(sms_text(bubbles, can_reply=can_reply))
    # Parts of one text that are cut here take a segment each, whatever they hold.
    count = len(cut) if len(cut) > 1 else sum(segments(part).count for part in cut)
    return Rendering(parts=cut, segments=count, satang=price_satang(count, satang_a_segment))


def _plain(text: str) -> str:
    return without_links("".join(_without_emoji(cluster) for cluster in clusters(text)))


def _without_emoji(cluster: str) -> str:
    if _KEYCAP in cluster:
        return cluster[0]
    return "" if _PICTOGRAPH.match(cluster) else cluster.replace("\ufe0f", "")


def _without_asking(text: str) -> str:
    for language in LANGUAGES:
        text = text.replace(say(language, "help.sms.reply"), say(language, "help.sms.emergency"))
        for key in ("sms.safe_or_help", "sms.safe", "sms.help"):
            text = text.replace(say(language, key), "")
    return tidy(text)


def _carries_numbers(text: str, buttons: Sequence[Button]) -> bool:
    numbered = (f"{number} {button.label}" for number, button in enumerate(buttons, start=1))
    return bool(_ANSWER_BY_NUMBER.search(text)) or any(each in text for each in numbered)


def _ways_to_answer(buttons: Sequence[Button], language: str) -> list[str]:
    actions = {button.action for button in buttons if button.kind is ButtonKind.ACTION}
    said: list[str] = []
    choices = [
        say(language, "choice.line", number=number, label=_plain(button.label))
        for number, button in enumerate(buttons[:HIGHEST_CHOICE], start=1)
        if button.kind is ButtonKind.ACTION and button.action not in _SAFE | _HELP
    ]
    if choices:
        said.append(say(language, "sms.choices", choices=" ".join(choices)))
    if actions & _SAFE and actions & _HELP:
        said.append(say(language, "sms.safe_or_help"))
    elif actions & _SAFE:
        said.append(say(language, "sms.safe"))
    elif actions & _HELP:
        said.append(say(language, "sms.help"))
    return said


def _language(text: str, buttons: Sequence[Button]) -> str:
    """The language of the words around: bubbles do not carry theirs."""
    words = text + "".join(button.label for button in buttons)
    return "th" if _THAI.search(words) else "en"
