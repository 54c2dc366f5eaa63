"""The same evidence gives the same decision, to the byte, whatever the machine is set to."""

import os
import subprocess
import sys

import numpy as np
import pytest

AGAIN = """
import sys
from baseline_pipeline.decision import decide
from baseline_pipeline.records import digest_of
from baseline_pipeline.settings import load_settings
from baseline_pipeline.workbench.iteration.comparing import load_comparison, recompute
from baseline_pipeline.workbench.workbench import Workbench

bench = Workbench(load_settings())
contract = bench.contract("small")
comparison = recompute(bench, contract, load_comparison(bench, "small", sys.argv[1]))
print(digest_of(comparison.body()), digest_of(decide(contract, comparison).body()))
"""
POLICY = """\
    - {metric: log_loss, margin: {absolute: 0.02}}
    - {metric: roc_auc, margin: {absolute: 0.01}}
    - {metric: average_precision, role: guardrail, margin: {absolute: 0.02}}
    - {metric: matthews_correlation, role: guardrail, margin: {absolute: 0.02}}
    - {metric: calibration_slope, role: guardrail, margin: {absolute: 0.05}}
    - {metric: calibration_intercept, role: guardrail, margin: {absolute: 0.05}}
    - {metric: expected_calibration_error, role: report_only}
"""


@pytest.fixture
def compared(project):
    """6,000 rows in 3,000 clusters whose values changed, and 2,000 that are new; the digest of the comparison."""
    contract = project.root / "assets" / "small" / "defs.yaml"
    contract.write_text(contract.read_text() + POLICY)
    rows = project.rows(rows=6000)
    rows["day"] = [f"c{number // 2}" for number in range(len(rows))]
    project.write(rows)
    project.run()
    project.establish()
    changed = rows.assign(x=(rows["x"] + np.random.default_rng(5).normal(0, 0.2, len(rows))).round(6))
    later = project.rows(seed=9, rows=2000, start=6000)
    project.write(changed)
    project.write(later, "later.csv")
    return project, project.run().comparison


@pytest.mark.parametrize(
    "setting",
    [
        {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "PYTHONHASHSEED": "0"},
        {"OMP_NUM_THREADS": "2", "OPENBLAS_NUM_THREADS": "2", "TZ": "Asia/Kolkata"},
        {"OMP_NUM_THREADS": "8", "OPENBLAS_NUM_THREADS": "8", "LC_ALL": "C", "PYTHONHASHSEED": "77"},
        {"LANG": "tr_TR.UTF-8", "LC_ALL": "tr_TR.UTF-8", "TZ": "America/St_Johns"},
    ],
)
def test_threads_locale_time_zone_and_hash_seed_change_not_a_byte(compared, setting):
    project, digest = compared
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("BASELINE_", "DAGSTER_"))}
    done = subprocess.run(
        [sys.executable, "-c", AGAIN, digest],
        cwd=project.root,
        env={**clean, **setting},
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    again, decision = done.stdout.split()

    assert again == digest
    assert decision == project.events("decision")[-1].content["decision"]
