"""The same rows in two environments: what may be corrected, and what must be refused."""

import json
import math

import numpy as np
import pytest
from typer.testing import CliRunner

from baseline_pipeline.cli.app import app
from baseline_pipeline.errors import EvidenceUnavailable, UsageError
from baseline_pipeline.replay.environment_facts import EnvironmentFacts, Packed, array_digest, latency_of
from baseline_pipeline.replay.offsets import offsets, ratio_of
from baseline_pipeline.report.offsets import offsets_lines
from baseline_pipeline.workbench.iteration.evaluating import load_evaluation, load_scores
from baseline_pipeline.workbench.upkeep.calibrating import calibrate, compare_environments

DIGEST = "d" * 64
SCORES = np.array([0.25, 0.75, 0.5])
DECISIONS = np.array([0, 1, 1])


def facts(name="prod", scores=SCORES, decisions=DECISIONS, slower=1.0, spread=0.001, **more):
    runs = [np.full(4, slower * math.exp(spread * step)) for step in (-1, 0, 1)]
    body = {
        "name": name,
        "model": "small",
        "taken_at": "2026-01-01T00:00:00Z",
        "engine": "0",
        "subject": DIGEST,
        "version": "1",
        "snapshot": DIGEST,
        "definition": DIGEST,
        "evaluation": DIGEST,
        "rows": 3,
        "scores_digest": array_digest(scores),
        "decisions_digest": array_digest(decisions),
        "against_baseline": {
            "rows": 3,
            "rows_changed": 0,
            "largest_absolute": 0,
            "largest_relative": 0,
            "largest_ulp": 0,
        },
        "decisions_changed": 0,
        "scores": None,
        "decisions": None,
        "metrics": {"brier": float((scores - DECISIONS) @ (scores - DECISIONS) / 3)},
        "batch_rows": 1,
        "latency": {name: one.body() for name, one in latency_of(runs).items()},
        "peak_memory_mb": 100.0 * slower,
        "facts": {},
        "lockfile_digest": None,
        "manifest_digest": None,
    }
    return EnvironmentFacts.stored({**body, **more})


def between(one, two, scores=(SCORES, SCORES), decisions=(DECISIONS, DECISIONS), earlier=None):
    return offsets(one, two, scores=scores, decisions=decisions, metrics={"brier": (-0.5, 0.5)}, earlier=earlier)


def test_the_latency_ratio_is_welch_s_on_logarithms():
    """Logs -s, 0, s on both sides: variance s^2 / 3 of each mean, four degrees of freedom, t = 2.7764."""
    one, two = (facts(slower=slower, spread=0.03).latency["p50"] for slower in (1.0, 2.0))

    ratio, (low, high) = ratio_of(one, two)

    assert ratio == pytest.approx(2.0)
    half = 2.7764451 * 0.03 * math.sqrt(2 / 3)
    assert (low, high) == pytest.approx((2 * math.exp(-half), 2 * math.exp(half)))


def test_identical_scores_need_no_correction_and_a_known_ratio_corrects_latency():
    found = between(facts(), facts("staging", slower=2.0))

    assert (found.ending, found.exit_code, found.memory_ratio) == ("identical", 0, 2.0)
    (brier,) = found.metrics
    assert (brier.offset, brier.interval) == (0.0, (0.0, 0.0))
    assert {one.ending for one in found.latency} == {"corrected"}
    assert found.latency[0].ratio == pytest.approx(2.0)


def test_a_ratio_that_is_known_to_more_than_a_tenth_corrects_nothing():
    found = between(facts(), facts("staging", spread=0.2))

    assert {one.ending for one in found.latency} == {"refused"}
    assert found.exit_code == 0
    assert any("take more repeats" in line for line in offsets_lines(found))


def test_scores_one_step_apart_are_corrected_exactly():
    moved = np.array([0.25, np.nextafter(0.75, 1), 0.5])
    found = between(facts(), facts("staging", scores=moved), scores=(SCORES, moved))

    assert (found.ending, found.difference.rows_changed, found.difference.largest_ulp) == ("corrected", 1, 1)
    assert found.metrics[0].interval == (-0.5, 0.5)


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"subject": "e" * 64}, "the models' digests differ"),
        ({"snapshot": "e" * 64}, "the snapshots differ"),
    ],
)
def test_another_model_or_other_rows_are_refused_as_a_whole(more, words):
    found = between(facts(), facts("staging", **more))

    assert (found.ending, found.exit_code, found.latency) == ("refused", 3, ())
    assert found.refused[0].startswith(words)


def test_one_decision_that_differs_refuses_everything():
    other = np.array([0, 1, 0])
    found = between(facts(), facts("staging", decisions=other), decisions=(DECISIONS, other))

    assert found.exit_code == 3
    assert found.refused == ("1 of 3 decisions differ: these are two models",)


def test_an_environment_drifts_when_its_intervals_lie_apart():
    now, before = facts("staging", slower=1.1), facts("staging")

    assert len(between(facts(), now, earlier=before).drifted) == 3
    assert between(facts(), now, earlier=now).drifted == ()
    with pytest.raises(ValueError, match="earlier file is of prod"):
        between(facts(), now, earlier=facts())


def test_fewer_than_two_repeats_give_no_interval():
    with pytest.raises(ValueError, match="at least 2"):
        latency_of([np.ones(3)])


def test_the_baseline_scored_again_is_the_baseline_and_the_file_travels(gated, monkeypatch, tmp_path):
    monkeypatch.chdir(gated.root)
    bench = gated.bench()
    contract = bench.contract("small")
    found = calibrate(bench, contract, name="prod", repeats=2)
    one, two = tmp_path / "one.json", tmp_path / "two.json"
    one.write_text(json.dumps(found.body()))

    assert (found.rows, found.batch_rows, found.decisions_changed, found.scores) == (1500, 75, 0, None)
    assert found.against_baseline.identical
    assert len(found.latency["p50"].repeats) == 2
    words = ["calibrate", "small", "--quiet"]
    assert CliRunner().invoke(app, [*words, "--name", "staging", "--repeats", "2", "-o", str(two)]).exit_code == 0
    done = CliRunner().invoke(app, [*words, "--against", str(one), "--with", str(two), "--earlier", str(two), "--json"])
    assert done.exit_code == 0
    body = json.loads(done.stdout)
    assert (body["ending"], body["drifted"], body["against"], body["here"]) == ("identical", [], "prod", "staging")

    moved = load_scores(bench, load_evaluation(bench, "small", found.evaluation)).outcomes.score.copy()
    moved[7] = np.nextafter(moved[7], 1)  # what another machine might have made of it
    elsewhere = found.model_copy(
        update={"name": "elsewhere", "scores": Packed.of(moved), "scores_digest": array_digest(moved)}
    )
    two.write_text(json.dumps(elsewhere.body()))
    apart = compare_environments(bench, contract, one, two)
    assert (apart.ending, apart.difference.rows_changed, apart.difference.largest_ulp) == ("corrected", 1, 1)
    two.write_text(json.dumps(elsewhere.model_copy(update={"scores_digest": DIGEST}).body()))
    with pytest.raises(UsageError, match="does not hold the scores that it names"):
        compare_environments(bench, contract, one, two)
    two.write_text(json.dumps(elsewhere.model_copy(update={"subject": DIGEST}).body()))
    assert CliRunner().invoke(app, [*words, "--against", str(one), "--with", str(two)]).exit_code == 3


def test_without_a_baseline_or_a_file_the_next_step_is_said(project, tmp_path):
    bench = project.bench()
    contract = bench.contract("small")

    with pytest.raises(EvidenceUnavailable, match="no baseline to calibrate by"):
        calibrate(bench, contract, name="prod")
    with pytest.raises(UsageError, match="give no interval"):
        calibrate(bench, contract, name="prod", repeats=1)
    (tmp_path / "no.json").write_text("no")
    with pytest.raises(UsageError, match="is no calibration"):
        compare_environments(bench, contract, tmp_path / "no.json", tmp_path / "no.json")
