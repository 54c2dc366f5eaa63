"""Sums under random signs, thousands at once: cosets of the Walsh functions, by two small matrix products."""

from __future__ import annotations

from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]

ORDER, BLOCKS = 512, 8
"""Walsh functions in a coset, and cosets."""
DRAWS = ORDER * BLOCKS - 1
"""Sums drawn, beside the one that was observed."""
_FACTORS = (16, 32)
_FUNCTION = np.array(sorted(range(ORDER), key=lambda one: (one.bit_count() % 2 == 0, one.bit_count(), one)))
"""Index of the Walsh function's argument that each unit stands at: the first nine are independent, and any up to
the 256th have a draw in which all signs turn."""


def signed_sums(steps: Array, seed: int) -> Array:
    """Sums of the columns of (u, m) contributions under `DRAWS` vectors of random signs.

    Unit i of draw (k, b) has the sign W_k(c(i mod 512)) D_b(i): W are the Walsh functions of order 512, c a
    permutation, D_0 is all ones, and the other D_b are drawn at random. The signs of a block are a coset of a
    group and all cosets are equally likely; where random signs of units change no distribution, what was
    observed (k = b = 0, left out here) is therefore as likely as any draw to be the largest, and p-values that
    count it are exact (Hemerik and Goeman 2018, TEST 27:811). Within a coset any two units agree in half of the
    draws, so that the spread of a block's sums has no error of its own; and a coset costs what a fast
    Walsh-Hadamard transform does, where each sign drawn by itself would be multiplied with each contribution.

    Args:
        steps: (u, m) whole numbers, small enough for sums of them to be exact in double precision.
        seed: Of the signs.

    Returns:
        (m, DRAWS) sums; exact, hence the same on every machine.

    Example:
        >>> sums = signed_sums(np.ones((4, 1)), seed=1)
        >>> sums.shape, sorted({int(one) for one in sums[0]})
        ((1, 4095), [-4, -2, 0, 2, 4])
    """
    units, columns = steps.shape
    layers = max(-(-units // ORDER), 1)
    padded = np.zeros((layers * ORDER, columns))
    padded[(ORDER * np.arange(layers)[:, None] + _FUNCTION).ravel()[:units]] = steps
    signs = np.ones((BLOCKS, layers * ORDER))
    bits = np.random.Generator(np.random.Philox(seed)).bytes(-(-(BLOCKS - 1) * layers * ORDER // 8))
    signs[1:] -= 2.0 * np.unpackbits(np.frombuffer(bits, np.uint8)).reshape(BLOCKS - 1, -1)
    folded = np.matmul(
        signs.reshape(BLOCKS, layers, ORDER).transpose(2, 0, 1), padded.reshape(layers, ORDER, columns).swapaxes(0, 1)
    )
    small, large = (_walsh(factor) for factor in _FACTORS)
    half = (small @ folded.reshape(_FACTORS[0], -1)).reshape(*_FACTORS, BLOCKS * columns)
    whole = np.matmul(half.swapaxes(1, 2), large)  # (16, blocks * columns, 32)
    by_column = whole.reshape(_FACTORS[0], BLOCKS, columns, _FACTORS[1]).transpose(2, 0, 1, 3)
    return np.asarray(by_column.reshape(columns, ORDER * BLOCKS)[:, 1:])


def _walsh(order: int) -> Array:
    """(order, order) Hadamard matrix by Sylvester's construction; order is a power of two."""
    found = np.ones((1, 1))
    while len(found) < order:
        found = np.block([[found, found], [found, -found]])
    return found
