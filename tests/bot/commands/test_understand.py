"""krajai understand: a line in, a line out, whatever it holds."""

import json

import pytest
from typer.testing import CliRunner

from bot.__main__ import build


@pytest.fixture
def runner() -> CliRunner:
    return CliRunner()


def test_a_text_is_told_in_words(runner: CliRunner) -> None:
    ran = runner.invoke(build("understand"), ["understand", "ถ้าน้ำยางเกิน 65 บอกด้วย", "--why"])
    assert ran.exit_code == 0
    assert ran.stdout.splitlines()[0] == "price_alert  product=rubber_latex  op=>  amount=65"
    assert "next:" in ran.stdout


def test_each_line_is_answered_by_a_line(runner: CliRunner) -> None:
    odd = [b"4217-7", b"", b"\xff\xfe\xe0", ("ก" * 10_000).encode(), "ช่วยด้วย".encode(), b'{"a": "\\n"}']
    ran = runner.invoke(
        build("understand"), ["understand", "--stdin", "--json"], input=b"\n".join(odd) + b"\n"
    )
    assert ran.exit_code == 0
    answers = [json.loads(line) for line in ran.stdout.splitlines()]
    assert [each["intent"] for each in answers] == [
        "track_complaint",
        "other",
        "other",
        "other",
        "need_help",
        "other",
    ]
    assert answers[0]["slots"]["ticket"] == "4217-7"
    assert {tuple(each) for each in answers} == {("text", "intent", "slots", "article", "concern")}
    assert {tuple(each["slots"]) for each in answers} == {("place", "product", "op", "amount", "ticket")}
    assert answers[3]["text"] == "ก" * 10_000


def test_an_article_is_named(runner: CliRunner) -> None:
    ran = runner.invoke(build("understand"), ["understand", "บัตรประชาชนหายทำไง", "--json"])
    assert json.loads(ran.stdout)["article"] == "id-card-lost"


@pytest.mark.parametrize("arguments", [[], ["ก", "--stdin"]])
def test_wrong_use(runner: CliRunner, arguments: list[str]) -> None:
    assert runner.invoke(build("understand"), ["understand", *arguments]).exit_code == 2
