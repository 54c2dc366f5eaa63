import re
import shutil

import numpy as np
import pyarrow as pa
import pytest

from baseline_pipeline.adapters.drift.evidently import EvidentlyDrift
from baseline_pipeline.contract import Contract


@pytest.fixture
def contract():
    return Contract.model_validate(
        {
            "name": "m",
            "task": "binary_classification",
            "data": {
                "source": {"csv": "x.csv"},
                "row_id": ["id"],
                "label": "y",
                "features": [{"name": "x"}, {"name": "still"}, {"name": "c"}],
            },
            "model": {"function": "a:b", "positive_class": 1},
            "metrics": [{"metric": "brier", "margin": {"absolute": 0.01}}],
        }
    )


def table(rng, rows=2000, shift=0.0, words=("a", "b")):
    return pa.table(
        {
            "x": rng.normal(shift, 1, rows),
            "still": rng.normal(0, 1, rows),
            "c": rng.choice(list(words), rows),
            "prediction": rng.random(rows),
            "y": rng.integers(0, 2, rows),
        }
    )


@pytest.fixture
def compare(contract, tmp_path):
    def run(reference, current):
        detector = EvidentlyDrift(lambda path: str(shutil.move(path, tmp_path / "kept.html")), tmp_path)
        return detector.compare(contract, reference, current, reference_digest="r", current_digest="c")

    return run


def test_a_planted_shift_is_found_and_a_still_column_is_not(compare, tmp_path):
    rng = np.random.default_rng(0)
    report = compare(table(rng), table(rng, shift=0.5, words=("a", "b", "new")))
    drifted = {one.column for one in report.columns if one.drifted}

    assert drifted == {"x", "c"}
    assert report.columns[0].column in drifted
    assert {one.column: one.kind for one in report.columns}["y"] == "target"
    page = (tmp_path / "kept.html").read_text()
    assert not re.findall(r"<(?:script|link|img)[^>]+(?:src|href)=[\"']https?:", page)


def test_odd_columns_have_no_score_and_a_reason(compare):
    rng = np.random.default_rng(1)
    reference = table(rng, 300)
    current = (
        table(rng, 300).set_column(0, "x", pa.nulls(300, pa.float64())).set_column(1, "still", pa.array(["t"] * 300))
    )
    notes = {one.column: one for one in compare(reference, current).columns}

    assert notes["x"].score is None
    assert "null" in notes["x"].note
    assert "the type moved" in notes["still"].note


def test_constant_columns_and_single_rows_do_not_crash(compare):
    rng = np.random.default_rng(2)
    constant = table(rng, 50).set_column(0, "x", pa.array(np.ones(50)))

    assert len(compare(constant, table(rng, 1)).columns) == 5
