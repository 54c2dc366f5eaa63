"""`baseline scan` as it is typed."""

import io
import json
import os
import re
import subprocess
import sys
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from baseline_pipeline.cli import main

BASELINE = Path(sys.executable).with_name("baseline")
CONTRACT = """\
type: baseline_pipeline.orchestration.MonitoredModel
attributes:
  name: loans
  task: binary_classification
  data:
    source: {parquet: "scored/*.parquet"}
    row_id: [id]
    label: defaulted
    features: [{name: income}, {name: job}, {name: gone}]
  model: {registered: loans, positive_class: "yes"}
  slices:
    - {by: [job], min_rows: 100}
  metrics:
    - {metric: brier, margin: {absolute: 0.01}}
    - {metric: roc_auc, margin: {absolute: 0.02}}
"""
ENGINE = "  engine: {spark: {master: 'local[2]'}}\n"


def scored(seed, rows=8000, damage=0.0, income=0.0):
    rng = np.random.default_rng(seed)
    job = rng.choice(["clerk", "it's; <b>", "smith"], rows)
    odds = rng.normal(-1, 1.5, rows)
    label = rng.random(rows) < 1 / (1 + np.exp(-odds))
    score = 1 / (1 + np.exp(-odds * np.where(job == "smith", 1 - damage, 1.0)))
    return pa.table(
        {
            "id": np.arange(rows),
            "income": rng.lognormal(3 + income, 1, rows).round(),
            "job": pa.array(job).dictionary_encode(),
            "defaulted": np.where(label, "yes", "no"),
            "score": score,
        }
    )


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    root = tmp_path_factory.mktemp("loans")
    (root / "assets" / "loans").mkdir(parents=True)
    (root / "assets" / "__init__.py").touch()
    (root / "assets" / "loans" / "defs.yaml").write_text(CONTRACT)
    (root / "scored" / "june").mkdir(parents=True)
    pq.write_table(scored(1), root / "scored" / "may.parquet", row_group_size=1000)
    for part in range(2):
        pq.write_table(scored(2).slice(4000 * part, 4000), root / "scored" / "june" / f"{part}.parquet")
    pq.write_table(scored(3, damage=1.5, income=1.0), root / "scored" / "july.parquet")
    pq.write_table(scored(4).drop_columns("score"), root / "scored" / "unscored.parquet")
    run(root, "init")
    return root


def run(root, *words):
    """A verb in this process: starting one costs more than most scans."""
    out, err, code = io.StringIO(), io.StringIO(), 0
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(out), redirect_stderr(err):
        patch.chdir(root)
        patch.setenv("BASELINE_HOME", str(root / ".baseline"))
        patch.setattr(sys, "argv", ["baseline", *words])
        try:
            main()
        except SystemExit as ended:
            code = ended.code or 0
    return SimpleNamespace(returncode=code, stdout=out.getvalue(), stderr=err.getvalue())


def start(root, *words):
    """The same as a process of its own, as it is typed."""
    return subprocess.run(
        [BASELINE, *words],
        cwd=root,
        env={**os.environ, "BASELINE_HOME": str(root / ".baseline")},
        capture_output=True,
        text=True,
        timeout=500,
        check=False,
    )


def test_rows_that_are_as_they_were_pass(project):
    done = start(project, "scan", "loans", "scored/june", "--baseline", "scored/may.parquet")

    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("PASS  loans\n")
    assert "0 of 5 columns drifted" in done.stdout
    assert "gone" in done.stdout
    assert "reading scored/may.parquet" in done.stderr


def test_a_damaged_slice_is_named_and_a_moved_column_too(project):
    done = run(project, "scan", "loans", "scored/july.parquet", "--baseline", "scored/may.parquet", "--json", "--quiet")
    found = json.loads(done.stdout)

    assert done.returncode == 1
    assert not done.stderr
    degraded = {cell["slice"] for cell in found["contrast"]["cells"] if cell["verdict"] == "degraded"}
    assert "job=smith" in degraded
    assert degraded <= {"all", "job=smith"}
    assert [one["column"] for one in found["drift"]["columns"] if one["drifted"]] == ["income", "score"]
    notes = {cell["note"] for cell in found["contrast"]["cells"] if cell["metric"] == "roc_auc"}
    assert any("from bins: exact to" in note for note in notes)


def test_a_saved_summary_stands_for_the_rows(project):
    saved = run(project, "scan", "loans", "scored/may.parquet", "--save", "may.summary")
    words = ("scan", "loans", "scored/july.parquet", "--json", "--baseline")
    from_summary, from_rows = (run(project, *words, one) for one in ("may.summary", "scored/may.parquet"))

    assert saved.returncode == 0
    assert "8000 rows summed up in may.summary" in saved.stderr
    one, other = (json.loads(done.stdout) for done in (from_summary, from_rows))
    same(one["contrast"]["cells"], other["contrast"]["cells"])
    assert (project / "may.summary").stat().st_size < 200_000


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["scored/july.parquet"], 2, "give --baseline"),
        (["scored/july.parquet", "--save", "x.zip"], 2, "ends in .summary"),
        (["scored/none-*.parquet", "--baseline", "scored/may.parquet"], 3, "no Parquet file at"),
        (["scored/july.parquet", "--baseline", "none.summary"], 3, "not a readable summary"),
        (["scored/july.parquet", "--baseline", "scored/unscored.parquet"], 3, "no column of 'score'"),
        (["scored/unscored.parquet", "--baseline", "scored/may.parquet"], 3, "score"),
        (["scored/july.parquet", "--baseline", "scored/may.parquet", "--score", "income"], 3, "no probabilities"),
    ],
)
def test_what_cannot_be_done_is_said(project, words, code, said):
    done = run(project, "scan", "loans", *words)

    assert done.returncode == code, done.stdout + done.stderr
    assert said in done.stderr + done.stdout
    assert "Traceback" not in done.stderr


@pytest.mark.slow
def test_spark_says_what_duckdb_says(project):
    pytest.importorskip("pyspark") if not os.environ.get("BASELINE_REQUIRE_SERVICES") else __import__("pyspark")
    contract = project / "assets" / "loans" / "defs.yaml"
    words = ("scan", "loans", "scored/july.parquet", "--baseline", "scored/may.parquet", "--json")
    embedded = json.loads(run(project, *words).stdout)
    contract.write_text(CONTRACT + ENGINE)
    try:
        spread = start(project, *words)
    finally:
        contract.write_text(CONTRACT)

    assert spread.returncode == 1, spread.stderr
    same(json.loads(spread.stdout), embedded)


@pytest.mark.slow
def test_a_master_that_is_not_there_is_said_in_words(project):
    pytest.importorskip("pyspark") if not os.environ.get("BASELINE_REQUIRE_SERVICES") else __import__("pyspark")
    contract = project / "assets" / "loans" / "defs.yaml"
    contract.write_text(CONTRACT + "  engine: {spark: {master: 'nonsense://here'}}\n")
    try:
        done = start(project, "scan", "loans", "scored/july.parquet", "--baseline", "scored/may.parquet")
    finally:
        contract.write_text(CONTRACT)

    assert done.returncode == 3
    assert "Spark does not start at nonsense://here" in done.stderr
    assert "Traceback" not in done.stderr


DIGEST = re.compile("[0-9a-f]{64}")


def same(one, other):
    """Equal but for the order in which threads add floats."""
    if isinstance(one, dict):
        assert one.keys() == other.keys()
        for key in one:
            same(one[key], other[key])
    elif isinstance(one, list):
        assert len(one) == len(other)
        for mine, others in zip(one, other, strict=True):
            same(mine, others)
    elif isinstance(one, float):
        assert one == pytest.approx(other, rel=1e-9, abs=1e-12)
    elif not DIGEST.fullmatch(str(one)):  # a digest follows the last bit of a sum
        assert one == other
