"""A plain script: scipy's distances of 25 columns, scikit-learn's metrics on 60 slices; no intervals."""

from itertools import combinations

import numpy as np
from measured import CATEGORIES, NUMBERS, Parts, frames
from scipy.stats import chi2_contingency, ks_2samp, wasserstein_distance
from sklearn import metrics as sk

parts = Parts()
baseline, current = frames(parts)


def drift():
    """Two distances of each number, one test of each category."""
    for name in NUMBERS:
        one, other = baseline[name].dropna().to_numpy(), current[name].dropna().to_numpy()
        ks_2samp(one, other, method="asymp")
        wasserstein_distance(one, other)
    for name in CATEGORIES:
        counts = [side[name].value_counts() for side in (baseline, current)]
        names = sorted(set(counts[0].index) | set(counts[1].index))
        chi2_contingency(np.array([[one.get(value, 0) for value in names] for one in counts]))


def performance(rows):
    """Eight metrics on every slice."""
    slices = [rows]
    for depth in (1, 2):
        for by in combinations(["region", "segment", "device"], depth):
            slices += [part for _, part in rows.groupby(list(by))]
    for part in slices:
        y, h, p = part["label"], part["prediction"], part["score"]
        for metric in (sk.accuracy_score, sk.precision_score, sk.recall_score, sk.f1_score, sk.matthews_corrcoef):
            metric(y, h)
        for metric in (sk.roc_auc_score, sk.log_loss, sk.brier_score_loss):
            metric(y, p)
    return len(slices)


parts.time("drift", drift)
parts.time("performance", lambda: [performance(side) for side in (baseline, current)])
parts.tell("three measures of 25 columns, 8 metrics on 60 slices; no intervals")
