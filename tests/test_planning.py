"""What `baseline power` promises, held against what the gate then does."""

import numpy as np
import pyarrow as pa
import pytest

from baseline_pipeline.comparison import ALL_ROWS
from baseline_pipeline.contract import Contract
from baseline_pipeline.evaluation import Scores
from baseline_pipeline.metrics.outcomes import Outcomes
from baseline_pipeline.planning import alike, apart, imagined, prospects
from baseline_pipeline.timing import PairedTimes
from baseline_pipeline.workbench.inspection.planning import Outlook, outlook_text
from tests import two_scorings
from tests.two_scorings import compared


def contract(margin, task="binary_classification", metrics=("brier", "error_rate")):
    return Contract.model_validate(
        {
            "name": "m",
            "task": task,
            "data": {"source": {"csv": "x.csv"}, "row_id": ["id"], "label": "y", "features": [{"name": "x"}]},
            "model": {"function": "a:b", "positive_class": 1},
            "slices": [{"by": ["group"], "min_rows": 400}],
            "metrics": [{"metric": metric, "margin": {"absolute": margin}} for metric in metrics],
        }
    )


def scores(outcomes, rng):
    rows = len(outcomes)
    return Scores(
        row_id=pa.array([f"{number:08d}" for number in range(rows)]),
        outcomes=outcomes,
        cluster=None,
        day=None,
        columns=pa.table({"group": pa.array(rng.choice(["a", "b"], rows, p=[0.9, 0.1]))}),
        content=np.zeros(rows, dtype=np.uint64),
    )


def people(rng, rows=3000):
    score = rng.beta(1, 2, rows)
    return Outcomes((rng.random(rows) < score).astype(int), (score >= 0.5).astype(int), score)


@pytest.mark.parametrize("share", [0.003, 0.03, 0.1])
def test_the_imagined_candidate_differs_in_the_share_of_decisions_asked_for(share):
    rng = np.random.default_rng(1)
    outcomes = people(rng, 20_000)
    other = imagined(outcomes, share, rng)

    assert (other.prediction != outcomes.prediction).mean() == pytest.approx(share, rel=0.05)


def test_the_value_is_that_of_the_rows_and_not_of_an_imagined_candidate():
    rng = np.random.default_rng(5)
    first = scores(people(rng), rng)
    found = prospects(contract(0.01, metrics=("accuracy",)), first, disagreement=0.2, seed=1)[0]

    assert found.slice == ALL_ROWS
    assert found.value == pytest.approx((first.outcomes.prediction == first.outcomes.label).mean(), abs=1e-12)


def test_long_names_leave_the_figures_in_their_columns():
    rng = np.random.default_rng(6)
    first = scores(people(rng), rng)
    found = prospects(contract(0.01), first, disagreement=0.03, seed=1)
    long = tuple(one.model_copy(update={"metric": f"{one.metric}(matrix={'0, 1, ' * 30})"}) for one in found[:1])
    outlook = Outlook(
        model="m",
        evaluation="0" * 64,
        disagreement=0.03,
        disagreement_from="as given",
        differs="differs",
        prospects=(*long, *found[1:]),
    )
    lines = [one for one in outlook_text(outlook, 0.8, show_all=True).splitlines() if " 3000 " in one]

    assert len({one.index(" 3000 ") for one in lines}) == 1
    assert "..." in lines[0]


def test_rows_needed_are_told_to_three_digits():
    rng = np.random.default_rng(6)
    found = prospects(contract(0.01), scores(people(rng), rng), disagreement=0.03, seed=1)
    short = found[0].model_copy(
        update={"role": "primary", "rows_needed": 560734, "margin": 0.01, "realistic_margin": 0.01012}
    )
    outlook = Outlook(
        model="m",
        evaluation="0" * 64,
        disagreement=0.03,
        disagreement_from="as given",
        differs="differs",
        prospects=(short,),
    )
    text = outlook_text(outlook, 0.8, show_all=False)

    assert text.count("561000") == 2
    assert "560734" not in text
    assert "or a margin of 0.011" in text


def test_an_equally_good_candidate_is_shown_no_worse_than_the_realistic_margin_as_often_as_said():
    rng = np.random.default_rng(2)
    first = scores(people(rng), rng)
    margin = next(
        one.realistic_margin
        for one in prospects(contract(0.01), first, disagreement=0.03, seed=1)
        if (one.metric, one.slice) == ("brier", ALL_ROWS)
    )
    passed = 0
    runs = 300
    for _ in range(runs):
        old = people(rng)
        other = imagined(old, 0.03, rng)
        swapped = rng.random(len(old)) < 0.5
        pair = [np.where(swapped, one, two) for one, two in ((old.score, other.score), (other.score, old.score))]
        sides = [scores(Outcomes(old.label, (one >= 0.5).astype(int), one), rng) for one in pair]
        candidate = Scores(sides[1].row_id, sides[1].outcomes, None, None, sides[0].columns, sides[1].content)
        result = compared(sides[0], candidate, policy=contract(margin, metrics=("brier",)))
        passed += result.cells[0].verdict in {"unchanged", "improved"}

    assert passed / runs == pytest.approx(0.8, abs=0.07)


def test_slices_with_too_few_rows_say_so_and_promise_nothing():
    rng = np.random.default_rng(3)
    found = prospects(contract(0.01), scores(people(rng), rng), disagreement=0.03, seed=1)
    thin = next(one for one in found if (one.metric, one.slice) == ("brier", "group=b"))

    assert thin.detectable is None
    assert thin.enough is None
    assert "fewer than 400" in thin.note
    assert thin.rows_needed == 400


def test_no_fewer_rows_are_said_to_do_than_a_verdict_takes():
    """Of 3,000 rows with 3 % changed decisions, ten changed ones take 333; a slice of 400 rows is the least that counts."""
    rng = np.random.default_rng(6)
    found = prospects(contract(0.1), scores(people(rng), rng), disagreement=0.03, seed=1)
    needed = {(one.metric, one.slice): one.rows_needed for one in found}

    assert needed["brier", "all"] == 500
    assert needed["brier", "group=a"] == 400
    assert needed["error_rate", "group=a"] >= 400


def test_what_lacks_changed_decisions_is_told_how_many_rows_have_enough():
    rng = np.random.default_rng(6)
    found = prospects(contract(0.0005), scores(people(rng), rng), disagreement=0.002, seed=1)
    whole = next(one for one in found if (one.metric, one.slice) == ("error_rate", "all"))

    assert whole.note.startswith("5 changed rows")
    assert whole.rows_needed == 6000


def test_a_regression_has_prospects_too():
    rng = np.random.default_rng(4)
    label = rng.normal(0, 1, 2000)
    outcomes = Outcomes(label, label + rng.normal(0, 0.5, 2000))
    policy = contract(0.01, task="regression", metrics=("mean_absolute_error",))
    found = prospects(policy, scores(outcomes, rng), disagreement=0.03, seed=1)

    assert 0 < found[0].realistic_margin < 0.01
    assert found[0].rows_needed >= 500  # fewer give no verdict, however precise they are
    assert found[0].enough


@pytest.mark.parametrize("share", [0.01, 0.1, 0.4])
@pytest.mark.parametrize("ranked", [False, True])
def test_the_imagined_candidate_of_a_task_that_gives_numbers_is_as_far_apart_as_asked_for(share, ranked):
    rng = np.random.default_rng(5)
    label = rng.normal(0, 3, 20_000)
    query = np.repeat(np.arange(2000), 10) if ranked else None
    outcomes = Outcomes(label, label + rng.normal(0, 0.5, 20_000), query=query)
    other = imagined(outcomes, share, rng)

    assert apart(outcomes, other) == pytest.approx(share, rel=0.05)


def test_the_scale_of_a_ranking_says_nothing_of_how_far_two_are_apart():
    rng = np.random.default_rng(6)
    query = np.repeat(np.arange(500), 4)
    score = rng.normal(size=2000)
    one = Outcomes(np.zeros(2000), score, query=query)
    two = Outcomes(np.zeros(2000), 40 * score + 1000 * query, query=query)

    assert apart(one, two) == pytest.approx(0, abs=1e-12)


def test_errors_of_a_candidate_that_differs_less_go_together_more():
    rng = np.random.default_rng(7)
    label = rng.normal(size=5000)
    outcomes = Outcomes(label, label + rng.normal(size=5000))
    found = [alike(outcomes, share, 1) for share in (0.001, 0.1, 0.5)]

    assert found[0] > 0.99 > found[1] > found[2] > 0.4
    assert alike(Outcomes(np.ones(9), np.ones(9)), 0.1, 1) is None


def test_predictions_without_any_spread_promise_nothing():
    rng = np.random.default_rng(3)
    still = scores(Outcomes(np.ones(500), np.ones(500), None), rng)
    policy = contract(0.01, task="regression", metrics=("mean_absolute_error",))
    seen = prospects(policy, still, disagreement=0.03, seed=1)
    text = outlook_text(
        Outlook(
            model="m",
            evaluation="e",
            disagreement=0.03,
            disagreement_from="as given",
            differs="differs",
            prospects=seen,
        ),
        0.8,
        show_all=False,
    )

    assert "nothing can be said of mean_absolute_error[all] (no spread is seen)" in text
    assert "every primary" not in text


TIMED = [
    {"metric": "brier", "margin": {"absolute": 0.01}},
    {"metric": "latency_mean", "role": "guardrail", "margin": {"relative": 0.03}},
    {"metric": "latency_p99", "role": "guardrail", "margin": {"relative": 0.3}},
]


def sat(rng, slower=1.0, requests=400, sittings=16, layout=0.005):
    """Times in sittings: answers vary by 10 %, processes by `layout`."""
    apart = np.repeat(layout * rng.standard_normal(sittings), 2 * requests // sittings)
    noise = 0.1 * rng.standard_normal((2, len(apart)))
    return PairedTimes(np.exp(noise[0]), slower * np.exp(apart + noise[1]), None, sittings)


def timed_prospects(times):
    rng = np.random.default_rng(1)
    policy = contract_of(TIMED)
    return policy, {one.metric: one for one in prospects(policy, rows_of(rng), disagreement=0.03, seed=1, times=times)}


def contract_of(metrics):
    return contract(0.01).model_copy(
        update={"metrics": two_scorings.contract(metrics, slices=()).metrics, "slices": ()}
    )


def rows_of(rng):
    return scores(people(rng), rng)


def test_latency_has_prospects_from_times_that_were_taken():
    _, found = timed_prospects(sat(np.random.default_rng(2), slower=1.4))

    mean, tail = found["latency_mean"], found["latency_p99"]
    assert (mean.rows, mean.counts) == (400, "requests")
    assert 10 < mean.detectable < 30  # 1.4 times as slow is no part of how answers vary
    assert mean.value == pytest.approx(1000, rel=0.02)
    assert (tail.detectable, tail.rows_needed) == (None, 800)


def test_latency_that_is_as_much_worse_as_said_to_be_detectable_is_found_as_often():
    known = [timed_prospects(sat(np.random.default_rng(seed))) for seed in range(8)]
    worse = 1 + np.mean([one["latency_mean"].detectable / one["latency_mean"].value for _, one in known])
    rng = np.random.default_rng(3)
    rows = rows_of(rng)
    runs = [compared(rows, rows, policy=known[0][0], times=sat(rng, slower=worse)) for _ in range(150)]

    assert sum(run.cells[1].p_adjusted <= 0.01 for run in runs) / 150 == pytest.approx(0.8, abs=0.1)


def test_requests_needed_know_that_processes_differ_by_themselves():
    _, alike_ones = timed_prospects(sat(np.random.default_rng(4), layout=0.001))
    _, others = timed_prospects(sat(np.random.default_rng(4), layout=0.06))

    assert 24 <= alike_ones["latency_mean"].rows_needed < 400
    assert others["latency_mean"].rows_needed is None
    assert others["latency_mean"].note.startswith("no number of requests is enough")


def test_latency_that_was_never_timed_says_so():
    _, found = timed_prospects(None)

    assert found["latency_mean"].note == "not taken yet: the next comparison of two models does"
    assert found["brier"].detectable > 0
