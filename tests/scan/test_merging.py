"""Parts of a data set add up to the whole, however it was cut."""

import json
import zipfile
from functools import reduce
from io import BytesIO

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from baseline_pipeline.adapters.engines.duckdb import DuckDbEngine
from baseline_pipeline.errors import EvidenceUnavailable
from baseline_pipeline.summaries.data import DataPlan, summarise
from baseline_pipeline.summaries.engine import grids_of
from baseline_pipeline.summaries.file import read_summary, write_summary
from baseline_pipeline.summaries.planning_outcomes import plan_outcomes
from tests.scan.conftest import BINARY, binary, contract

POLICY = contract(BINARY, cluster="day")
ENGINE = DuckDbEngine(2)
ROWS = binary(1, rows=3000).table
PLAN = DataPlan(
    numbers=grids_of(ENGINE, ROWS, ["age", "score"]),
    categories=("group", "flag"),
    outcomes=plan_outcomes(POLICY, ENGINE, ROWS, score="score", prediction="prediction"),
)
WHOLE = summarise(ENGINE, ROWS, PLAN)


def same(one, other):
    assert one.digest() == other.digest()
    for mine, others in ((one.outcomes.cells, other.outcomes.cells), (one.outcomes.clusters, other.outcomes.clusters)):
        for name in mine.column_names:
            left, right = mine[name].to_pylist(), others[name].to_pylist()
            assert left == (pytest.approx(right, rel=1e-12) if isinstance(left[0], float) else right)


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_any_cut_merged_in_any_order_is_the_whole(seed):
    rng = np.random.default_rng(seed)
    cuts = np.sort(rng.integers(0, ROWS.num_rows + 1, 2))
    shuffled = ROWS.take(pa.array(rng.permutation(ROWS.num_rows)))
    places = zip([0, *cuts], [*cuts, ROWS.num_rows], strict=True)
    a, b, c = (summarise(ENGINE, shuffled.slice(start, end - start), PLAN) for start, end in places)

    same(a.merged(b).merged(c), WHOLE)
    same(c.merged(a.merged(b)), WHOLE)


def test_summaries_under_other_plans_do_not_add_up():
    other = PLAN.outcomes.model_copy(update={"threshold": 0.4})

    with pytest.raises(ValueError, match="different plans"):
        WHOLE.merged(summarise(ENGINE, ROWS, PLAN.model_copy(update={"outcomes": other})))


def test_a_summary_comes_back_from_disk_as_it_was(tmp_path):
    write_summary(WHOLE, tmp_path / "a.summary")
    found = read_summary(tmp_path / "a.summary")

    same(found, WHOLE)
    assert found.plan == PLAN
    assert found.columns["age"].total == WHOLE.columns["age"].total
    assert [file.name for file in tmp_path.iterdir()] == ["a.summary"]


def test_a_torn_summary_is_refused(tmp_path):
    write_summary(WHOLE, tmp_path / "a.summary")
    torn = tmp_path / "torn.summary"
    torn.write_bytes((tmp_path / "a.summary").read_bytes()[:-500])

    for path in (torn, tmp_path / "absent.summary"):
        with pytest.raises(EvidenceUnavailable, match="not a readable summary"):
            read_summary(path)


def rewritten(path, **parts):
    with zipfile.ZipFile(path) as archive:
        kept = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in (kept | {name.replace("_", "."): content for name, content in parts.items()}).items():
            archive.writestr(name, content)


@pytest.mark.parametrize(
    ("place", "value"),
    [
        ((), []),
        ((), None),
        (("plan",), "gone"),
        (("unlabelled",), "x"),
        (("silent",), [1]),
        (("numbers", "age", "nulls"), None),
        (("numbers", "age", "low"), "a"),
        (("numbers", "age", "atoms"), [1, 2, 3, 4, 5, 6, 7, 8, 9]),
        (("numbers", "other"), None),
        (("version",), 1),
        (("version",), None),
    ],
)
def test_a_summary_that_holds_what_none_does_is_refused(tmp_path, place, value):
    path = tmp_path / "a.summary"
    write_summary(WHOLE, path)
    with zipfile.ZipFile(path) as archive:
        facts = json.loads(archive.read("facts.json"))
    if place:
        *above, last = place
        reduce(dict.__getitem__, above, facts)[last] = value
    rewritten(path, facts_json=json.dumps(facts if place else value))

    with pytest.raises(
        EvidenceUnavailable, match=r"a\.summary: (not a readable summary|written as version)"
    ) as refused:
        read_summary(path)
    assert refused.value.next_step.startswith("make it again")


@pytest.mark.parametrize("part", ["numbers_parquet", "cells_parquet"])
def test_a_summary_of_other_columns_or_counts_is_refused(tmp_path, part):
    path = tmp_path / "a.summary"
    for table in ({"counts": [1]}, {"counts": ["a"], "n": ["a"]}, {"n": [-1]}, {"q": [1]}):
        write_summary(WHOLE, path)
        written = BytesIO()
        pq.write_table(pa.table(table), written)
        rewritten(path, **{part: written.getvalue()})
        with pytest.raises(EvidenceUnavailable, match="not a readable summary"):
            read_summary(path)
