"""What prices are quoted in: a closed list of units, and exact changes between those that measure the same.

Money is kept in satang. A price's `level` is satang for the largest unit of its measure (a tonne, a hundred pieces), so
that prices quoted in different units of one measure can be compared as whole numbers.
"""

from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction


class Unit(StrEnum):
    BAHT_PER_KG = "baht_per_kg"
    BAHT_PER_15KG = "baht_per_15kg"
    BAHT_PER_100KG = "baht_per_100kg"
    BAHT_PER_TONNE = "baht_per_tonne"
    BAHT_PER_PIECE = "baht_per_piece"
    BAHT_PER_100_PIECES = "baht_per_100_pieces"
    BAHT_PER_EGG = "baht_per_egg"
    BAHT_PER_100_EGGS = "baht_per_100_eggs"
    BAHT_PER_BUNCH = "baht_per_bunch"
    BAHT_PER_HEAD = "baht_per_head"


@dataclass(frozen=True, kw_only=True)
class _Measure:
    name: str
    of_the_largest: Fraction


_MEASURES: dict[Unit, _Measure] = {
    Unit.BAHT_PER_KG: _Measure(name="weight", of_the_largest=Fraction(1, 1000)),
    Unit.BAHT_PER_15KG: _Measure(name="weight", of_the_largest=Fraction(15, 1000)),
    Unit.BAHT_PER_100KG: _Measure(name="weight", of_the_largest=Fraction(1, 10)),
    Unit.BAHT_PER_TONNE: _Measure(name="weight", of_the_largest=Fraction(1)),
    Unit.BAHT_PER_PIECE: _Measure(name="piece", of_the_largest=Fraction(1, 100)),
    Unit.BAHT_PER_100_PIECES: _Measure(name="piece", of_the_largest=Fraction(1)),
    Unit.BAHT_PER_EGG: _Measure(name="egg", of_the_largest=Fraction(1, 100)),
    Unit.BAHT_PER_100_EGGS: _Measure(name="egg", of_the_largest=Fraction(1)),
    Unit.BAHT_PER_BUNCH: _Measure(name="bunch", of_the_largest=Fraction(1)),
    Unit.BAHT_PER_HEAD: _Measure(name="head", of_the_largest=Fraction(1)),
}


def measure(unit: Unit) -> str:
    """What the unit measures: units of one measure can be changed into each other."""
    return _MEASURES[unit].name


def level(satang: int, unit: Unit) -> int:
    """Satang for the largest unit of the measure.

    >>> level(6120, Unit.BAHT_PER_KG), level(401000, Unit.BAHT_PER_100KG)
    (6120000, 4010000)
    """
    return round(satang / _MEASURES[unit].of_the_largest)


def changed(satang: int, unit: Unit, into: Unit) -> int:
    """The same price in another unit of the same measure, in whole satang.

    >>> changed(401000, Unit.BAHT_PER_100KG, Unit.BAHT_PER_TONNE)
    4010000
    """
    if measure(unit) != measure(into):
        raise ValueError(f"{unit.value} cannot be changed into {into.value}")
    return round(satang * _MEASURES[into].of_the_largest / _MEASURES[unit].of_the_largest)
