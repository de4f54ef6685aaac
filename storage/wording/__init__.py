"""Every word that a citizen reads, in every language that Krajai speaks."""

from storage.wording.catalogue import LANGUAGES, WordingError, say

__all__ = ["LANGUAGES", "WordingError", "say"]
