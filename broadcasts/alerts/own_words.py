"""What an alert that officers wrote says beside the standard's fields: our own CAP parameters, by language.

They are heeded in alerts of this console only. In anybody else's alert a parameter of such a name means nothing.
"""

import re
from collections.abc import Mapping
from datetime import datetime

from broadcasts.alerts.cap_model import CapAlert
from broadcasts.alerts.meaning import language_of
from storage.alerts import Alert
from storage.wording.lengths import tidy

CONSOLE = "console"
"""The origin of alerts that officers wrote here."""

PREFIX = "krajai:"
FILLS = (
    *("shelter", "dam", "site", "level", "value", "disease", "symptom", "prevent"),
    *("change", "do", "reason", "n", "name", "age", "looks"),
)
"""What a draft fills into sentences, as `storage.wording.warnings.warning` names it."""

NEXT_AT, HOME_FROM_AT, ORDER, TEMPLATE, GROUP = "next_at", "home_from_at", "order", "template", "group"
BODY, WHOLE = "body.", "whole."
"""Words in place of the catalogue's: the body of a template, or a whole text in a language without a catalogue; the
form (chat, sms) follows."""

MISSING_PERSON = "missing_person"

_FILL = re.compile(r"\{([a-z_]+)\}")


def parameters(alert: Alert, cap: CapAlert, language: str) -> dict[str, str]:
    """Our parameters of the first block in a language; none in alerts of others."""
    if alert.origin != CONSOLE:
        return {}
    for info in cap.infos:
        if language_of(info) == language:
            found = {each.value_name: each.value for each in info.parameters}
            return {
                name.removeprefix(PREFIX): value for name, value in found.items() if name.startswith(PREFIX)
            }
    return {}


def languages(alert: Alert, cap: CapAlert) -> tuple[str, ...]:
    """Languages without a catalogue in which it brings whole texts."""
    tagged = dict.fromkeys(language_of(info) for info in cap.infos)
    return tuple(each for each in tagged if f"{WHOLE}chat" in parameters(alert, cap, each))


def group_of(alert: Alert, cap: CapAlert) -> str:
    """The group of volunteers that an exercise is for; '' for everybody in its area."""
    return parameters(alert, cap, "th").get(GROUP, "") if alert.status == "Exercise" else ""


def time_of(written: str) -> datetime | None:
    """A time among the parameters."""
    return datetime.fromisoformat(written) if written else None


def filled(text: str, fills: Mapping[str, str]) -> str | None:
    """Words with their fills; None when one is not known."""
    if any(not fills.get(name) for name in names_in(text)):
        return None
    return tidy(_FILL.sub(lambda found: fills[found[1]], text))


def names_in(text: str) -> set[str]:
    """The names of the fills of words.

    >>> sorted(names_in("{where} {when}"))
    ['when', 'where']
    """
    return set(_FILL.findall(text))
