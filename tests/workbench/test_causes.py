"""Incidents of known truth: which cause is named, and that shares add up."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from baseline_pipeline.contract.reading import parse_contract
from baseline_pipeline.metrics import METRICS
from baseline_pipeline.metrics.outcomes import Outcomes
from baseline_pipeline.monitoring.scored_rows import ScoredRows
from baseline_pipeline.monitoring.streams import Readings, Stream
from baseline_pipeline.replay.put_back import PutBack
from baseline_pipeline.workbench.over_time.causes import causes
from baseline_pipeline.workbench.over_time.experimenting import _metrics
from baseline_pipeline.workbench.over_time.resembling import resembling
from baseline_pipeline.workbench.over_time.serving import served
from baseline_pipeline.workbench.over_time.sides import sides_of
from baseline_pipeline.workbench.over_time.skewing import _either
from baseline_pipeline.workbench.over_time.telling import cause_sentence
from tests.conftest import SMALL

BRIER = METRICS["brier"]
CALM, NOW = 6000, 1500
WITHOUT = Readings(np.arange(0), (), np.zeros((0, 0)), np.zeros((0, 0)), np.zeros((0, 0)))


def model(features):
    """What the registered model says; an empty cell counts as nothing."""
    x = np.nan_to_num(features["x"].to_numpy(dtype=float))
    return 1 / (1 + np.exp(-np.clip(x * np.where(features["z"].to_numpy(dtype=float) > 1.5, 0.2, 1.5), -30, 30)))


class Scorer:
    """The model, asked as the experiment asks the registered one."""

    past = SimpleNamespace(model=SimpleNamespace(version="7", digest="d" * 64))

    def predicted(self, features):
        score = model(features.to_pandas())
        return SimpleNamespace(prediction=(score >= 0.5).astype(int), score=score)

    def outcomes(self, rows, features):
        score = model(features.to_pandas())
        return replace(rows.outcomes, prediction=(score >= 0.5).astype(int), score=score)


def world(truth, seed):
    """Calm rows, then an incident's, of which something is wrong."""
    rng = np.random.default_rng(seed)
    rows = CALM + NOW
    now = np.arange(rows) >= CALM
    x, z = rng.normal(0, 2, rows), rng.normal(0, 1, rows)
    if truth == "other rows":
        z = np.where(now, rng.normal(1.5, 1, rows), z)
    odds = model(pd.DataFrame({"x": x, "z": z}))
    if truth == "other outcomes":
        odds = np.where(now, 1 - odds, odds)
    label = (rng.random(rows) < odds).astype(int)
    hit = now & (rng.random(rows) < 0.5)
    wrong = {"a wrong unit": np.where(hit, x * 1000, x), "empty cells": np.where(hit, np.nan, x)}
    if truth == "two wrong units":
        wrong, z = {truth: np.where(now, x * 1000, x)}, np.where(now, z + 50, z)
    x = wrong.get(truth, x)
    features = pa.table({"x": pa.array(x, from_pandas=True), "z": z})
    score = model(features.to_pandas())
    at = np.datetime64("2026-01-01", "s") + np.arange(rows)
    outcomes = Outcomes(label, (score >= 0.5).astype(int), score)
    group = pa.table({"group": ["a"] * rows})
    names = pa.array([f"{number:06}" for number in range(rows)])
    return ScoredRows(names, at, outcomes, np.ones(rows, bool), None, group, features)


def told(truth, seed=1, now=NOW, readings=WITHOUT, exact=None):
    contract = parse_contract("small/defs.yaml", SMALL, folder="small")
    found = SimpleNamespace(rows=world(truth, seed), readings=readings, calm=np.ones(len(readings), bool))
    sides = sides_of(found, np.arange(CALM), CALM + np.arange(now), learned=False, exact=exact or {})
    return contract, sides, causes(contract, found, sides, Scorer(), [BRIER])


@pytest.mark.parametrize(
    ("truth", "factor", "words", "like"),
    [
        ("a wrong unit", "data_values", ["wrong values (x: ", "about 1000 times as large", "repair x;"], "unit_error"),
        ("empty cells", "data_values", ["x: 50 % of its cells are empty"], "missing_values"),
        ("other rows", "population", ["come from who comes (z: half of the rows above 1."], None),
        ("other outcomes", "concept", ["other outcomes of rows that look the same", "check the labels"], None),
    ],
)
def test_the_cause_is_named_and_shares_add_up(truth, factor, words, like):
    contract, sides, found = told(truth)
    first = found.shared[0]
    seen = resembling(contract, sides, Scorer(), found, BRIER)

    assert first.top.factor == factor
    assert first.top.harm > 0.8 * first.harm
    assert sum(one.harm for one in first.contributions) == pytest.approx(first.harm)
    assert all(one in cause_sentence(found) for one in words), cause_sentence(found)
    assert (None if seen is None else (seen.scenario, seen.feature)) == (None if like is None else (like, "x"))


def test_two_features_that_broke_at_once_are_both_named_though_one_alone_undoes_nothing():
    _, sides, _ = told("two wrong units")
    scorer = Scorer()
    now, own = sides.now, world("nothing", 1).features.column("z").combine_chunks()[CALM:]
    back = scorer.outcomes(now, now.features.set_column(1, "z", own))
    _, _, found = told("two wrong units")
    (first,) = found.shared

    assert BRIER.measure(back).value >= BRIER.measure(now.outcomes).value
    assert set(found.wrong) == {"x", "z"}
    assert first.top.factor == "data_values"
    assert first.top.harm > 0.8 * first.harm
    assert sum(one.harm for one in found.features) == pytest.approx(first.top.harm, rel=1e-6)
    assert "repair z, x; the model is not to blame" in cause_sentence(found)


def test_cells_that_the_models_data_have_are_put_back_and_not_counted_as_lost_too():
    own = world("nothing", 1).features.column("x").combine_chunks()[CALM:]
    _, _, found = told("empty cells", exact={"x": PutBack("x", own, NOW // 2, "not those of the model's data")})
    (first,) = found.shared

    assert [one.feature for one in found.features] == ["x"]
    assert first.top.factor == "data_values"
    assert first.top.harm == pytest.approx(first.harm, rel=0.2)


def test_where_nothing_is_wrong_nothing_is_blamed():
    _, _, found = told("nothing")

    assert found.wrong == {}
    assert "is not shown to be worse" in cause_sentence(found)


def moved_by(odds, seed):
    """Calm rows whose scores hold, and an incident's whose outcomes come at other log odds."""
    rng = np.random.default_rng(1000 + seed)
    rows = world("nothing", seed)
    score = np.clip(rows.outcomes.score, 1e-9, 1 - 1e-9)
    told = np.log(score) - np.log1p(-score) + odds * (np.arange(len(rows)) >= CALM)
    label = (rng.random(len(rows)) < 1 / (1 + np.exp(-told))).astype(int)
    return replace(rows, outcomes=replace(rows.outcomes, label=label))


@pytest.mark.parametrize(("odds", "least", "most"), [(0.3, 4, 5), (0.0, 0, 1)])
def test_scores_that_are_too_low_as_a_whole_are_told_though_hardly_a_decision_is_wrong(odds, least, most):
    text = SMALL.replace("metric: brier", "metric: accuracy").replace("error_rate", "calibration_slope")
    contract = parse_contract("small/defs.yaml", text, folder="small")
    metrics = _metrics(contract, SimpleNamespace(streams=("bias[all]",)))
    told = []
    for seed in range(5):
        found = SimpleNamespace(rows=moved_by(odds, seed), readings=WITHOUT, calm=np.ones(0, bool))
        sides = sides_of(found, np.arange(CALM), CALM + np.arange(NOW), learned=False, exact={})
        told.append(cause_sentence(causes(contract, found, sides, Scorer(), metrics)))
    unasked = _metrics(contract, SimpleNamespace(streams=("accuracy[all]",)))
    quiet = [one for one in told if one.startswith("none of calibration_intercept (") and "is shown to be worse" in one]

    assert [one.name for one in metrics] == ["calibration_intercept", "accuracy", "calibration_slope"]
    assert [one.name for one in unasked] == ["accuracy", "calibration_slope", "calibration_intercept"]
    assert least <= sum("calibration_intercept" in one and " lost" in one for one in told) <= most, told
    assert len(quiet) >= 5 - most


def test_whether_scores_are_too_low_is_asked_after_what_the_contract_names_and_alarmed():
    contract = parse_contract("small/defs.yaml", SMALL, folder="small")
    metrics = _metrics(contract, SimpleNamespace(streams=("mean score[all]", "brier[all]")))

    assert [one.name for one in metrics] == ["brier", "calibration_intercept", "error_rate"]


def test_a_service_that_serves_another_model_is_told_so():
    contract = parse_contract("small/defs.yaml", SMALL, folder="small")
    bench = SimpleNamespace(baselines=lambda _name: [])
    rows = world("nothing", 1)
    same = served(bench, contract, rows, Scorer())
    other = np.where(np.arange(len(rows)) < 10, 1 - rows.outcomes.score, rows.outcomes.score)
    outcomes = replace(rows.outcomes, score=other, prediction=(other >= 0.5).astype(int))
    found = served(bench, contract, replace(rows, outcomes=outcomes), Scorer())

    assert same.same
    assert same.words() == "the service answers as version 7 on the features it logged: 7500 rows, bit-identical"
    assert (found.difference.rows_changed, found.decisions) == (10, 10)
    assert "does NOT answer as version 7" in found.words()


@pytest.mark.parametrize(
    ("task", "own", "logged", "words"),
    [
        ("regression", [2e6 / 3, 0.1], [666666.7, 0.1 + 1e-9], "7500 rows, up to rounding"),
        ("regression", [19.987, 7.126], [19.99, 7.13], "7500 rows, up to rounding"),
        ("regression", [1.0, 2.0], [1.0, 2.1], "(0.048 relative, 2.25e+14 ULP)"),
        ("question_answering", ["Oslo", "Lima"], ["Oslo", "Rome"], "3750 of 7500 rows differ, 3750 decided otherwise"),
        ("question_answering", ["Oslo", "Lima"], ["Oslo", ""], "3750 rows, bit-identical"),
    ],
)
def test_numbers_and_texts_of_a_service_are_held_against_the_models(task, own, logged, words):
    rows = world("nothing", 1)
    many = len(rows) // 2
    said, asked = (np.array(one * many, dtype=object if task != "regression" else float) for one in (logged, own))
    scorer = SimpleNamespace(
        past=Scorer.past,
        predicted=lambda features: SimpleNamespace(prediction=asked[: features.num_rows], score=None),
    )
    if "" in logged:
        scorer.predicted = lambda _features: SimpleNamespace(prediction=asked[::2], score=None)
    rows = replace(rows, outcomes=Outcomes(said, said, None))
    contract = SimpleNamespace(name="m", gives_numbers=task == "regression")
    found = served(SimpleNamespace(baselines=lambda _name: []), contract, rows, scorer)

    assert found.words().endswith(words)


@pytest.mark.parametrize(
    ("own", "logged", "found"),
    [
        ([0.5, 1.5], pa.array([0, 1]), [0.5, 1.0]),
        ([0.5, 1.5], pa.array([None, None]), [0.5, None]),
        (["a", "b"], pa.array([0, 1]), None),
    ],
)
def test_values_of_the_data_stand_for_logged_ones_of_another_type(own, logged, found):
    both = _either(pa.array([True, False]), pa.chunked_array([own]), pa.chunked_array([logged]))

    assert (both if both is None else both.to_pylist()) == found


def test_answers_of_another_model_are_a_cause_of_their_own():
    contract = parse_contract("small/defs.yaml", SMALL, folder="small")
    rows = world("nothing", 1)
    score = np.where(np.arange(len(rows)) < CALM, rows.outcomes.score, 0.5)
    found = SimpleNamespace(rows=replace(rows, outcomes=replace(rows.outcomes, score=score)), readings=WITHOUT, calm=[])
    sides = sides_of(found, np.arange(CALM), np.arange(CALM, CALM + NOW), learned=False, exact={})
    (first,) = causes(contract, found, replace(sides, otherwise=True), Scorer(), [BRIER]).shared

    assert first.top.factor == "model"
    assert first.top.harm > 0.9 * first.harm
    assert sum(one.harm for one in first.contributions) == pytest.approx(first.harm)


def test_too_few_rows_say_so():
    assert told("other outcomes", now=100)[2] == "100 labelled rows of it and 6000 calm ones; 200 of each are needed"


def test_windows_that_differ_more_than_their_rows_widen_the_intervals():
    values = np.random.default_rng(0).normal(0.1, 0.05, (30, 1))
    stream = Stream("brier", "all", "performance")
    spread = Readings(np.arange(30), (stream,), values, np.full((30, 1), 0.01), np.full((30, 1), 100))
    widths = [np.diff(told("other outcomes", readings=one)[2].shared[0].interval)[0] for one in (WITHOUT, spread)]

    assert widths[1] / widths[0] == pytest.approx(values.std(ddof=1) / 0.01, rel=1e-6)


class Gains(Scorer):
    """A model of how many degrees a greenhouse gains: the sun heats, an open vent cools."""

    def outcomes(self, rows, features):
        said = features.column("z").to_numpy() - 3 * features.column("x").to_numpy()
        return replace(rows.outcomes, prediction=said)


@pytest.mark.parametrize(("broken", "factor", "wrong"), [(False, "concept", set()), (True, "data_values", {"x"})])
def test_a_vent_that_winter_closes_is_not_blamed_and_one_that_stands_still_is(broken, factor, wrong):
    text = SMALL.replace("binary_classification", "regression").replace(", positive_class: 1", "")
    text = text.replace("brier", "mean_absolute_error").replace("error_rate", "r2")
    contract = parse_contract("small/defs.yaml", text, folder="small")
    rng = np.random.default_rng(5)
    now = np.arange(CALM + NOW) >= CALM
    vent = np.clip(rng.normal(1, 0.5, len(now)) - (now & (not broken)), 0, None)
    told = np.where(now & broken & (rng.random(len(now)) < 0.5), 0.0, vent)
    sun = rng.normal(2, 1, len(now))
    label = sun - 3 * vent + rng.normal(0, 1, len(now)) * np.where(now & (not broken), 1.3, 1.0)
    plain = replace(world("nothing", 1), features=pa.table({"x": told, "z": sun}))
    rows = replace(plain, outcomes=Outcomes(label, sun - 3 * told, None))
    found = SimpleNamespace(rows=rows, readings=WITHOUT, calm=np.ones(0, bool))
    sides = sides_of(found, np.arange(CALM), CALM + np.arange(NOW), learned=False, exact={})
    said = causes(contract, found, sides, Gains(), [METRICS["mean_absolute_error"]])

    assert (said.shared[0].top.factor, set(said.wrong)) == (factor, wrong)
    assert broken == ("repair x; the model is not to blame" in cause_sentence(said))
