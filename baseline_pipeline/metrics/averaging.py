"""One class against the rest, and what becomes of several classes."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from baseline_pipeline.metrics.classes import class_name, names_of, unknown
from baseline_pipeline.metrics.domain import both_classes, combined, mean_of, rarest, rows_needed
from baseline_pipeline.metrics.outcomes import Array, Estimate, NotMeasurable, Outcomes
from baseline_pipeline.metrics.parameters import Parameter

WORDS = ("macro", "micro", "weighted")


def _misfit(average: object, names: Sequence[str], several: bool) -> str:
    known = names if several else names[1:]
    return "" if average in WORDS or class_name(average) in known else f"average {unknown(average, known, WORDS)}"


AVERAGE = Parameter(
    "macro | micro | weighted | a class by its label: cat, 3, true",
    lambda value: isinstance(value, (str, int)) and value != "",
    misfit=_misfit,
)


def averaged(outcomes: Outcomes, of_class: Callable[[Array, Array], Estimate], average: str | int) -> Estimate:
    """A metric of one class against the rest: of the positive class where there are two, else averaged.

    Args:
        outcomes: The rows.
        of_class: From the masks of rows of the class and of rows called so to an estimate.
        average: `macro` counts classes alike, `weighted` by their rows, `micro` counts rows alike (and
            is then the accuracy); anything else is the label of a class, and means that class alone. Binary
            labels need none.

    Raises:
        NotMeasurable: for a single class, a name that no class has, and where `of_class` has no value.
    """
    rows_needed(outcomes)
    names = names_of(outcomes)
    wrong = _misfit(average, names, outcomes.classes is not None)
    if wrong:
        raise NotMeasurable(wrong)
    if outcomes.classes is None:
        return of_class(both_classes(outcomes), outcomes.prediction == 1)
    if average == "micro":
        return mean_of(outcomes, (outcomes.prediction == outcomes.label).astype(float))
    if average not in WORDS:
        number = names.index(class_name(average))
        return of_class(outcomes.label == number, outcomes.prediction == number)
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
