"""What each of several factors makes of a change: weights of the cells of a factorial, whatever is measured in them."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from itertools import combinations
from math import factorial
from typing import TypeVar

Factor = TypeVar("Factor", bound=Hashable)


def shapley_weights(factors: Sequence[Factor], factor: Factor) -> dict[frozenset[Factor], float]:
    """Weights of the cells whose sum is a factor's Shapley value.

    Example:
        >>> found = shapley_weights(["model", "dependencies"], "model")
        >>> sorted((sorted(cell), weight) for cell, weight in found.items())
        [([], -0.5), (['dependencies'], -0.5), (['dependencies', 'model'], 0.5), (['model'], 0.5)]
    """
    others = [one for one in factors if one != factor]
    count = len(factors)
    weights: dict[frozenset[Factor], float] = {}
    for size in range(count):
        weight = factorial(size) * factorial(count - size - 1) / factorial(count)
        for some in combinations(others, size):
            weights[frozenset(some)] = -weight
            weights[frozenset([*some, factor])] = weight
    return weights


def interaction_weights(factors: Sequence[Factor], pair: tuple[Factor, Factor]) -> dict[frozenset[Factor], float]:
    """Weights of the cells whose sum is the Shapley interaction index of two factors.

    Source: Grabisch and Roubens (1999), Int. J. Game Theory 28:547.

    Example:
        >>> found = interaction_weights(["model", "dependencies"], ("model", "dependencies"))
        >>> sorted((sorted(cell), weight) for cell, weight in found.items())
        [([], 1.0), (['dependencies'], -1.0), (['dependencies', 'model'], 1.0), (['model'], -1.0)]
    """
    others = [one for one in factors if one not in pair]
    count = len(factors)
    weights: dict[frozenset[Factor], float] = {}
    for size in range(len(others) + 1):
        weight = factorial(size) * factorial(count - size - 2) / factorial(count - 1)
        for some in combinations(others, size):
            base = frozenset(some)
            weights[base | set(pair)] = weights[base] = weight
            for one in pair:
                weights[base | {one}] = -weight
    return weights


def all_cells(factors: Sequence[Factor], first: Sequence[Factor] = ()) -> list[frozenset[Factor]]:
    """Every combination of factors; of those that came first, only the way that they came.

    Example:
        >>> len(all_cells(["model", "dependencies", "population"]))
        8
        >>> [sorted(cell) for cell in all_cells(["model", "population"], ["population"])]
        [[], ['population'], ['model', 'population']]
    """
    later = [one for one in factors if one not in first]
    way = [frozenset(first[:count]) for count in range(len(first))]
    rest = [frozenset([*first, *some]) for size in range(len(later) + 1) for some in combinations(later, size)]
    return way + rest
