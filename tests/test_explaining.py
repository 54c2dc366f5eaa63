"""What models lean on, and how far they repeat themselves."""

import numpy as np
import pyarrow as pa
import pytest

from baseline_pipeline.evaluation import Importance
from baseline_pipeline.explaining import explain
from baseline_pipeline.leaning import leanings
from baseline_pipeline.metrics.outcomes import Outcomes
from baseline_pipeline.ports import ModelVersion
from baseline_pipeline.row_differences import settled
from baseline_pipeline.scoring import outputs_of
from tests.two_scorings import compared, contract, scores, world

VERSION = ModelVersion("m", "1", "uri", "0" * 64)
POLICY = contract(
    data={
        "source": {"csv": "x.csv"},
        "row_id": ["id"],
        "label": "y",
        "features": [{"name": name} for name in ("x", "z", "word")],
    }
)


class Model:
    """A logistic model with these weights, and so much noise."""

    def __init__(self, x, z, noise=0.0):
        self.weights = (x, z)
        self.rng = np.random.default_rng(1)
        self.noise = noise

    def predict(self, frame):
        odds = self.weights[0] * frame["x"] + self.weights[1] * frame["z"] + (frame["word"] == "b")
        return 1 / (1 + np.exp(-odds)) + self.noise * self.rng.random(len(frame)) / 10


def rows(seed=0, count=3000):
    rng = np.random.default_rng(seed)
    table = pa.table(
        {"x": rng.normal(0, 1, count), "z": rng.normal(0, 1, count), "word": rng.choice(["a", "b"], count)}
    )
    odds = table["x"].to_numpy() + (table["word"].to_numpy(zero_copy_only=False) == "b")
    return table, (rng.random(count) < 1 / (1 + np.exp(-odds))).astype(int)


def explained(model, seed=0):
    table, labels = rows(seed)
    first = outputs_of(POLICY, table.to_pandas(), model, VERSION, ("0", "1"))
    return explain(POLICY, table, labels, first, model, VERSION, ("0", "1"))


def test_a_feature_that_is_not_read_moves_nothing_and_one_that_is_costs_accuracy():
    replay, found = explained(Model(x=1.0, z=0.0))
    by = {one.feature: one for one in found}

    assert replay == 0.0
    assert (by["z"].movement, by["z"].loss) == (0.0, 0.0)
    assert by["x"].movement > by["word"].movement > 0
    assert by["x"].loss > 5 * by["x"].loss_error


def test_a_model_that_leans_on_another_feature_is_a_finding_and_one_that_does_not_is_none():
    before = explained(Model(x=1.0, z=0.0))[1]
    other = leanings(before, explained(Model(x=0.7, z=0.7))[1], 0.01)
    same = leanings(before, explained(Model(x=1.02, z=0.0))[1], 0.01)

    assert {one.feature for one in other if one.found} >= {"x", "z"}
    assert sum(one.baseline for one in other) == pytest.approx(1)
    assert not any(one.found for one in same)
    assert leanings((), before, 0.01) == ()


def test_the_same_model_on_other_rows_is_rarely_a_finding():
    before = explained(Model(x=1.0, z=0.5))[1]
    found = [
        one.found for seed in range(1, 30) for one in leanings(before, explained(Model(x=1.0, z=0.5), seed)[1], 0.01)
    ]

    assert not any(found)


def importance(feature, movement, error):
    return Importance(feature=feature, loss=None, loss_error=None, movement=movement, movement_error=error)


def test_a_model_that_grew_bolder_leans_on_nothing_else_and_one_feature_grows_where_the_others_shrink():
    before = [importance("x", 0.10, 0.01), importance("z", 0.08, 0.01), importance("word", 0.05, 0.01)]
    bolder = [importance("x", 0.37, 0.04), importance("z", 0.20, 0.04), importance("word", 0.16, 0.04)]
    alone = [importance("x", 0.10, 0.002), importance("z", 0.04, 0.002), importance("word", 0.02, 0.002)]
    sharp = [one.model_copy(update={"movement_error": 0.002}) for one in before]

    assert not any(one.found for one in leanings(before, bolder, 0.01))
    assert {one.feature for one in leanings(sharp, alone, 0.01) if one.found} == {"x"}


def test_the_error_of_an_importance_holds_what_the_values_of_other_rows_do():
    table = [explained(Model(x=1.0, z=0.5), seed)[1] for seed in range(100)]
    for value, error in (("movement", "movement_error"), ("loss", "loss_error")):
        values, errors = (np.array([[getattr(one, name) for one in row] for row in table]) for name in (value, error))

        assert errors.mean(axis=0) == pytest.approx(values.std(axis=0, ddof=1), rel=0.25)


def test_a_model_that_rolls_dice_is_told_apart_from_itself():
    replay, _ = explained(Model(x=1.0, z=0.0, noise=0.01))

    assert 0 < replay < 0.01


def test_rounding_is_taken_back_and_more_than_rounding_is_not():
    rng = np.random.default_rng(3)
    label, score = rng.integers(0, 2, 100), rng.random(100)
    before = Outcomes(label, (score >= 0.5).astype(int), score)
    moved = score + np.where(np.arange(100) < 50, 1e-9, 1e-3)
    after = Outcomes(label, (moved >= 0.5).astype(int), moved)
    found = settled(before, after, 1e-8)

    assert np.array_equal(found.score[:50], score[:50])
    assert np.array_equal(found.score[50:], moved[50:])
    assert settled(before, after, 0.1) is after
    assert settled(before, after, 0.0) is after


@pytest.mark.parametrize("step", [1, -1])
def test_what_the_order_of_additions_moves_is_no_harm_whichever_way_it_goes(step):
    score, label, cluster = world(np.random.default_rng(2))
    moved = score + step * np.where(label == 1, -3e-16, 3e-16) * (1 + score)
    found = compared(*(scores(one, label, cluster=cluster) for one in (score, moved)))

    assert found.changes.changed_scores > 0.9 * len(score)
    assert {(one.verdict, one.tier) for one in found.cells} == {("unchanged", None)}


def test_a_decision_that_dust_changes_is_counted():
    score, label = np.array([0.2, np.nextafter(0.5, 0), 0.9] * 200), np.array([0, 0, 1] * 200)
    after = np.where(score < 0.5, np.nextafter(score, 1), score)
    found = compared(*(scores(one, label) for one in (score, after)))

    assert found.changes.decisions_changed == 200
    assert next(one for one in found.cells if one.metric == "error_rate").changed_rows == 200


def test_scores_that_differ_by_a_models_own_rounding_are_unchanged():
    score, label, cluster = world(np.random.default_rng(1))
    old, new = (scores(one, label, cluster=cluster) for one in (score, np.nextafter(score, 1)))
    plain = compared(old, new)
    excused = compared(old, new, noise=1e-12)

    assert plain.changes.changed_scores == len(score)
    assert excused.changes.changed_scores == 0
    assert {one.verdict for one in excused.cells} == {"unchanged"}
    assert excused.replay_difference == 1e-12
