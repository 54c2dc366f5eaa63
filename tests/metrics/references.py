"""What every metric is held against: scikit-learn and statsmodels, or the definition written out."""

import itertools
import json
import re
import string

import numpy as np
import statsmodels.api as sm
from sklearn import metrics as sk

from baseline_pipeline.metrics.outcomes import Outcomes


def binary(rng, rows=3000):
    score = np.round(rng.beta(1, 3, rows), 2)
    label = (rng.random(rows) < score).astype(int)
    return Outcomes(label, (score >= 0.3).astype(int), score, columns={"sex": rng.choice(["f", "m", "x"], rows)})


def multiclass(rng, rows=2000):
    score = rng.dirichlet(np.ones(4), rows)
    label = np.where(rng.random(rows) < 0.5, score.argmax(axis=1), rng.integers(0, 4, rows))
    return Outcomes(label, score.argmax(axis=1), score, classes=4)


def regression(rng, rows=2000):
    label = rng.normal(3, 2, rows)
    prediction = label + rng.normal(0.2, 1, rows)
    return Outcomes(label, prediction, columns={"low": prediction - 1.5, "high": prediction + 1.5})


def answers(rng, rows=500):
    words = np.array(["the", "Eiffel", "tower,", "a", "Paris", "(1889)", "it's", "an", "ô", "An-other", "..."])

    def pick(most):
        return " ".join(rng.choice(words, rng.integers(0, most)))

    said = [pick(5) for _ in range(rows)]
    wanted = [[pick(4) for _ in range(rng.integers(0, 4))] + [one] * int(rng.random() < 0.2) for one in said]
    label = [json.dumps(one) if len(one) != 1 or one[0].startswith("[") else one[0] for one in wanted]
    return Outcomes(np.array(label, dtype=object), np.array(said, dtype=object))


def squad(o, of):
    """Both parts of SQuAD's evaluation program, by sorting words instead of counting them."""

    def plain(text):
        kept = "".join(one for one in text.lower() if one not in string.punctuation)
        return [word for word in re.split(r"\s+", kept) if word not in {"", "a", "an", "the"}]

    found = []
    for label, said in zip(o.label, o.prediction, strict=True):
        try:
            wanted = json.loads(label)
        except ValueError:
            wanted = [label]
        wanted = [words for words in map(plain, wanted) if words] or [[]]
        found.append(max(of(plain(said), words) for words in wanted))
    return np.mean(found)


def word_f1(said, wanted):
    if not said or not wanted:
        return float(said == wanted)
    left, shared = list(wanted), 0
    for word in said:
        if word in left:
            left.remove(word)
            shared += 1
    precision, recall = shared / len(said), shared / len(wanted)
    return 2 * precision * recall / (precision + recall) if shared else 0.0


def ranking(rng, rows=600):
    query = rng.permutation(np.repeat(np.arange(rows), rng.integers(2, 9, rows))[:rows])
    query = np.where(np.bincount(query)[query] < 2, 0, query)  # scikit-learn refuses to rank a single item
    label = rng.integers(0, 4, rows) * (rng.random(rows) < 0.4)
    score = np.round(0.3 * label + rng.normal(size=rows), 0 if rng.random() < 0.5 else 6)
    return Outcomes(label.astype(float), score, query=query.astype(str))


def by_query(o, of):
    return np.mean([of(o.label[o.query == one], o.prediction[o.query == one]) for one in np.unique(o.query)])


def reciprocal(label, score):
    """Over every order that ties allow."""
    before = 0
    for one in np.unique(score)[::-1]:
        tied = label[score == one] > 0
        if tied.any():
            places = itertools.combinations(range(len(tied)), int(tied.sum()))
            return np.mean([1 / (before + min(places) + 1) for places in places])
        before += len(tied)
    return 0.0


def logit(o):
    score = np.clip(o.score, 1e-6, 1 - 1e-6)
    return np.log(score) - np.log1p(-score)


def gap(o, of):
    found = [of(o.take(o.columns["sex"] == group)) for group in np.unique(o.columns["sex"])]
    return max(found) - min(found)


def positive_rate(label):
    return lambda o: o.prediction[o.label == label].mean()


def calibration_error(o, bins, edges=None):
    edges = np.linspace(0, 1, bins + 1)[1:-1] if edges is None else edges
    place = np.searchsorted(edges, o.score)
    return sum(abs(o.score[place == b].sum() - o.label[place == b].sum()) for b in range(bins)) / len(o)


def murphy(o, bins=15):
    """Reliability and resolution, bin by bin."""
    place = np.searchsorted(np.linspace(0, 1, bins + 1)[1:-1], o.score)
    parts = [(o.score[place == b], o.label[place == b]) for b in np.unique(place)]
    reliability = sum(len(y) * (p.mean() - y.mean()) ** 2 for p, y in parts) / len(o)
    resolution = sum(len(y) * (y.mean() - o.label.mean()) ** 2 for _, y in parts) / len(o)
    return reliability, resolution


def intercept(o):
    family = sm.families.Binomial()
    return sm.GLM(o.label, np.ones(len(o)), family=family, offset=logit(o)).fit(tol=1e-14).params[0]


def averaged(of, average):
    return lambda o: of(o.label, o.prediction, average=average)


def rest(of, average):
    """A metric of each class against the rest, averaged as its users do."""

    def averaged_over(o):
        each = [of((o.label == k).astype(int), (o.prediction == k).astype(int)) for k in range(4)]
        return np.average(each, weights=None if average == "macro" else np.bincount(o.label, minlength=4))

    return averaged_over


def one_hot(o):
    return np.eye(4, dtype=int)[o.label]


COSTS = [[0, 1, 4, 2], [2, 0, 1, 1], [8, 3, -1, 0], [1, 1, 2, 0]]
CASES = [
    ("accuracy", {}, binary, lambda o: sk.accuracy_score(o.label, o.prediction)),
    ("error_rate", {}, binary, lambda o: sk.zero_one_loss(o.label, o.prediction)),
    ("balanced_accuracy", {}, binary, lambda o: sk.balanced_accuracy_score(o.label, o.prediction)),
    ("precision", {}, binary, lambda o: sk.precision_score(o.label, o.prediction)),
    ("recall", {}, binary, lambda o: sk.recall_score(o.label, o.prediction)),
    ("specificity", {}, binary, lambda o: sk.recall_score(o.label, o.prediction, pos_label=0)),
    ("f1", {}, binary, lambda o: sk.f1_score(o.label, o.prediction)),
    ("f_beta", {"beta": 2}, binary, lambda o: sk.fbeta_score(o.label, o.prediction, beta=2)),
    ("matthews_correlation", {}, binary, lambda o: sk.matthews_corrcoef(o.label, o.prediction)),
    ("roc_auc", {}, binary, lambda o: sk.roc_auc_score(o.label, o.score)),
    ("average_precision", {}, binary, lambda o: sk.average_precision_score(o.label, o.score)),
    ("brier", {}, binary, lambda o: sk.brier_score_loss(o.label, o.score)),
    ("brier_reliability", {}, binary, lambda o: murphy(o)[0]),
    ("brier_resolution", {}, binary, lambda o: murphy(o)[1]),
    ("log_loss", {}, binary, lambda o: sk.log_loss(o.label, o.score)),
    (
        "calibration_slope",
        {},
        binary,
        lambda o: sm.Logit(o.label, sm.add_constant(logit(o))).fit(disp=0, tol=1e-14).params[1],
    ),
    ("calibration_intercept", {}, binary, intercept),
    ("expected_calibration_error", {}, binary, lambda o: calibration_error(o, 15)),
    (
        "expected_calibration_error",
        {"bins": 10, "binning": "equal_rows"},
        binary,
        lambda o: calibration_error(o, 10, np.quantile(o.score, np.arange(1, 10) / 10)),
    ),
    (
        "expected_cost",
        {"false_positive": 1, "false_negative": 5},
        binary,
        lambda o: (o.prediction > o.label).mean() + 5 * (o.prediction < o.label).mean(),
    ),
    ("demographic_parity_gap", {"column": "sex"}, binary, lambda o: gap(o, lambda g: g.prediction.mean())),
    ("equal_opportunity_gap", {"column": "sex"}, binary, lambda o: gap(o, positive_rate(1))),
    (
        "equalized_odds_gap",
        {"column": "sex"},
        binary,
        lambda o: max(gap(o, positive_rate(0)), gap(o, positive_rate(1))),
    ),
    ("group_calibration_gap", {"column": "sex"}, binary, lambda o: gap(o, lambda g: (g.score - g.label).mean())),
    ("accuracy", {}, multiclass, lambda o: sk.accuracy_score(o.label, o.prediction)),
    ("error_rate", {}, multiclass, lambda o: sk.zero_one_loss(o.label, o.prediction)),
    ("balanced_accuracy", {}, multiclass, lambda o: sk.balanced_accuracy_score(o.label, o.prediction)),
    ("matthews_correlation", {}, multiclass, lambda o: sk.matthews_corrcoef(o.label, o.prediction)),
    ("top_k_accuracy", {"k": 2}, multiclass, lambda o: sk.top_k_accuracy_score(o.label, o.score, k=2)),
    ("log_loss", {}, multiclass, lambda o: sk.log_loss(o.label, o.score)),
    ("brier", {}, multiclass, lambda o: float(((o.score - np.eye(4)[o.label]) ** 2).sum(axis=1).mean())),
    *[
        (name, {"average": average}, multiclass, averaged(of, average))
        for name, of in (("precision", sk.precision_score), ("recall", sk.recall_score), ("f1", sk.f1_score))
        for average in ("macro", "micro", "weighted")
    ],
    *[
        (
            "specificity",
            {"average": average},
            multiclass,
            rest(lambda y, h: sk.recall_score(y, h, pos_label=0), average),
        )
        for average in ("macro", "weighted")
    ],
    (
        "specificity",
        {"average": "micro"},
        multiclass,
        lambda o: sk.recall_score(one_hot(o).ravel(), np.eye(4)[o.prediction].ravel(), pos_label=0),
    ),
    *[
        (
            name,
            {"average": average},
            multiclass,
            lambda o, of=of, average=average: of(one_hot(o), o.score, average=average),
        )
        for name, of in (("roc_auc", sk.roc_auc_score), ("average_precision", sk.average_precision_score))
        for average in ("macro", "micro", "weighted")
    ],
    ("roc_auc", {"average": 2}, multiclass, lambda o: sk.roc_auc_score(o.label == 2, o.score[:, 2])),
    ("recall", {"average": 2}, multiclass, lambda o: sk.recall_score(o.label, o.prediction, average=None)[2]),
    ("mean_absolute_error", {}, regression, lambda o: sk.mean_absolute_error(o.label, o.prediction)),
    ("mean_squared_error", {}, regression, lambda o: sk.mean_squared_error(o.label, o.prediction)),
    ("root_mean_squared_error", {}, regression, lambda o: sk.root_mean_squared_error(o.label, o.prediction)),
    ("absolute_bias", {}, regression, lambda o: abs(np.mean(o.prediction - o.label))),
    ("bias", {}, regression, lambda o: np.mean(o.prediction - o.label)),
    ("r2", {}, regression, lambda o: sk.r2_score(o.label, o.prediction)),
    (
        "mean_absolute_percentage_error",
        {},
        regression,
        lambda o: sk.mean_absolute_percentage_error(o.label, o.prediction),
    ),
    (
        "symmetric_percentage_error",
        {},
        regression,
        lambda o: np.mean(2 * abs(o.label - o.prediction) / (abs(o.label) + abs(o.prediction))),
    ),
    (
        "expected_cost_by_class",
        {"matrix": COSTS},
        multiclass,
        lambda o: np.mean([COSTS[a][b] for a, b in zip(o.label, o.prediction, strict=True)]),
    ),
    (
        "interval_coverage",
        {"lower": "low", "upper": "high", "level": 0.9},
        regression,
        lambda o: np.mean((o.columns["low"] <= o.label) & (o.label <= o.columns["high"])),
    ),
    ("exact_match", {}, answers, lambda o: squad(o, lambda said, wanted: float(said == wanted))),
    ("token_f1", {}, answers, lambda o: squad(o, word_f1)),
    ("ndcg", {}, ranking, lambda o: by_query(o, lambda y, s: sk.ndcg_score([y], [s]))),
    ("ndcg", {"k": 3}, ranking, lambda o: by_query(o, lambda y, s: sk.ndcg_score([y], [s], k=3))),
    ("mrr", {}, ranking, lambda o: by_query(o, reciprocal)),
    ("pinball_loss", {"quantile": 0.9}, regression, lambda o: sk.mean_pinball_loss(o.label, o.prediction, alpha=0.9)),
]
BIASED = {"expected_calibration_error", "brier_reliability", "mean_absolute_percentage_error"}
"""Resampling moves these upwards, or their spread is ruled by single rows; no bootstrap says their error."""
