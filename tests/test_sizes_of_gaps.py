"""Metrics that add up sizes of gaps are lifted by luck, the more the fewer rows there are: bounds and tests know it."""

import numpy as np
import pyarrow as pa
import pytest

from baseline_pipeline.evaluation import Scores
from baseline_pipeline.measuring import measure
from baseline_pipeline.metrics import METRICS
from baseline_pipeline.metrics.outcomes import Outcomes
from tests import two_scorings
from tests.two_scorings import contract

RUNS = 40
LIFTED = {
    "expected_calibration_error": {},
    "brier_reliability": {},
    "demographic_parity_gap": {"column": "group"},
    "equal_opportunity_gap": {"column": "group"},
}


def drawn(rng, rows, *, sharper=0.0, days=None):
    """Rows scored by a calibrated model, and by one whose log odds are too extreme."""
    day = None if days is None else rng.integers(0, days, rows)
    odds = rng.normal(-0.5, 1.2, rows) + (0 if day is None else rng.normal(0, 0.5, days)[day])
    label = (rng.random(rows) < 1 / (1 + np.exp(-odds))).astype(int)
    group = rng.choice(list("abcdef"), rows)
    score = [1 / (1 + np.exp(-odds * stretch)) for stretch in (1.0, 1.0 + sharper)]
    return [(Outcomes(label, (one >= 0.5).astype(int), one, columns={"group": group}), day) for one in score]


def compared(before, after, *, margin=0.01, names=tuple(LIFTED), paired=False):
    sides = [
        Scores(
            pa.array([f"{'r' if paired else prefix}{row}" for row in range(len(one))]),
            one,
            None if day is None else np.char.add("" if paired else prefix, day.astype(str)),
            None,
            pa.table({"group": one.columns["group"]}),
            np.zeros(len(one), dtype=np.uint64),
        )
        for prefix, (one, day) in zip("on", (before, after), strict=True)
    ]
    rules = [{"metric": name, "parameters": LIFTED[name], "margin": {"absolute": margin}} for name in names]
    how = {"moved": "model", "pairing": "paired"} if paired else {"moved": "population", "pairing": "unpaired"}
    found = two_scorings.compared(*sides, policy=contract(metrics=rules, slices=()), **how)
    return dict(zip(names, found.cells, strict=True))


@pytest.mark.parametrize("days", [None, 200])
@pytest.mark.parametrize("rows", [(10_000, 800), (800, 10_000)])
def test_fewer_rows_on_one_side_are_no_harm_and_no_gain(rows, days):
    rng = np.random.default_rng(3)
    seen = dict.fromkeys(LIFTED, 0)
    held = dict.fromkeys(LIFTED, 0)
    for _ in range(RUNS):
        before, after = (drawn(rng, count, days=days)[0] for count in rows)
        for name, cell in compared(before, after).items():
            seen[name] += cell.tier is not None or cell.verdict == "improved"
            held[name] += cell.interval[0] <= 0 <= cell.interval[1]

    assert max(seen.values()) <= 2
    assert min(held.values()) >= RUNS - 5


@pytest.mark.parametrize("paired", [True, False])
def test_a_calibration_error_as_large_as_the_margin_seldom_passes(paired):
    rng = np.random.default_rng(4)
    name = "expected_calibration_error"
    (true, _), (worse, _) = drawn(np.random.default_rng(5), 1_000_000, sharper=0.4)
    harm = METRICS[name].measure(worse).value - METRICS[name].measure(true).value
    passed = 0
    for _ in range(RUNS):
        before, after = drawn(rng, 5000, sharper=0.4)
        after = after if paired else drawn(rng, 5000, sharper=0.4)[1]
        cell = compared(before, after, margin=harm, names=(name,), paired=paired)[name]
        passed += cell.verdict in {"unchanged", "improved"}

    assert passed <= 4


def test_a_calibration_error_of_scores_that_hardly_moved_still_passes():
    (before, _), _ = drawn(np.random.default_rng(6), 5000)
    moved = before.score + np.random.default_rng(7).uniform(-1e-3, 1e-3, 5000)
    after = Outcomes(before.label, before.prediction, np.clip(moved, 0, 1), columns=before.columns)
    cell = compared((before, None), (after, None), names=("expected_calibration_error",), paired=True)

    assert cell["expected_calibration_error"].verdict == "unchanged"


def test_a_calibration_error_of_luck_alone_reaches_down_to_nothing():
    one, _ = drawn(np.random.default_rng(8), 500)[0]
    sides = Scores(
        pa.array([str(row) for row in range(500)]), one, None, None, pa.table({"group": one.columns["group"]}), None
    )
    rules = [{"metric": "expected_calibration_error", "role": "report_only"}]
    (found,) = measure(contract(metrics=rules, slices=()), sides)

    assert found.value > 0.02
    assert found.low <= 0
