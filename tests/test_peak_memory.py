"""Peaks of memory: measured in processes of their own, judged like times."""

import sys
from types import SimpleNamespace

import numpy as np
import pyarrow as pa
import pytest

from baseline_pipeline.adapters.environments.built import here
from baseline_pipeline.adapters.environments.job_files import write_rows
from baseline_pipeline.adapters.environments.knobs import Knobs
from baseline_pipeline.report.verdict_line import verdict_line
from baseline_pipeline.significance.settled import LOOKS, settled
from baseline_pipeline.timing import PairedTimes
from baseline_pipeline.workbench.iteration.timing import Times, asked_for, memory_asked, peaks_in_turn, times_of
from tests.two_scorings import cell, compared, contract, scores

MODEL = """
import numpy as np
def small(features):
    return features["x"].to_numpy()
def large(features):
    return features["x"].to_numpy() + 0 * np.ones(15_000_000).sum()
def gone(features):
    raise RuntimeError("no")
"""
POLICY = contract(
    [
        {"metric": "brier", "margin": {"absolute": 0.01}},
        {"metric": "peak_memory", "role": "guardrail", "margin": {"relative": 0.05}},
    ],
    slices=(),
)


def judged(baseline, candidate):
    rng = np.random.default_rng(1)
    score = rng.random(1000)
    rows = scores(score, (rng.random(1000) < score).astype(int))
    peaks = None if baseline is None else PairedTimes(np.array(baseline), np.array(candidate))
    times = PairedTimes(np.zeros(0), np.zeros(0), peaks)
    return cell(compared(rows, rows, policy=POLICY, times=times), "peak_memory")


def peaks(seed, level, runs=12):
    return level * np.exp(0.004 * np.random.default_rng(seed).normal(size=runs))


def test_a_model_that_needs_more_memory_is_found():
    found = judged(peaks(1, 200.0), peaks(2, 240.0))

    assert (found.verdict, found.rows, found.unit) == ("degraded", 12, "MB")
    assert found.candidate == pytest.approx(240, rel=0.01)


def test_a_model_that_needs_as_much_is_unchanged():
    assert judged(peaks(1, 200.0), peaks(2, 200.0)).verdict == "unchanged"
    assert judged([200.0] * 12, [200.0] * 12).verdict == "unchanged"


@pytest.mark.parametrize("runs", [4, 8])
def test_a_few_runs_settle_that_no_more_is_needed(runs):
    found = judged(peaks(1, 200.0, runs), peaks(2, 200.0, runs))

    assert (found.verdict, found.rows, found.p_value) == ("unchanged", runs, None)
    assert found.harm_bounds[1] < found.margin / 2
    assert verdict_line(found, "paired").endswith(
        f"{runs} runs of each model settle it: below half the margin, at 99.5%"
    )


@pytest.mark.parametrize(("runs", "level"), [(4, 240.0), (5, 200.0), (4, 206.0)])
def test_a_few_runs_that_settle_nothing_are_no_verdict(runs, level):
    found = judged(peaks(1, 200.0, runs), peaks(2, level, runs))

    assert found.verdict in {"inconclusive", "not_evaluated"}
    assert f"{runs} pairs of runs; 10 are needed" in found.note


def test_harm_as_large_as_the_margin_hardly_ever_ends_the_runs():
    rng = np.random.default_rng(5)
    ended = 0
    for spread in rng.uniform(0.001, 0.2, 4000):
        harm = rng.normal(np.log(1.05), spread, LOOKS[-1])
        ended += any(settled(harm[:look], np.log(1.05)) for look in LOOKS)

    assert ended / 4000 < 0.01


def test_peaks_that_were_not_taken_are_not_zero():
    found = judged(None, None)

    assert (found.verdict, found.candidate) == ("not_evaluated", None)
    assert "no peaks of memory" in found.note


def test_what_was_taken_is_kept_beside_times():
    pair = PairedTimes(np.array([1.0]), np.array([2.0]))
    kept = Times.stored(times_of(None, pair).body())

    assert asked_for(POLICY) == {"memory"}
    assert kept.paired().peaks.candidate.tolist() == [2.0]
    assert Times(baseline=(1.0,), candidate=(1.0,)).paired().peaks is None


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere a process is told the peak of who started it")
def test_a_process_is_measured_by_itself(tmp_path):
    (tmp_path / "hold.py").write_text(MODEL)
    rows = tmp_path / "rows"
    rows.mkdir()
    write_rows(pa.table({"x": np.arange(10.0)}), rows)
    bench = SimpleNamespace(progress=lambda _: None, settings=SimpleNamespace(scratch=tmp_path / "scratch"))
    once = POLICY.model_copy(update={"latency": POLICY.latency.model_copy(update={"memory_runs": 1})})
    built = here()
    held = np.ones(40_000_000)  # 320 MB that this process holds and theirs do not

    def side(name):
        artifact = {"loader": "function", "function": f"hold:{name}"}
        job = {"rows": str(rows), "columns": ["x"], "wants": "scores", "project": str(tmp_path), "artifact": artifact}
        return built, job, Knobs(threads=1)

    taken = peaks_in_turn(bench, once, [side("small"), side("large")])

    assert held.sum() == 40_000_000
    assert taken.candidate[0] - taken.baseline[0] == pytest.approx(114, abs=25)
    assert taken.baseline[0] < 320
    assert peaks_in_turn(bench, once, [side("gone"), side("small")]) is None
    assert len(peaks_in_turn(bench, POLICY, [side("small"), side("small")])) in LOOKS


def test_a_tighter_margin_asks_for_other_runs():
    (brier, memory) = POLICY.metrics
    tighter = memory.model_copy(update={"margin": memory.margin.scaled(0.1)})

    assert memory_asked(POLICY) != memory_asked(POLICY.model_copy(update={"metrics": [brier, tighter]}))
