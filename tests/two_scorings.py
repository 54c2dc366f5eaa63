"""Two scorings of the same rows, drawn so that the truth is known, and what their comparison says."""

import functools

import numpy as np
import pyarrow as pa

from baseline_pipeline.comparison import ALL_ROWS, Side
from baseline_pipeline.contract import Contract
from baseline_pipeline.contrasting import contrast
from baseline_pipeline.evaluation import Scores
from baseline_pipeline.metrics.outcomes import Outcomes

METRICS = [
    {"metric": "error_rate", "margin": {"absolute": 0.01}},
    {"metric": "brier", "margin": {"absolute": 0.005}},
    {"metric": "roc_auc", "margin": {"absolute": 0.01}},
]


def contract(metrics=METRICS, slices=({"by": ["group"], "min_rows": 50},), **more):
    return Contract.model_validate(
        {
            "name": "m",
            "task": "binary_classification",
            "data": {
                "source": {"csv": "x.csv"},
                "row_id": ["id"],
                "label": "y",
                "features": [{"name": "x"}],
                "cluster": "day",
            },
            "model": {"function": "a:b", "positive_class": 1},
            "slices": list(slices),
            "metrics": metrics,
        }
        | more
    )


@functools.cache
def numbered(start, n):
    """Ids of eight digits; simulations ask for the same ones thousands of times."""
    return pa.array([f"{i:08d}" for i in range(start, start + n)])


def scores(score, label, *, cluster=None, group=None, start=0, day=None, content=None, ids=None):
    n = len(score)
    group = np.array(["a"] * n) if group is None else group
    return Scores(
        row_id=numbered(start, n) if ids is None else pa.array(ids),
        outcomes=Outcomes(np.asarray(label), (np.asarray(score) >= 0.5).astype(int), np.asarray(score)),
        cluster=None if cluster is None else np.asarray(cluster).astype(str),
        day=day,
        columns=pa.table({"group": pa.array(group)}),
        content=np.zeros(n, dtype=np.uint64) if content is None else content,
    )


SIDE = Side(evaluation="e", scores_file="f", version="1", snapshot="s")


def compared(old, new, *, moved="model", pairing="paired", windows=(), definitions=({}, {}), policy=None, **more):
    return contrast(
        policy or contract(),
        moved=moved,
        question="?",
        baseline=SIDE,
        candidate=SIDE,
        baseline_scores=old,
        candidate_scores=new,
        definitions=definitions,
        training_windows=windows,
        pairing=pairing,
        **more,
    )


def cell(result, metric, where=ALL_ROWS):
    return next(one for one in result.cells if one.metric == metric and one.slice == where)


def world(rng, n=3000, days=60, clustered=True):
    """Labels whose rate moves by day, and an honest score."""
    day = rng.integers(0, days, n)
    logit = rng.normal(-0.5, 1.2, n) + (rng.normal(0, 0.5, days)[day] if clustered else 0)
    truth = 1 / (1 + np.exp(-logit))
    return truth, (rng.random(n) < truth).astype(int), day


def churned(rng, score, share=0.03):
    """Balanced churn: `share` of the decisions flip, wrong to right as likely as right to wrong."""
    new = score.copy()
    rows = rng.permutation(len(score))[: int(share * len(score))]
    new[rows] = 1 - new[rows]
    return new


def balanced(rng, label, score):
    """Labels redrawn so that a flip is as likely to help as to hurt."""
    decided = (score >= 0.5).astype(int)
    return np.where(rng.random(len(label)) < 0.5, decided, 1 - decided)
