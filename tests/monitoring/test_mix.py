"""A value that moves since other rows come more often, and one that moves since rows do otherwise."""

import re

import numpy as np
import pyarrow as pa
import pytest

from baseline_pipeline.metrics.outcomes import Outcomes
from baseline_pipeline.monitoring.mix import Mix
from baseline_pipeline.monitoring.scored_rows import ScoredRows
from baseline_pipeline.monitoring.windows import Windowing
from tests.two_scorings import contract

DAY = Windowing(86400, 86400)
START = np.datetime64("2026-01-05", "s")
NAMES = ["roc_auc", "brier", "mean label", "mean score"]
RULES = contract([{"metric": name, "margin": {"absolute": 0.1}} for name in NAMES[:2]], [{"by": ["plan"]}])


def mix(*, worse=False, rare=False):
    """Thirty days, then one on which the plan that is hard to tell comes most; `worse`: or plan a is told no more."""
    rng = np.random.default_rng(12)
    rows = 31 * 1000
    day = np.repeat(np.arange(31), 1000)
    odd = day == 30
    easy = rng.random(rows) < np.where(odd & (not worse), 0.2, 0.8)
    plan = np.where(easy, "a", "b")
    if rare:
        plan = np.where(rng.random(rows) < 0.0005, "c", plan)
    x = rng.normal(0, 1, rows)
    told = np.where(easy, 3.0, 0.5) * (1 - 0.9 * (odd & worse))
    label = (rng.random(rows) < 1 / (1 + np.exp(-told * x - np.where(easy, 0, 2)))).astype(int)
    score = 1 / (1 + np.exp(-np.where(easy, 3.0, 0.5) * x - np.where(easy, 0, 2)))
    table = pa.table({"plan": plan})
    at = START + (day * 86400 + np.tile(np.arange(1000), 31)).astype("timedelta64[s]")
    names = pa.array([str(number) for number in range(rows)])
    outcomes = Outcomes(label, (score >= 0.5).astype(int), score)
    made = ScoredRows(names, at, outcomes, np.ones(rows, bool), None, table, pa.table({"x": x}))
    found = Mix(RULES, made, DAY, day < 30)
    return found, {name: found._value(name, np.flatnonzero(day < 30), np.ones(30_000)) for name in NAMES}


@pytest.mark.parametrize("name", ["roc_auc", "mean label", "mean score"])
def test_every_value_that_the_mix_alone_moves_is_said_to_be_moved_by_it(name):
    found, usual = mix()
    words = found.explains(name, START + np.timedelta64(30, "D"), usual[name], 4.0)

    assert re.fullmatch(r"plan=a 80% -> (1[6-9]|2[0-4])% of the rows, plan=b 20% -> \d\d% of the rows", words)


@pytest.mark.parametrize("ratio", [1.001, 4.0])
@pytest.mark.parametrize("name", ["roc_auc", "brier"])
def test_rows_that_do_otherwise_are_no_change_of_mix(name, ratio):
    """What is barely over its limit was once explained by shares that moved by a percent."""
    found, usual = mix(worse=True)

    assert found.explains(name, START + np.timedelta64(30, "D"), usual[name], ratio) == ""


def test_rows_of_no_slice_are_none_of_the_first_one():
    found, _ = mix(rare=True)
    ((names, code, share),) = found.kinds

    assert names[-1] == "the rest"
    assert share[-1] == pytest.approx(0.0005, abs=0.0005)
    assert (code == len(names) - 1).sum() < 40


def test_what_is_no_value_of_rows_is_explained_by_nothing():
    found, _ = mix()

    assert found.explains("rows", START + np.timedelta64(30, "D"), 7.0, 4.0) == ""
    assert found.explains("brier", START + np.timedelta64(90, "D"), 0.1, 4.0) == ""
