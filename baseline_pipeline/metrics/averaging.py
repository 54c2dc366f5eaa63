"""One class against the rest, and what becomes of several classes."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from baseline_pipeline.metrics.domain import both_classes, combined, mean_of, rarest, rows_needed
from baseline_pipeline.metrics.outcomes import Array, Estimate, NotMeasurable, Outcomes
from baseline_pipeline.metrics.parameters import Parameter

WORDS = ("macro", "micro", "weighted")
AVERAGE = Parameter(
    "macro | micro | weighted | the number of a class, from 0, in the order of the class names",
    lambda value: value in WORDS or (isinstance(value, int) and not isinstance(value, bool) and value >= 0),
)


def averaged(outcomes: Outcomes, of_class: Callable[[Array, Array], Estimate], average: str | int) -> Estimate:
    """A metric of one class against the rest: of the positive class where there are two, else averaged.

    Args:
        outcomes: The rows.
        of_class: From the masks of rows of the class and of rows called so to an estimate.
        average: `macro` counts classes alike, `weighted` by their rows, `micro` counts rows alike (and
            is then the accuracy); a number means that class alone. Binary labels need none.

    Raises:
        NotMeasurable: for a single class, and where `of_class` has no value.
    """
    rows_needed(outcomes)
    if outcomes.classes is None:
        return of_class(both_classes(outcomes), outcomes.prediction == 1)
    if average == "micro":
        return mean_of(outcomes, (outcomes.prediction == outcomes.label).astype(float))
    if isinstance(average, int):
        return of_class(outcomes.label == average, outcomes.prediction == average)
    present = np.unique(outcomes.label)
    if len(present) < 2:  # noqa: PLR2004  # one class against nothing
        message = f"single class: all {len(outcomes)} rows are of one"
        raise NotMeasurable(message)
    classwise = [of_class(outcomes.label == one, outcomes.prediction == one) for one in present]
    if average == "macro":
        found = combined([(1 / len(present), estimate) for estimate in classwise])
    else:
        shares = [mean_of(outcomes, (outcomes.label == one).astype(float)) for one in present]
        value = sum(share.value * one.value for share, one in zip(shares, classwise, strict=True))
        influence = np.sum(
            [s.value * one.influence + one.value * s.influence for s, one in zip(shares, classwise, strict=True)],
            axis=0,
        )
        found = Estimate(float(value), influence)
    return Estimate(found.value, found.influence, rarest(outcomes))
