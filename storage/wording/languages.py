"""Languages that Krajai is asked for and does not speak yet, and the one sentence that says so in each."""

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files


@dataclass(frozen=True, kw_only=True)
class ComingLanguage:
    """`not_yet` in its own script; `reviewed_by` is '' until a native speaker has read it."""

    code: str
    not_yet: str
    reviewed_by: str


@cache
def coming_languages() -> dict[str, ComingLanguage]:
    """By ISO 639-1 code, those that most ask for first (`knowledge/languages.toml`)."""
    read = tomllib.loads((files("knowledge") / "languages.toml").read_text(encoding="utf-8"))
    return {each["code"]: ComingLanguage(**each) for each in read["language"]}
