"""Places as people type them: nicknames, abbreviations, glued, misspelt, romanised, in the middle of a sentence."""

from handlers.understanding.places.finding import PlacesFound, places_in
from handlers.understanding.places.whole import nothing_but_a_place, place_in_the_open

__all__ = ["PlacesFound", "nothing_but_a_place", "place_in_the_open", "places_in"]
