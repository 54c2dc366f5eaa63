"""What summaries say is what the rows say."""

import numpy as np
import pyarrow as pa
import pytest

from baseline_pipeline.comparison import ALL_ROWS
from baseline_pipeline.contract.slices import SliceSpec
from baseline_pipeline.effects import Part
from baseline_pipeline.errors import DataUnreadable
from baseline_pipeline.estimating import effects
from baseline_pipeline.measuring import cluster_codes
from baseline_pipeline.metrics.outcomes import Outcomes
from baseline_pipeline.scan.effects import summary_effects
from baseline_pipeline.significance.units import units_of
from baseline_pipeline.slices import find_slices
from tests.scan.conftest import BINARY, Rows, binary, contract, multiclass, probabilities, regression, summed

FROM_BINS = {"roc_auc": 2e-4, "average_precision": 2e-3, "calibration_slope": 2e-3}
REGRESSION = [
    {"metric": name, "margin": {"relative": 0.1}}
    for name in ("mean_absolute_error", "mean_squared_error", "root_mean_squared_error", "bias", "r2")
]
REGRESSION.append({"metric": "pinball_loss", "parameters": {"quantile": 0.8}, "margin": {"relative": 0.1}})
MULTICLASS = [{"metric": name, "margin": {"absolute": 0.02}} for name in ("accuracy", "f1", "balanced_accuracy")]


def part(rows, weight=None, cluster=None):
    plain = rows.outcomes
    weights = None if weight is None else rows.column(weight)
    outcomes = Outcomes(plain.label, plain.prediction, plain.score, weights, plain.columns, plain.classes)
    clusters = cluster_codes(None if cluster is None else rows.column(cluster).astype(str))
    unit = units_of(len(outcomes), clusters, 1)
    return Part(outcomes, clusters, unit, int(unit.max()) + 1, rows.table)


def both(engine, policy, old, new, **more):
    slow = effects(policy, part(old, **more), part(new, **more), pairing="unpaired")
    fast = summary_effects(policy, *summed(engine, policy, old.table, new.table), seed=3)
    assert [(one.metric.name, one.slice) for one in fast] == [(one.metric.name, one.slice) for one in slow]
    return zip(fast, slow, strict=True)


@pytest.mark.parametrize("more", [{}, {"weight": "w"}, {"cluster": "day"}], ids=["plain", "weighted", "clustered"])
def test_binary_metrics_and_their_errors_are_those_of_the_rows(engine, more):
    policy = contract(BINARY, **more)
    for fast, slow in both(engine, policy, binary(1), binary(2, shift=0.3), **more):
        name = f"{fast.metric.name}[{fast.slice}]"
        assert fast.problem == slow.problem, name
        if slow.harm is None:
            continue
        tolerance = FROM_BINS.get(fast.metric.name, 1e-12)
        assert fast.baseline == pytest.approx(slow.baseline, abs=tolerance), name
        assert fast.harm == pytest.approx(slow.harm, abs=2 * tolerance), name
        assert fast.uncertainty.error == pytest.approx(slow.uncertainty.error, rel=0.03), name
        assert fast.rows == slow.rows, name
        if more != {"weight": "w"}:
            assert fast.support == slow.support, name


def test_very_many_clusters_are_counted_in_blocks_and_give_the_same_error(engine):
    """Ten thousand customers of one to three rows each."""
    rng = np.random.default_rng(8)
    customer = rng.integers(0, 10_000, 20_000)
    old, new = (binary(seed, rows=20_000) for seed in (1, 2))
    mood = np.where(rng.random(10_000) < 0.5, 0.9, 1.1)[customer]
    sides = []
    for rows in (old, new):
        score = np.clip(rows.outcomes.score * mood, 0, 1)
        table = rows.table.set_column(rows.table.column_names.index("score"), "score", pa.array(score))
        table = table.set_column(table.column_names.index("day"), "day", pa.array(customer))
        plain = rows.outcomes
        sides.append(Rows(table, Outcomes(plain.label, (score >= 0.5).astype(int), score, columns=plain.columns)))
    policy = contract([{"metric": "brier", "margin": {"absolute": 0.02}}], cluster="day")
    summaries = summed(engine, policy, *(side.table for side in sides))
    fast = summary_effects(policy, *summaries, seed=3)[0]
    slow = effects(policy, *(part(side, cluster="day") for side in sides), pairing="unpaired")[0]

    assert len(summaries[0].clusters["cluster"].unique()) == 256
    assert summaries[0].clusters.num_rows < 256 * 2000
    assert fast.uncertainty.error == pytest.approx(slow.uncertainty.error, rel=0.15)


@pytest.mark.parametrize(
    ("rows", "task", "metrics"),
    [(regression, "regression", REGRESSION), (multiclass, "multiclass_classification", MULTICLASS)],
    ids=["regression", "multiclass"],
)
def test_other_tasks_too(engine, rows, task, metrics):
    for fast, slow in both(engine, contract(metrics, task), rows(1), rows(2)):
        name = f"{fast.metric.name}[{fast.slice}]"
        assert fast.baseline == pytest.approx(slow.baseline, rel=1e-10), name
        assert fast.harm == pytest.approx(slow.harm, rel=1e-8, abs=1e-10), name
        assert fast.uncertainty.error == pytest.approx(slow.uncertainty.error, rel=0.03), name


@pytest.mark.parametrize("more", [{}, {"weight": "w"}, {"cluster": "day"}], ids=["plain", "weighted", "clustered"])
def test_log_loss_and_brier_score_of_several_classes_are_those_of_the_rows(engine, more):
    metrics = [{"metric": name, "margin": {"absolute": 0.02}} for name in ("log_loss", "brier", "accuracy")]
    policy = contract(metrics, "multiclass_classification", **more)
    for fast, slow in both(engine, policy, probabilities(1), probabilities(2), **more):
        name = f"{fast.metric.name}[{fast.slice}]"
        assert fast.problem == slow.problem, name
        assert fast.baseline == pytest.approx(slow.baseline, rel=1e-10), name
        assert fast.harm == pytest.approx(slow.harm, rel=1e-8, abs=1e-10), name
        assert fast.uncertainty.error == pytest.approx(slow.uncertainty.error, rel=0.03), name


def test_what_several_classes_cannot_be_told_from_counts_says_why_and_where_to_get_it(engine):
    metrics = [{"metric": name, "role": "report_only"} for name in ("roc_auc", "average_precision", "top_k_accuracy")]
    policy = contract([*metrics, {"metric": "log_loss", "role": "report_only"}], "multiclass_classification")
    scored = summary_effects(policy, *summed(engine, policy, probabilities(1).table, probabilities(2).table), seed=1)
    plain = summary_effects(policy, *summed(engine, policy, multiclass(1).table, multiclass(2).table), seed=1)
    whole = [{one.metric.name: one.problem for one in side if one.slice == ALL_ROWS} for side in (scored, plain)]

    assert all("`baseline run MODEL` measures it" in whole[0][rule["metric"]] for rule in metrics)
    assert whole[0]["log_loss"] == ""
    assert "a column for each class, named score.CLASS" in whole[1]["log_loss"]


@pytest.mark.parametrize("bad", [None, np.nan, -0.1, 0.9])
def test_class_probabilities_that_are_none_are_not_evaluated(engine, bad):
    rows = probabilities(1)
    score = rows.column("score.cat").tolist()
    score[7] = bad
    place = rows.table.column_names.index("score.cat")
    table = rows.table.set_column(place, "score.cat", pa.array(score, pa.float64()))
    policy = contract([{"metric": "brier", "margin": {"absolute": 0.02}}], "multiclass_classification")
    found = summary_effects(policy, *summed(engine, policy, table, probabilities(2).table), seed=1)

    assert found[0].problem == "1 rows hold scores that are no probabilities"


@pytest.mark.parametrize("task", ["binary_classification", "multiclass_classification"])
def test_fractions_are_no_predicted_classes_of_texts(engine, task):
    table = pa.table({"y": ["ash", "birch"] * 50, "prediction": [0.3, 2.5] * 50})
    policy = contract([{"metric": "accuracy", "margin": {"absolute": 0.02}}], task)
    policy = policy.model_copy(update={"slices": [], "data": policy.data.model_copy(update={"label": "y"})})

    with pytest.raises(DataUnreadable, match="column 'prediction' is double, and 'y' holds classes as string"):
        summed(engine, policy, table)


def test_every_declared_class_needs_its_column(engine):
    policy = contract([{"metric": "brier", "margin": {"absolute": 0.02}}], "multiclass_classification")
    model = policy.model.model_copy(update={"classes": ["ant", "bee's", "cat", "dog"]})

    with pytest.raises(DataUnreadable, match=r"no column 'score\.dog'"):
        summed(engine, policy.model_copy(update={"model": model}), probabilities(1).table)


def test_an_auc_is_no_further_from_that_of_the_rows_than_is_said(engine):
    policy = contract([{"metric": "roc_auc", "margin": {"absolute": 0.02}}])
    rng = np.random.default_rng(5)
    old, new = binary(1), binary(2)
    coarse = old.table.set_column(
        old.table.column_names.index("score"), "score", pa.array(rng.uniform(0.5, 0.51, 6000))
    )
    fast = summary_effects(policy, *summed(engine, policy, coarse, new.table), seed=3)[0]
    plain = old.outcomes
    score = coarse["score"].to_numpy()
    slow = policy.metrics[0].measured.measure(Outcomes(plain.label, (score >= 0.5).astype(int), score))

    assert abs(fast.baseline - slow.value) <= fast.bound
    assert fast.bound > 0.01


def test_rows_without_a_label_are_counted_and_left_out(engine):
    rows = binary(1)
    label = rows.table["y"].to_numpy().astype(float)
    label[:500] = np.nan
    table = rows.table.set_column(rows.table.column_names.index("y"), "y", pa.array(label, from_pandas=True))
    policy = contract(BINARY)
    (summary,) = summed(engine, policy, table)

    assert (summary.rows, summary.unlabelled) == (5500, 500)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -0.1, 1.5])
def test_scores_that_are_no_probabilities_are_not_evaluated(engine, bad):
    rows = binary(1)
    score = rows.table["score"].to_numpy().copy()
    score[7] = bad
    table = rows.table.set_column(rows.table.column_names.index("score"), "score", pa.array(score))
    found = summary_effects(contract(BINARY), *summed(engine, contract(BINARY), table, binary(2).table), seed=1)
    whole = [one for one in found if one.slice == ALL_ROWS]

    assert {one.problem for one in whole} == {"1 rows hold scores that are no probabilities"}


def test_metrics_that_need_the_rows_say_so(engine):
    policy = contract([{"metric": "mean_absolute_percentage_error", "margin": {"relative": 0.1}}], "regression")
    found = summary_effects(policy, *summed(engine, policy, regression(1).table, regression(2).table), seed=1)

    assert "needs the rows themselves" in found[0].problem


def test_columns_whose_values_go_together_in_more_ways_than_whole_numbers_count_keep_their_slices(engine):
    rng = np.random.default_rng(4)
    many = {f"c{place}": rng.integers(0, 4, 400) for place in range(40)}
    policy = contract([BINARY[0] | {"slices": {"margin": {"absolute": 0.1}}}], cluster="day")
    policy = policy.model_copy(update={"slices": [SliceSpec(by=[name], min_rows=10) for name in many]})
    rows = binary(1, rows=400)
    table = pa.table(dict(zip(rows.table.column_names, rows.table.columns, strict=True)) | many)
    found = {one.slice: one.rows for one in summary_effects(policy, *summed(engine, policy, table, table), seed=3)}

    assert found == {ALL_ROWS: 400} | {one.name: len(one.rows) for one in find_slices(policy.slices, table)}


def test_missing_numbers_are_one_slice_from_rows_and_from_counts(engine):
    specs = [SliceSpec(by=["age"], quantiles=2), SliceSpec(by=["age"], min_rows=7), SliceSpec(by=["age"], quantiles=4)]
    policy = contract([BINARY[0] | {"slices": {"margin": {"absolute": 0.1}}}]).model_copy(update={"slices": specs})
    rows = binary(1, rows=1000)
    age = pa.array(np.where(np.arange(1000) % 5, np.arange(1000) % 3, np.nan), mask=np.arange(1000) % 7 == 0)
    table = rows.table.set_column(rows.table.column_names.index("age"), "age", age)
    found = summary_effects(policy, *summed(engine, policy, table, table), seed=3)

    assert [(one.slice, one.rows) for one in found if one.slice != ALL_ROWS] == [
        (one.name, len(one.rows)) for one in find_slices(specs, table)
    ]


@pytest.mark.parametrize(
    "kind", [pa.timestamp("ns"), pa.timestamp("us"), pa.timestamp("us", "UTC"), pa.date32()], ids=str
)
def test_a_day_is_called_by_its_date_from_rows_and_from_counts(engine, kind):
    policy = contract(BINARY[:1]).model_copy(update={"slices": [SliceSpec(by=["day"], min_rows=100)]})
    rows = binary(1, rows=1000)
    day = pa.array(rows.column("day") % 2, pa.int32()).cast(pa.date32()).cast(kind)
    table = rows.table.set_column(rows.table.column_names.index("day"), "day", day)
    named = {one.slice for one in summary_effects(policy, *summed(engine, policy, table, table), seed=3)}

    assert named == {ALL_ROWS, "day=1970-01-01", "day=1970-01-02"}
    assert named == {ALL_ROWS, *(one.name for one in find_slices(policy.slices, table))}
