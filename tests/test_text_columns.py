"""Columns of free text: cut by length, searched for words, and never taken for categories."""

import json

import numpy as np
import pyarrow as pa
import pytest

from baseline_pipeline.adapters.engines.duckdb import duckdb_engine
from baseline_pipeline.contract.slices import SliceSpec
from baseline_pipeline.drift.design import design_effect
from baseline_pipeline.drift.joint import separation
from baseline_pipeline.drift.kinds import by_length, column_kinds
from baseline_pipeline.errors import DataUnreadable
from baseline_pipeline.expression import Expression
from baseline_pipeline.monitoring.inputs import feature_cells
from baseline_pipeline.scan.leaves import leaf_slices, leaves_of
from baseline_pipeline.slices import find_slices
from baseline_pipeline.workbench.inspection.scanning import compare_summaries, plan_data, summarise
from tests.two_scorings import contract

SLICES = [
    {"by": ["length(body)"], "quantiles": 4},
    {"by": ["length(body)", "lang"]},
    {"by": ["lang"]},
    {"name": "refunds", "where": "'refund' in body"},
    {"name": "long", "where": "length(body) > 40 and 'late' in body"},
]
POLICY = contract(
    [{"metric": "brier", "margin": {"absolute": 0.01}}],
    SLICES,
    data={
        "source": {"csv": "x.csv"},
        "row_id": ["id"],
        "label": "y",
        "features": [{"name": "body"}, {"name": "lang"}],
    },
)


def tickets(seed, rows=3000, longer=0, start=0):
    rng = np.random.default_rng(seed)
    words = np.array(["refund", "late", "parcel", "naïve", "訂單", "🙂", "please"])
    body = [" ".join(rng.choice(words, rng.integers(2, 12) + longer)) + f" {start + n:06}" for n in range(rows)]
    score = np.round(rng.random(rows), 3)
    return pa.table(
        {
            "id": np.arange(start, start + rows),
            "body": pa.array([None if n % 50 == 0 else one for n, one in enumerate(body)], pa.string()),
            "lang": rng.choice(["en", "fi"], rows),
            "score": score,
            "y": (rng.random(rows) < score).astype(int),
        }
    )


def members(found):
    return {one.name: len(one.rows) for one in found}


def test_lengths_are_cut_into_parts_of_like_size():
    found = find_slices([SliceSpec(by=["length(body)"], quantiles=4)], tickets(1))

    assert [one.name for one in found] == ["length(body)=(missing)", *(f"length(body)=q{n}/4" for n in range(1, 5))]
    assert members(found)["length(body)=(missing)"] == 60
    assert all(500 < len(one.rows) < 1000 for one in found[1:])


def test_lengths_that_nobody_cut_are_cut_at_quartiles_and_what_stands_beside_them_is_not():
    one, crossed = (find_slices([SliceSpec(by=by)], tickets(1)) for by in (["length(body)"], ["length(body)", "lang"]))

    assert members(one) == members(find_slices([SliceSpec(by=["length(body)"], quantiles=4)], tickets(1)))
    assert len(crossed) == 5 * 2
    assert "length(body)=q1/4 & lang=en" in members(crossed)


def test_a_length_is_told_in_characters():
    rows = pa.table({"odd name": ["naïve", "訂單", "", None]})
    found = find_slices([SliceSpec(by=["length(column('odd name'))"], quantiles=3)], rows)

    assert {one.name.rpartition("=")[2] for one in found} == {"q1/3", "q2/3", "q3/3", "(missing)"}
    assert Expression.parse("length(column('odd name')) == 2").mask(rows).tolist() == [False, True, False, False]


def test_lengths_of_numbers_are_refused():
    with pytest.raises(DataUnreadable, match=r"slice 'length\(n\)': column 'n' is int64; accepted: text"):
        find_slices([SliceSpec(by=["length(n)"])], pa.table({"n": [1, 2]}))


def test_the_text_itself_is_what_is_kept_for_its_slices():
    assert POLICY.slice_columns() == ["body", "lang"]


def test_one_long_text_costs_no_more_than_its_own_length():
    rows = pa.table({"body": pa.array(["refund " + "x" * 20_000_000, *["short"] * 5000])})

    assert Expression.parse("'refund' in body and length(body) > 9").mask(rows).sum() == 1


def test_counts_make_the_same_slices_as_rows(tmp_path):
    before, after = tickets(1), tickets(2, longer=3, start=9000)
    with duckdb_engine(1) as engine:
        plan = plan_data(POLICY, engine, before)
        old, new = (summarise(engine, rows, plan) for rows in (before, after))
    for summary, rows in ((old, before), (new, after)):
        counted = leaf_slices(POLICY, summary.outcomes, leaves_of(plan.outcomes, summary.outcomes.cells))
        expected = members(find_slices(POLICY.slices, rows, quantiles_of=before))

        assert {name: one.rows for name, one in counted.items()} == expected
    found = compare_summaries(POLICY, old, new)
    body = next(one for one in found.drift.columns if one.column == "body")

    assert (body.method, body.drifted) == ("not compared", False)
    assert "refund" not in json.dumps(plan.body()["categories"])
    assert "body" not in old.columns


def test_free_text_is_compared_by_its_length():
    before, after, silent = by_length(POLICY, tickets(1), tickets(2, longer=9, start=9000))
    kinds = column_kinds(POLICY, before, after)

    assert "length(body)" in kinds.numeric
    assert kinds.categorical == ("lang", "y")
    assert silent == {"body": "free text (2940 values in 3000 rows): its length is compared"}


def test_a_declared_category_stays_one():
    declared = POLICY.model_copy(
        update={
            "data": POLICY.data.model_copy(
                update={"features": [POLICY.data.features[0].model_copy(update={"categorical": True})]}
            )
        }
    )
    before, _, silent = by_length(declared, tickets(1), tickets(2))

    assert "body" in before.column_names
    assert silent == {}


def test_rows_are_told_apart_by_lengths_and_not_by_texts():
    names = ["body", "lang"]
    alike = separation(tickets(1).select(names), tickets(2, start=9000).select(names), seed=1)
    longer = separation(tickets(1).select(names), tickets(2, longer=9, start=9000).select(names), seed=1)

    assert alike.p_value > 0.001
    assert longer.auc > 0.8


def test_a_window_of_texts_is_read_by_their_lengths():
    rows = pa.concat_tables([tickets(1), tickets(2, rows=500, longer=30, start=9000)])
    calm = np.arange(3500) < 3000
    (cells,) = feature_cells(rows, ["body"], calm, set())

    assert not cells.outside[calm].any()
    assert (cells.cell[~calm] == 9).mean() > 0.9  # the longest tenth


def test_texts_of_a_cluster_that_repeats_itself_say_less():
    day = np.repeat(np.arange(20), 50).astype(str)

    assert design_effect(pa.chunked_array([[f"word {one}" for one in day]]), day) > 40
