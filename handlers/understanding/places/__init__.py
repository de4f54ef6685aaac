"""Places as people type them: nicknames, abbreviations, glued, misspelt, romanised, in the middle of a sentence."""

from handlers.understanding.places.finding import PlacesFound, places_in

__all__ = ["PlacesFound", "places_in"]
