"""Latency of models in processes of their own: what a process happens to be like is no difference between models."""

from contextlib import contextmanager
from types import SimpleNamespace

import numpy as np

from baseline_pipeline.adapters.environments.knobs import Knobs
from baseline_pipeline.report.verdict_line import verdict_line
from baseline_pipeline.timing import PairedTimes, in_sittings
from baseline_pipeline.workbench.iteration.timing import Times, enough, margins_of, times_of
from baseline_pipeline.workbench.replays import timing as in_turn
from tests.two_scorings import cell, compared, contract, scores

POLICY = contract(
    [
        {"metric": "brier", "margin": {"absolute": 0.01}},
        {"metric": "latency_mean", "role": "guardrail", "margin": {"relative": 0.05}},
        {"metric": "latency_p99", "role": "guardrail", "margin": {"relative": 0.05}},
    ],
    slices=(),
)
LAYOUT = 0.005
"""Standard deviation of the logarithm of a process's speed."""


def taken(rng, slower=1.0, requests=640, sittings=16, **more):
    @contextmanager
    def opened(_number):
        one, two = np.exp(LAYOUT * rng.standard_normal(2))
        yield (
            lambda weight: one * weight * np.exp(0.05 * rng.standard_normal()),
            lambda weight: slower * two * weight * np.exp(0.05 * rng.standard_normal()),
        )

    weights = np.exp(0.3 * rng.standard_normal(requests)).tolist()
    return in_sittings(opened, weights, seconds=1e9, sittings=sittings, **more)


def latency(times, metric="latency_mean", policy=POLICY):
    rng = np.random.default_rng(1)
    score = rng.random(1000)
    rows = scores(score, (rng.random(1000) < score).astype(int))
    return cell(compared(rows, rows, policy=policy, times=times), metric)


def test_processes_of_the_same_code_are_not_told_apart():
    runs = [taken(np.random.default_rng([5, run])) for run in range(40)]
    alone = [taken(np.random.default_rng([5, run]), sittings=1) for run in range(40)]

    assert sum(latency(one).tier is not None for one in runs) <= 3
    assert sum(latency(one).tier is not None for one in alone) > 3  # one pair of processes for all requests


def ends(policy):
    return {"enough": lambda seen: enough(policy, seen, "seconds")}


MEAN = POLICY.model_copy(update={"metrics": POLICY.metrics[:2]})


def test_a_few_sittings_settle_that_nothing_is_slower():
    times = taken(np.random.default_rng(8), **ends(MEAN))
    found = latency(times, policy=MEAN)

    assert (times.sittings, len(times)) == (4, 320)
    assert (found.verdict, found.tier, found.rows) == ("unchanged", None, 160)
    assert found.note == "4 sittings settle it: below half the margin, at 99.5%"


def test_no_few_sittings_settle_what_is_slower_by_the_margin_or_a_percentile_of_few_answers():
    slower = [taken(np.random.default_rng([9, run]), slower=1.05, **ends(MEAN)).sittings for run in range(40)]

    assert slower == [16] * 40
    assert latency(taken(np.random.default_rng([9, 0]), slower=1.08, **ends(MEAN)), policy=MEAN).verdict == "degraded"
    assert taken(np.random.default_rng(8), **ends(POLICY)).sittings == 16  # no answer lies beyond the 99th percentile


def test_other_margins_are_settled_by_other_times():
    (_, mean) = MEAN.metrics
    tighter = MEAN.model_copy(update={"metrics": [mean.model_copy(update={"margin": mean.margin.scaled(0.1)})]})

    assert margins_of(MEAN, "seconds") != margins_of(tighter, "seconds")
    assert latency(taken(np.random.default_rng(8), **ends(MEAN)), policy=tighter).verdict == "not_evaluated"


def test_nothing_is_asked_in_turn_where_memory_alone_counts(monkeypatch):
    memory = contract(
        [{"metric": "brier", "margin": {"absolute": 0.01}}, {"metric": "peak_memory", "role": "report_only"}]
    )
    kept = {}
    store = SimpleNamespace(load=lambda *_: None, save=lambda *said: kept.update(times=said[-1]))
    bench = SimpleNamespace(store=store, settings=SimpleNamespace(scratch=None), progress=lambda _: None)
    jobs = SimpleNamespace(
        bench=bench,
        contract=memory,
        version=SimpleNamespace(digest="0" * 64),
        artifact={},
        job=lambda *_: {},
    )
    peaks = PairedTimes(np.full(4, 90.0), np.full(4, 91.0))
    monkeypatch.setattr(in_turn, "peaks_in_turn", lambda *_: peaks)
    side, rows = (SimpleNamespace(key="1"), Knobs()), type("Rows", (), {"key": "2", "__len__": lambda _: 5})()
    in_turn.times_in_turn(jobs, side, side, rows)

    assert (kept["times"].baseline, kept["times"].candidate_mb) == ((), (91.0,) * 4)


def test_a_slower_model_is():
    found = [latency(taken(np.random.default_rng([6, run]), slower=1.015)) for run in range(20)]

    assert sum(one.tier is not None for one in found) >= 15
    assert {(one.rows, one.counts) for one in found} == {(640, "requests")}


def test_the_largest_of_few_answers_is_no_percentile():
    few, enough = (latency(taken(np.random.default_rng(7), requests=count), "latency_p99") for count in (640, 800))

    assert (few.verdict, enough.verdict) == ("not_evaluated", "unchanged")
    assert few.note.startswith("640 requests; 800 are needed; `latency.seconds` (120) ended after 640 of 2000")


def test_requests_are_told_as_what_more_of_would_decide():
    times = taken(np.random.default_rng(3), slower=1.02, requests=160)
    narrow = contract([{"metric": "latency_mean", "margin": {"relative": 0.018}}], slices=())
    found = latency(times, policy=narrow)

    assert found.verdict == "inconclusive"
    assert "n=160 requests paired" in verdict_line(found, "paired")
    assert " requests needed; " in verdict_line(found, "paired")
    assert "`latency.seconds` (120) ended after 160 of 2000 requests" in found.note


def test_no_number_of_requests_makes_processes_alike():
    narrow = contract([{"metric": "latency_mean", "margin": {"relative": 0.002}}], slices=())
    found = latency(taken(np.random.default_rng(3), requests=2000), policy=narrow)

    assert found.rows_required is None
    assert "no number of requests is enough" in found.note


def test_every_sitting_counts_alike_and_is_kept():
    cut = iter([8, 5, 8])

    @contextmanager
    def opened(_number):
        answers = iter([0.001] * (10 + 4 * next(cut)) + [1e9] * 1000)  # then it is too late for more
        yield (lambda _: next(answers), lambda _: next(answers))

    times = in_sittings(opened, range(24), seconds=1e9, sittings=3)
    kept = Times.stored(times_of(times, None).body()).paired()

    assert len(times) % 3 == 0
    assert kept.sittings == 3
    assert [part.shape for part in kept.blocks(10)] == [(3, len(times) // 3)] * 2
    assert PairedTimes(np.ones(25), np.ones(25)).blocks(10)[0].shape == (2, 10)


def test_too_few_sittings_say_nothing():
    found = latency(taken(np.random.default_rng(8), sittings=5))

    assert (found.verdict, found.candidate) == ("not_evaluated", None)


def test_the_code_that_scores_is_asked_for_no_times_of_the_model():
    rng = np.random.default_rng(6)
    same = scores(rng.random(600), rng.integers(0, 2, 600))
    policy = contract(
        [{"metric": one, "margin": {"relative": 0.05}} for one in ("brier", "latency_p50", "peak_memory")]
    )

    code, model = (compared(same, same, moved=moved, policy=policy) for moved in ("code", "model"))

    assert {one.metric for one in code.cells} == {"brier"}
    assert cell(model, "latency_p50").verdict == "not_evaluated"
