"""One class against the rest, and what becomes of several classes."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from baseline_pipeline.figures import counted
from baseline_pipeline.metrics.classes import class_name, names_of, unknown
from baseline_pipeline.metrics.domain import both_classes, combined, mean_of, probabilities, rarest, rows_needed
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


def averaged(
    outcomes: Outcomes,
    of_class: Callable[[Array, Array], Estimate],
    average: str | int,
    micro: Callable[[], Estimate] | None = None,
) -> Estimate:
    """A metric of one class against the rest: of the positive class where there are two, else averaged.

    Args:
        outcomes: The rows.
        of_class: From the masks of rows of the class and of rows called so to an estimate.
        average: `macro` counts classes alike, `weighted` by their rows, `micro` counts rows alike; anything else is
            the label of a class, and means that class alone. Binary labels need none.
        micro: The micro average, where it is not the accuracy.

    Raises:
        NotMeasurable: for a single class, a name that no class has, and where `of_class` has no value.
    """
    _known(outcomes, average)
    if outcomes.classes is None:
        return of_class(both_classes(outcomes), outcomes.prediction == 1)
    right = (outcomes.prediction == outcomes.label).astype(float)
    return _over_classes(
        outcomes,
        lambda one: of_class(outcomes.label == one, outcomes.prediction == one),
        average,
        micro or (lambda: mean_of(outcomes, right)),
    )


def averaged_scores(outcomes: Outcomes, measure: Callable[[Outcomes], Estimate], average: str | int) -> Estimate:
    """A metric of scores, of the positive class where there are two, else of each against the rest, averaged.

    Args:
        outcomes: The rows; of several classes, each has a probability.
        measure: From binary outcomes to an estimate.
        average: As in `averaged`; `micro` takes every row once for each class.

    Raises:
        NotMeasurable: for a single class, a name that no class has, and without probabilities.
    """
    _known(outcomes, average)
    if outcomes.classes is None:
        return measure(outcomes)
    score = probabilities(outcomes)
    rows, classes = score.shape

    def pooled() -> Estimate:
        label = (outcomes.label[:, None] == np.arange(classes)).astype(np.int64).ravel()
        weight, count = (None if one is None else np.repeat(one, classes) for one in (outcomes.weight, outcomes.count))
        found = measure(Outcomes(label, label, score.ravel(), weight, count=count))
        return Estimate(found.value, found.influence.reshape(rows, classes).mean(axis=1))

    def against_rest(one: int) -> Estimate:
        label = (outcomes.label == one).astype(np.int64)
        return measure(Outcomes(label, label, score[:, one], outcomes.weight, count=outcomes.count))

    return _over_classes(outcomes, against_rest, average, pooled)


def _known(outcomes: Outcomes, average: str | int) -> None:
    rows_needed(outcomes)
    wrong = _misfit(average, names_of(outcomes), outcomes.classes is not None)
    if wrong:
        raise NotMeasurable(wrong)


def _over_classes(
    outcomes: Outcomes, of_number: Callable[[int], Estimate], average: str | int, micro: Callable[[], Estimate]
) -> Estimate:
    """What becomes of estimates of single classes, by their numbers."""
    if average not in WORDS:
        return of_number(names_of(outcomes).index(class_name(average)))
    present = np.unique(outcomes.label)
    if len(present) < 2 and average != "micro":  # noqa: PLR2004  # one class against nothing
        message = f"single class: all {counted(len(outcomes), 'row')} are of one"
        raise NotMeasurable(message)
    if average == "micro":
        return micro()
    classwise = [of_number(one) for one in present]
    if average == "macro":
        found = combined([(1 / len(present), estimate) for estimate in classwise])
        return Estimate(found.value, found.influence, rarest(outcomes))
    shares = [mean_of(outcomes, (outcomes.label == one).astype(float)) for one in present]
    value = sum(share.value * one.value for share, one in zip(shares, classwise, strict=True))
    influence = np.sum(
        [s.value * one.influence + one.value * s.influence for s, one in zip(shares, classwise, strict=True)],
        axis=0,
    )
    return Estimate(float(value), influence, _thinnest([one.value for one in shares], classwise, len(outcomes)))


def _thinnest(shares: Sequence[float], classwise: Sequence[Estimate], rows: int) -> int:
    """Rows that a weighted average is worth: a class that weighs little takes little away, however few rows it has.

    Satterthwaite's number for a sum of means whose rows are equally spread, share^2 / rows being the variance of each.

    Example:
        >>> few, many = Estimate(0.5, np.zeros(0), 5), Estimate(0.5, np.zeros(0), 995)
        >>> _thinnest([0.005, 0.995], [few, many], 1000), _thinnest([0.5, 0.5], [few, many], 1000)
        (1000, 5)
    """
    support = np.array([one.support or rows for one in classwise], dtype=float)
    variance = np.square(shares) / support
    return min(rows, round(float(variance.sum() ** 2 / (variance**2 / support).sum())))
