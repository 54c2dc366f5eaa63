"""Performance where labels have not come yet: what calibrated scores let one expect."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from baseline_pipeline.metrics.outcomes import Outcomes

if TYPE_CHECKING:
    from baseline_pipeline.contract import Contract

Array = np.ndarray[Any, Any]
LEAST_ROWS = 200
"""Labelled rows below which scores are not calibrated."""


@dataclass(frozen=True)
class Calibrator:
    """A rising step function from scores to probabilities.

    Attributes:
        score: (k,) ascending.
        probability: (k,) of the positive class.
    """

    score: Array
    probability: Array

    def __call__(self, score: Array) -> Array:
        """Probabilities of the positive class."""
        return np.asarray(np.interp(score, self.score, self.probability))


def calibrator(contract: Contract, outcomes: Outcomes, chosen: Array) -> Calibrator | None:
    """Isotonic regression of labels on scores; `None` where there are no two classes, scores or rows enough.

    Source: Zadrozny and Elkan (2002), Transforming classifier scores into accurate multiclass probability
    estimates, KDD.

    Args:
        contract: Its task.
        outcomes: n rows.
        chosen: (n,) the labelled calm ones.
    """
    from scipy.optimize import isotonic_regression

    score = outcomes.score
    if contract.task != "binary_classification" or score is None or score.ndim != 1:
        return None
    chosen = chosen & np.isfinite(score)
    if chosen.sum() < LEAST_ROWS:
        return None
    order = np.argsort(score[chosen], kind="stable")
    fitted = isotonic_regression(outcomes.label[chosen][order].astype(float)).x
    ordered = score[chosen][order]
    edge = np.flatnonzero(np.r_[True, np.diff(fitted) > 0])
    ends = np.r_[edge[1:] - 1, len(fitted) - 1]
    return Calibrator(np.c_[ordered[edge], ordered[ends]].ravel(), np.c_[fitted[edge], fitted[ends]].ravel())


def expected_outcomes(calibrate: Calibrator, outcomes: Outcomes) -> Outcomes:
    """Every row twice, once with either label, weighted by the label's probability.

    Any metric of weighted rows then gives its expectation (exactly, for means of losses). Right as long as the
    relation of scores to labels holds; blind to concept drift, so that it informs and never gates.

    Source: confidence-based performance estimation, Kivimaki et al. (2025), Confidence-based estimators for
    predictive performance in model monitoring, JAIR 82.
    """
    assert outcomes.score is not None  # noqa: S101  # the calibrator was made from scores
    positive = np.clip(calibrate(outcomes.score), 1e-6, 1 - 1e-6)
    twice = np.tile(np.arange(len(outcomes)), 2)
    weights = outcomes.weights
    return replace(
        outcomes.take(twice),
        label=np.repeat([1, 0], len(outcomes)),
        weight=np.concatenate([positive * weights, (1 - positive) * weights]),
    )
