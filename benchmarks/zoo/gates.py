"""Gates under test: the product's own, and the rules that peers ship, written down from their documentation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from scipy import stats

from baseline_pipeline.comparison import Contrast, Side
from baseline_pipeline.contract import Contract
from benchmarks.two_scorings import HALF, contrasted, decided, scores_of
from benchmarks.zoo.cases import Drawn
from benchmarks.zoo.population import Population

Array = np.ndarray[Any, Any]
COLUMNS = tuple("abcdef")


def policy(margin: float = 0.01) -> Contract:
    """What a team would write: two primaries, calibration and latency as guardrails, six slicing columns."""
    reported = {"role": "report_only"}
    return Contract.model_validate(
        {
            "name": "zoo",
            "task": "binary_classification",
            "data": {
                "source": {"csv": "-"},
                "row_id": ["id"],
                "label": "y",
                "features": [{"name": "x"}],
                "cluster": "d",
            },
            "model": {"function": "a:b", "positive_class": 1},
            "slices": [{"by": [column]} for column in COLUMNS],
            "metrics": [
                {"metric": "error_rate", "margin": {"absolute": margin}},
                {"metric": "brier", "margin": {"absolute": margin / 2}},
                {
                    "metric": "calibration_slope",
                    "role": "guardrail",
                    "margin": {"absolute": 0.05},
                    "slices": reported,
                },
                {"metric": "latency_mean", "role": "guardrail", "margin": {"relative": 0.02}},
            ],
        }
    )


def ours(contract: Contract, people: Population, drawn: Drawn, seed: int) -> Contrast:
    """The product's own comparison of one run."""
    columns = pa.table({name: pa.array(people.levels[drawn.rows, number]) for number, name in enumerate(COLUMNS)})
    before, after = (
        scores_of(decided(drawn.label, score), cluster=drawn.cluster, columns=columns)
        for score in (drawn.old, drawn.new)
    )
    return contrasted(
        contract,
        before,
        after,
        baseline=Side(evaluation="e", scores_file=f"{seed:016x}", version="1", snapshot="s"),
        candidate=Side(evaluation="f", scores_file=f"{seed + 1:016x}", version="2", snapshot="s"),
        times=drawn.times,
    )


@dataclass(frozen=True)
class Reading:
    """What a rule makes of one run.

    Attributes:
        score: what it compares; larger is worse.
        alarm: whether it exceeds the threshold the rule is shipped with.
    """

    score: float
    alarm: bool


def _ruled(score: float, threshold: float) -> Reading:
    return Reading(float(score), bool(score > threshold))


def peers(people: Population, drawn: Drawn, fresh: Drawn, rng: np.random.Generator) -> dict[str, Reading]:
    """The rules that peers ship, on the same run.

    Args:
        people: The population, for what a team knows of its model from before.
        drawn: The run.
        fresh: Other rows of the same case: rules that do not pair are given those for the candidate.
        rng: For the history that some rules need.
    """
    label, later = drawn.label, fresh.label
    rows = len(label)
    old_wrong, new_wrong = (wrong(score, label) for score in (drawn.old, drawn.new))
    fresh_wrong = wrong(fresh.new, later)
    long_run = long_run_rates(people)
    fixed = max(before - now for before, now in zip(long_run, rates(drawn.new, label), strict=True))
    relative = max(
        (before - now) / before for before, now in zip(rates(drawn.old, label), rates(drawn.new, label), strict=True)
    )
    history = rng.binomial(rows, long_run[0], 10) / rows
    error = np.sqrt((old_wrong.var() + fresh_wrong.var()) / rows)
    old_times, new_times = drawn.in_turn.baseline, drawn.in_turn.candidate
    slower = max(np.quantile(new_times, 0.95) / np.quantile(old_times, 0.95), new_times.mean() / old_times.mean())
    return {
        "MLflow gate: accuracy, precision, recall above fixed thresholds (2 pt below baseline)": _ruled(fixed, 0.02),
        "TFX Evaluator, Deepchecks: relative drop over 5 %, same rows": _ruled(relative, 0.05),
        "McNemar on accuracy at 1 %, same rows": _ruled(mcnemar(old_wrong, new_wrong), stats.norm.isf(0.01)),
        "two proportions at 1 %, other rows": _ruled(
            (fresh_wrong.mean() - old_wrong.mean()) / error, stats.norm.isf(0.01)
        ),
        "two proportions at 1 % in each of 60 slices, uncorrected": _ruled(
            by_slice(people, drawn, fresh, old_wrong, fresh_wrong), stats.norm.isf(0.01)
        ),
        "NannyML: 3 standard deviations of ten chunks": _ruled(
            (history.mean() - 1 + fresh_wrong.mean()) / history.std(ddof=1), 3
        ),
        "Evidently: normed Wasserstein distance of scores over 0.1": _ruled(
            np.abs(np.sort(drawn.old) - np.sort(fresh.new)).mean() / drawn.old.std(), 0.1
        ),
        "Kolmogorov-Smirnov of scores at 5 %": _ruled(
            -stats.ks_2samp(drawn.old, fresh.new, method="asymp").pvalue, -0.05
        ),
        "Kayenta: Mann-Whitney of latency at 1 %, one run after the other": _ruled(
            stats.norm.isf(stats.mannwhitneyu(new_times, old_times, alternative="greater", method="asymptotic").pvalue),
            stats.norm.isf(0.01),
        ),
        "latency mean or p95 over +10 %, one run after the other": _ruled(slower - 1, 0.10),
    }


def wrong(score: Array, label: Array) -> Array:
    """(n,) 1 where the decision at one half is wrong."""
    return np.asarray(((score >= HALF) != (label == 1)).astype(float))


def rates(score: Array, label: Array) -> tuple[float, float, float]:
    """Accuracy, precision, recall."""
    decided, positive = score >= HALF, label == 1
    hits = (decided & positive).sum()
    return float((decided == positive).mean()), hits / max(decided.sum(), 1), hits / max(positive.sum(), 1)


_LONG_RUN: dict[int, tuple[float, ...]] = {}


def long_run_rates(people: Population) -> tuple[float, ...]:
    """What a team knows of its model from a long time before."""
    if id(people) not in _LONG_RUN:
        both = [rates(score, people.label) for score in (people.old, people.new)]
        _LONG_RUN[id(people)] = tuple(float(np.mean(pair)) for pair in zip(*both, strict=True))
    return _LONG_RUN[id(people)]


def mcnemar(old_wrong: Array, new_wrong: Array) -> float:
    """The z statistic of McNemar (1947)."""
    worse, better = ((new_wrong > old_wrong).sum(), (new_wrong < old_wrong).sum())
    return float((worse - better) / np.sqrt(max(worse + better, 1)))


def by_slice(people: Population, drawn: Drawn, fresh: Drawn, old_wrong: Array, new_wrong: Array) -> float:
    """The largest two-proportion z over all slices."""
    found = []
    for column in range(people.levels.shape[1]):
        before, after = people.levels[drawn.rows, column], people.levels[fresh.rows, column]
        sizes = [np.maximum(np.bincount(one, minlength=10), 1) for one in (before, after)]
        counts = [np.bincount(one, errors, minlength=10) for one, errors in ((before, old_wrong), (after, new_wrong))]
        pooled = (counts[0] + counts[1]) / (sizes[0] + sizes[1])
        error = np.sqrt(np.maximum(pooled * (1 - pooled) * (1 / sizes[0] + 1 / sizes[1]), 1e-9))
        found.append(((counts[1] / sizes[1] - counts[0] / sizes[0]) / error).max())
    return float(max(found))
