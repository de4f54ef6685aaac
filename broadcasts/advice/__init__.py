"""Advice to those who farm: forecasts in, one right line a day out, and officers' own bulletins.

`advice_for(session, place, crops, on)` is the best confirmed advice of a day, `advice_line` says it in one line, and
`note_told` keeps that somebody had hers. They are storage's, since a chat asks for the same.
"""

from storage.advice_words import advice_line
from storage.advising import Advice, advice_for, note_told

__all__ = ["Advice", "advice_for", "advice_line", "note_told"]
