import numpy as np
import pytest
import statsmodels.api as sm
from sklearn import metrics as sk

from baseline_pipeline.metrics import METRICS, nearest_metric
from baseline_pipeline.metrics.outcomes import NotMeasurable, Outcomes


def logit(o):
    score = np.clip(o.score, 1e-6, 1 - 1e-6)
    return np.log(score) - np.log1p(-score)


BINARY = {
    "accuracy": lambda o: sk.accuracy_score(o.label, o.prediction),
    "error_rate": lambda o: sk.zero_one_loss(o.label, o.prediction),
    "balanced_accuracy": lambda o: sk.balanced_accuracy_score(o.label, o.prediction),
    "precision": lambda o: sk.precision_score(o.label, o.prediction),
    "recall": lambda o: sk.recall_score(o.label, o.prediction),
    "specificity": lambda o: sk.recall_score(o.label, o.prediction, pos_label=0),
    "f1": lambda o: sk.f1_score(o.label, o.prediction),
    "roc_auc": lambda o: sk.roc_auc_score(o.label, o.score),
    "brier": lambda o: sk.brier_score_loss(o.label, o.score),
    "log_loss": lambda o: sk.log_loss(o.label, o.score),
    "calibration_slope": lambda o: sm.Logit(o.label, sm.add_constant(logit(o))).fit(disp=0, tol=1e-14).params[1],
    "calibration_intercept": lambda o: (
        sm.GLM(o.label, np.ones(len(o)), family=sm.families.Binomial(), offset=logit(o)).fit(tol=1e-14).params[0]
    ),
}
MULTICLASS = {
    "accuracy": lambda o: sk.accuracy_score(o.label, o.prediction),
    "error_rate": lambda o: sk.zero_one_loss(o.label, o.prediction),
    "log_loss": lambda o: sk.log_loss(o.label, o.score),
    "brier": lambda o: float(((o.score - np.eye(4)[o.label]) ** 2).sum(axis=1).mean()),
}
REGRESSION = {
    "mean_absolute_error": lambda o: sk.mean_absolute_error(o.label, o.prediction),
    "mean_squared_error": lambda o: sk.mean_squared_error(o.label, o.prediction),
    "root_mean_squared_error": lambda o: sk.root_mean_squared_error(o.label, o.prediction),
    "absolute_bias": lambda o: abs(np.mean(o.prediction - o.label)),
    "r2": lambda o: sk.r2_score(o.label, o.prediction),
}


def binary(rng, rows=3000):
    score = np.round(rng.beta(1, 3, rows), 2)
    label = (rng.random(rows) < score).astype(int)
    return Outcomes(label, (score >= 0.3).astype(int), score)


def multiclass(rng, rows=2000):
    score = rng.dirichlet(np.ones(4), rows)
    return Outcomes(rng.integers(0, 4, rows), score.argmax(axis=1), score)


def regression(rng, rows=2000):
    label = rng.normal(3, 2, rows)
    return Outcomes(label, label + rng.normal(0.2, 1, rows))


CASES = [
    *[(name, binary, reference) for name, reference in BINARY.items()],
    *[(name, multiclass, reference) for name, reference in MULTICLASS.items()],
    *[(name, regression, reference) for name, reference in REGRESSION.items()],
]


@pytest.mark.parametrize(("name", "make", "reference"), CASES)
def test_a_metric_equals_the_reference_to_twelve_digits(name, make, reference):
    for seed in range(5):
        outcomes = make(np.random.default_rng(seed))

        assert METRICS[name].measure(outcomes).value == pytest.approx(reference(outcomes), rel=1e-12, abs=1e-12)


@pytest.mark.parametrize(("name", "make", "reference"), CASES)
def test_influences_have_mean_zero_and_give_the_bootstrap_error(name, make, reference):
    rng = np.random.default_rng(7)
    outcomes = make(rng, 800)
    estimate = METRICS[name].measure(outcomes)
    error = estimate.influence.std() / np.sqrt(len(outcomes))
    resampled = [
        METRICS[name].measure(outcomes.take(rng.integers(0, len(outcomes), len(outcomes)))).value for _ in range(800)
    ]

    assert estimate.influence.mean() == pytest.approx(0, abs=1e-9)
    assert error == pytest.approx(np.std(resampled), rel=0.12)


def test_every_metric_of_the_table_is_held_against_a_reference():
    assert {name for name, _, _ in CASES} == set(METRICS)


@pytest.mark.parametrize("name", METRICS)
def test_no_rows_have_no_value(name):
    nothing = np.array([])

    with pytest.raises(NotMeasurable):
        METRICS[name].measure(Outcomes(nothing, nothing, nothing))


@pytest.mark.parametrize("name", ["roc_auc", "recall", "precision", "f1", "balanced_accuracy", "specificity"])
def test_a_single_class_is_said_and_not_scored(name):
    ones = np.ones(10, dtype=int)

    with pytest.raises(NotMeasurable, match="single class"):
        METRICS[name].measure(Outcomes(ones, ones, ones * 0.5))


@pytest.mark.parametrize("name", ["roc_auc", "brier", "log_loss"])
@pytest.mark.parametrize("bad", [float("nan"), float("inf"), 1.7, -3.0])
def test_a_score_that_is_no_probability_is_refused(name, bad):
    outcomes = binary(np.random.default_rng(0), 50)
    outcomes.score[3] = bad

    with pytest.raises(NotMeasurable):
        METRICS[name].measure(outcomes)


def test_the_nearest_name_is_suggested():
    assert nearest_metric("acuracy") == "accuracy"
