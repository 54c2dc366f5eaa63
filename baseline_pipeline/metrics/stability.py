"""How many decisions change between two models on the same rows: what moved, not whether it got worse."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from baseline_pipeline.metrics.outcomes import CLASSIFICATION, Array, Better, Estimate, Metric, NotMeasurable, Outcomes


def flipped(before: Outcomes, after: Outcomes) -> Array:
    """(n,) 1 where the decision is another one.

    Source: Milani Fard et al. (2016), Launch and iterate: reducing prediction churn, NeurIPS.

    Example:
        >>> old, new = (Outcomes(np.array([0, 1, 1]), np.array(calls)) for calls in ([0, 1, 0], [1, 1, 1]))
        >>> flipped(old, new).tolist()
        [1.0, 0.0, 1.0]
    """
    return np.asarray(before.prediction != after.prediction, dtype=float)


def right_to_wrong(before: Outcomes, after: Outcomes) -> Array:
    """(n,) 1 where a right decision became a wrong one (Yan et al. 2021, negative flips).

    Example:
        >>> old, new = (Outcomes(np.array([0, 1, 1]), np.array(calls)) for calls in ([0, 1, 0], [1, 1, 1]))
        >>> right_to_wrong(old, new).tolist()
        [1.0, 0.0, 0.0]
    """
    right, still = before.prediction == before.label, after.prediction == after.label
    return np.asarray(right & ~still, dtype=float)


def wrong_to_right(before: Outcomes, after: Outcomes) -> Array:
    """(n,) 1 where a wrong decision became a right one.

    Example:
        >>> old, new = (Outcomes(np.array([0, 1, 1]), np.array(calls)) for calls in ([0, 1, 0], [1, 1, 1]))
        >>> wrong_to_right(old, new).tolist()
        [0.0, 0.0, 1.0]
    """
    return right_to_wrong(after, before)


def _of_one(outcomes: Outcomes) -> Estimate:
    message = f"stability on {len(outcomes)} rows needs two models on the same rows"
    raise NotMeasurable(message)


def _metric(
    name: str, title: str, over_pairs: Callable[[Outcomes, Outcomes], Array], better: Better = "lower"
) -> Metric:
    return Metric(
        name=name,
        title=title,
        better=better,
        unit="share",
        tasks=CLASSIFICATION,
        measure=_of_one,
        over_pairs=over_pairs,
    )


FLIP_RATE = _metric("flip_rate", "Decisions that changed", flipped)
RIGHT_TO_WRONG_RATE = _metric("right_to_wrong_rate", "Right decisions that became wrong", right_to_wrong)
WRONG_TO_RIGHT_RATE = _metric("wrong_to_right_rate", "Wrong decisions that became right", wrong_to_right, "higher")
