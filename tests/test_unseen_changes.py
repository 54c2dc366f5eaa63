"""Few decisions changed, none of them where a mistake would count most: that is no proof."""

import numpy as np
import pytest

from tests.test_missing_classes import contract as of_classes
from tests.test_missing_classes import scores as of_class
from tests.two_scorings import cell, compared, contract, scores

RARE = 31
COSTS = {"false_positive": 1.0, "false_negative": 50.0}
RULES = [
    *({"metric": name, "margin": {"absolute": 0.02}} for name in ("recall", "balanced_accuracy", "specificity")),
    {"metric": "expected_cost", "parameters": COSTS, "margin": {"absolute": 0.05}},
]


@pytest.fixture(scope="module")
def never_missed():
    """6,000 rows, 31 positives that both models find; seven negatives are decided otherwise."""
    label = (np.arange(6000) < RARE).astype(int)
    score = np.where(label == 1, 0.9, 0.1)
    score[RARE:200] = 0.7
    moved = score.copy()
    moved[RARE : RARE + 5], moved[1000:1002] = 0.2, 0.6
    return compared(scores(score, label), scores(moved, label), policy=contract(RULES, slices=[]))


@pytest.mark.parametrize(
    "metric", ["recall", "balanced_accuracy", "expected_cost(false_negative=50, false_positive=1)"]
)
def test_positives_that_were_never_missed_prove_nothing_of_one_that_would_be(metric, never_missed):
    """One of 31 is 3 %, and seven of 6,000 decisions leave room for thirteen: recall of 0.58, costs higher by 0.11."""
    found = cell(never_missed, metric)

    assert found.verdict == "inconclusive"
    assert "7 changed rows" in found.note


def test_where_they_are_many_few_changes_are_proof(never_missed):
    found = cell(never_missed, "specificity")

    assert found.verdict == "unchanged"
    assert "proven" in found.note


@pytest.fixture(scope="module")
def others_changed():
    """Of three classes one is rare and always found; 40 decisions between the other two changed."""
    rng = np.random.default_rng(2)
    label = np.where(np.arange(6000) < RARE, "rare", rng.choice(["one", "two"], 6000))
    other = np.where(label == "one", "two", "one")
    said = np.where((rng.random(6000) < 0.1) & (label != "rare"), other, label)
    chosen = RARE + rng.choice(6000 - RARE, 40, replace=False)
    now = said.copy()
    now[chosen] = np.where(said[chosen] == "one", "two", "one")
    names = ["one", "rare", "two"]
    rules = [
        {"metric": name, "parameters": {"average": "rare"}, "margin": {"absolute": margin}}
        for name, margin in (("recall", 0.02), ("f1", 0.02), ("precision", 0.2))
    ]
    return compared(of_class(names, label, said), of_class(names, label, now), policy=of_classes(metrics=rules))


@pytest.mark.parametrize("metric", ["recall", "f1"])
def test_decisions_that_changed_elsewhere_say_nothing_of_a_class(metric, others_changed):
    found = cell(others_changed, f"{metric}(average=rare)")

    assert found.verdict == "inconclusive"
    assert found.note.startswith("0 changed rows")
    assert found.interval is None
    assert found.changed_rows == 0


def test_what_is_proven_of_a_class_counts_its_own_decisions(others_changed):
    found = cell(others_changed, "precision(average=rare)")

    assert found.verdict == "unchanged"
    assert found.note == "proven: at most 0.0005 of the decisions changed in what it counts"
