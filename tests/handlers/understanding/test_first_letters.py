"""What is found by first letters is what one long expression finds."""

import doctest

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.understanding import cry_words, distress, first_letters
from handlers.understanding.cry_keys import Keys
from handlers.understanding.first_letters import AnyOf, beginnings
from handlers.understanding.patterns import any_of

EXPRESSIONS = [
    "ab", "a(?:b|cd)e?", "(?<=x)ab", "(?:b|c)+d", "b?a", "c.{0,2}?d", "(?!ab)a", "(?:a|bc)(?:$|(?=x))", r"\.d", "[ab]c",
    "d", "", "(?:ca|c)d", "x(?:a|b){0,2}(?:$|(?=[^x]))",
]  # fmt: skip


def test_examples() -> None:
    assert doctest.testmod(first_letters).failed == 0


@given(st.lists(st.sampled_from(EXPRESSIONS), max_size=5), st.text("abcdx.", max_size=10), st.integers(0, 10))
def test_what_is_found_is_the_same(expressions: list[str], text: str, start: int) -> None:
    # Without any expression nothing is found; the empty alternative of `re` would be found everywhere.
    plain = any_of(expressions).search(text, start) if expressions else None
    found = AnyOf(expressions).search(text, min(start, len(text)))
    if start <= len(text):
        assert (found and (found.span(), found[0])) == (plain and (plain.span(), plain[0]))


@given(st.lists(st.sampled_from(EXPRESSIONS[:10]), min_size=1, max_size=5), st.text("abcdx.", max_size=12))
def test_what_is_replaced_is_the_same(expressions: list[str], text: str) -> None:
    assert AnyOf(expressions).sub("-", text) == any_of(expressions).sub("-", text)


@pytest.mark.parametrize(
    ("expression", "begins"),
    [
        ("abc", {"ab"}),
        ("a", {"a"}),
        ("(?:ab|(?:c|de)f)g", {"ab", "c", "de"}),
        ("a*b", None),
        ("(?:a|b)?c", None),
        ("[ab]c", None),
        ("a|", None),
        ("(?<!x)(?=y)ab", {"ab"}),
    ],
)
def test_how_an_expression_begins(expression: str, begins: set[str] | None) -> None:
    assert beginnings(expression) == begins


def test_lists_of_cries_have_known_beginnings_and_find_themselves() -> None:
    """A list whose beginnings were not known would be searched as slowly as before."""
    lists = {
        "explicit": cry_words.in_latin("explicit", "latin"),
        "situation": cry_words.in_latin("situation", "latin"),
    }
    for name, any_phrase in lists.items():
        expressions = [cry_words.patterns().latin(each) for each in cry_words.loaded()[name]["latin"]]
        assert all(beginnings(each) for each in expressions)
        for words in (
            " help us please ",
            " water is inside our house ",
            " we are on the roof now ",
            " hello ",
        ):
            plain = any_of(expressions).search(words)
            found = any_phrase.search(words)
            assert (found and found.span()) == (plain and plain.span())


@pytest.mark.parametrize("script", ["khmer", "lao", "burmese"])
def test_stems_of_a_script_have_a_letter_of_it(script: str) -> None:
    """A message without one is not searched for them."""
    stems = cry_words.loaded()[script]["danger"]
    assert stems
    assert [stem for stem in stems if not distress.OF_SCRIPT[script].search(stem)] == []


def test_calm_words_in_latin_letters_have_one() -> None:
    """A message without Latin letters is not searched for them."""
    assert [each for each in cry_words.words()["calm_latin"] if each.upper() == each] == []
    assert Keys("โทร 1784").latin.split() == ["1784"]
