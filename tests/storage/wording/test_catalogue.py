"""The catalogues are complete, and every sentence that the code says is in them."""

import ast
import re
from pathlib import Path

import pytest
from babel.messages.pofile import read_po

from storage.wording import LANGUAGES, WordingError, say
from storage.wording.catalogue import DOMAINS, fills_of, has, keys

ROOT = Path(__file__).resolve().parents[3]
FILES = [
    ROOT / "storage/wording/locales" / language / "LC_MESSAGES" / f"{domain}.po"
    for language in LANGUAGES
    for domain in DOMAINS
]


def test_puts_fills_in() -> None:
    assert say("th", "hello.quiet", place="อ.แม่สาย") == "สวัสดี วันนี้ที่ อ.แม่สาย ไม่มีคำเตือน"
    assert say("en", "subscriptions.more", count=3) == "and 3 more"


def test_unknown_language_gets_thai() -> None:
    assert say("my", "buttons.menu") == "เมนู"


def test_unknown_key_is_an_error() -> None:
    with pytest.raises(WordingError, match=r"no sentence 'hello\.nobody'"):
        say("th", "hello.nobody")


def test_missing_fill_is_an_error_that_names_it() -> None:
    with pytest.raises(WordingError, match=r"'choice\.line' needs label, which"):
        say("en", "choice.line", number=1)


def test_a_fill_with_braces_stays_as_it_is() -> None:
    assert say("en", "choice.line", number="{label}", label="{number} {0} %s") == "{label} {number} {0} %s"


def test_fills_that_are_not_used_are_ignored() -> None:
    assert say("en", "buttons.menu", place="Mae Sai") == "Menu"


def test_all_languages_have_the_same_keys_in_the_same_order() -> None:
    assert all(keys(language) == keys("th") for language in LANGUAGES)


def test_all_languages_have_the_same_fills() -> None:
    fills = {key: {language: set(fills_of(language, key)) for language in LANGUAGES} for key in keys("th")}
    assert {
        key: each for key, each in fills.items() if any(each["th"] != other for other in each.values())
    } == {}


@pytest.mark.parametrize("file", FILES, ids=lambda file: "/".join(file.parts[-3:]))
def test_no_entry_is_empty_doubtful_or_double(file: Path) -> None:
    with file.open("rb") as opened:
        messages = [message for message in read_po(opened, abort_invalid=True) if message.id]
    for message in messages:
        assert isinstance(message.string, str)
        assert message.string.strip() == message.string != "", message.id
        assert not message.fuzzy, message.id
        assert not re.search(r"[{}]", re.sub(r"\{[a-z_]+\}", "", message.string)), message.id
    written = re.findall(r'^msgid "(.+)"$', file.read_text("utf-8"), re.MULTILINE)
    assert len(written) == len(set(written)) == len(messages)


def _said() -> list[tuple[str, ast.Call, str]]:
    """Every call of say and of button with its key as a pattern: (file and line, call, pattern)."""
    found = []
    for folder in ("bot", "broadcasts", "handlers", "storage"):
        for file in (ROOT / folder).rglob("*.py"):
            for node in ast.walk(ast.parse(file.read_text("utf-8"))):
                pattern = _key(node) if isinstance(node, ast.Call) else None
                if isinstance(node, ast.Call) and pattern is not None:
                    found.append((f"{file.relative_to(ROOT)}:{node.lineno}", node, pattern))
    return found


def _key(call: ast.Call) -> str | None:
    """The key of say(language, key), of a turn's say(key) and of its button(key)."""
    if isinstance(call.func, ast.Name):
        return _pattern(call.args[1]) if call.func.id == "say" and len(call.args) > 1 else None
    if not isinstance(call.func, ast.Attribute) or not call.args:
        return None
    if call.func.attr == "say":
        return _pattern(call.args[-1])
    label = _pattern(call.args[0]) if call.func.attr in {"button", "location_button"} else None
    return rf"buttons\.{label}" if label else None


def _pattern(key: ast.expr) -> str | None:
    if isinstance(key, ast.Constant) and isinstance(key.value, str):
        return re.escape(key.value)
    if isinstance(key, ast.JoinedStr):
        return "".join(
            re.escape(str(part.value)) if isinstance(part, ast.Constant) else "[a-z0-9_.]+"
            for part in key.values
        )
    return None


def test_every_sentence_that_the_code_says_exists_and_gets_its_fills() -> None:
    said = _said()
    assert said, "no call of say found: this test looks in the wrong place"
    wrong = []
    for place, call, pattern in said:
        meant = [key for key in keys("th") if re.fullmatch(pattern, key)]
        given = {keyword.arg for keyword in call.keywords}
        if not meant:
            wrong.append(f"{place}: no key {pattern}")
        elif len(meant) == 1 and None not in given and not fills_of("th", meant[0]) <= given:
            wrong.append(f"{place}: {meant[0]} needs {sorted(fills_of('th', meant[0]))}")
    assert wrong == []


def test_has_tells_what_is_there() -> None:
    assert has("en", "buttons.menu")
    assert not has("en", "buttons.nothing")
