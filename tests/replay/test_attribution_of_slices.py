"""Slices of an attribution hold the rows that the decision's slices hold: cut once, and a row where it was first seen."""

import numpy as np
import pyarrow as pa
import pytest

from baseline_pipeline.contract.slices import SliceSpec
from baseline_pipeline.evaluation import Scores
from baseline_pipeline.metrics import METRICS
from baseline_pipeline.metrics.outcomes import Outcomes
from baseline_pipeline.replay.factorial import Sides, factorial
from baseline_pipeline.slices import find_slices

ERROR = METRICS["mean_absolute_error"]
WORLD = frozenset()


def scores(first, error, content=0, **columns):
    """Rows with a known error; their numbers begin at `first`."""
    names = pa.array([f"{number:06d}" for number in range(first, first + len(error))])
    outcomes = Outcomes(np.zeros(len(error)), error)
    return Scores(names, outcomes, None, None, pa.table(columns), np.full(len(error), content, np.uint64))


def slicing(**spec):
    specs = [SliceSpec(**spec)]

    def found(columns, old):
        return {one.name: one.rows for one in find_slices(specs, columns, quantiles_of=old)}

    return found


def test_new_rows_are_cut_at_the_old_ones_quantiles():
    rng = np.random.default_rng(1)
    heat = [rng.normal(size=2000), rng.normal(1.0, size=1000)]
    error = [np.abs(one) + (one > 0.7) * number for number, one in enumerate(heat)]
    old, new = (scores(2000 * number, error[number], heat=heat[number]) for number in range(2))

    found = factorial({WORLD: Sides(old, new)}).shared(ERROR, slicing(by=["heat"], quantiles=4), "heat=q4/4")

    edge = np.quantile(heat[0], 0.75)
    before, after = (error[number][heat[number] > edge] for number in range(2))
    assert found.rows == len(after)
    assert (found.before, found.after) == pytest.approx((before.mean(), after.mean()))


def test_rows_whose_slice_changed_stay_where_they_were():
    rng = np.random.default_rng(2)
    error = rng.exponential(size=(2, 1500))
    mark = rng.choice(["a", "b"], 1500)
    swapped = np.where(mark == "a", "b", "a")
    old, new = scores(0, error[0], mark=mark), scores(0, error[1], content=1, mark=swapped)

    found = factorial({WORLD: Sides(old, new)}).shared(ERROR, slicing(by=["mark"]), "mark=a")

    assert (found.before, found.after) == pytest.approx(tuple(one[mark == "a"].mean() for one in error))


def test_a_row_known_from_a_third_look_belongs_where_that_saw_it():
    old = scores(0, np.ones(600), mark=["a", "b"] * 300)
    earlier = scores(600, np.repeat([2.0, 6.0], 200), mark=["a"] * 200 + ["b"] * 200)
    new = scores(600, np.repeat([5.0, 7.0], 200), content=1, mark=["b"] * 400)

    found = factorial({WORLD: Sides(old, new, earlier)}).shared(ERROR, slicing(by=["mark"]), "mark=a")

    assert (found.before, found.after, found.rows) == (1.0, 5.0, 200)
    assert {one.factor: one.harm for one in found.contributions} == {"data_values": 3.0, "population": 1.0}


def test_a_slice_whose_values_changed_their_type_is_the_same_slice():
    old = scores(0, np.ones(600), mark=["1", "2"] * 300)
    new = scores(600, np.full(600, 3.0), mark=[1, 2] * 300)

    found = factorial({WORLD: Sides(old, new)}).shared(ERROR, slicing(by=["mark"]), "mark=1")

    assert (found.before, found.after, found.rows) == (1.0, 3.0, 300)
