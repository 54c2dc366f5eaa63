"""Answers in words and ranked items, from the model's output to the verdict."""

import json
from types import SimpleNamespace

import numpy as np
import pyarrow as pa
import pytest

from baseline_pipeline.contrasting import row_changes
from baseline_pipeline.effects import part
from baseline_pipeline.errors import ContractError, DataUnreadable, ModelFailed
from baseline_pipeline.evaluating import scores_of
from baseline_pipeline.evaluation import Scores
from baseline_pipeline.explaining import explain
from baseline_pipeline.labels import encode_labels
from baseline_pipeline.metrics.outcomes import Outcomes
from baseline_pipeline.monitoring.reading import measured
from baseline_pipeline.planning import prospects
from baseline_pipeline.ports import ModelVersion
from baseline_pipeline.replay.factorial import _joined
from baseline_pipeline.scores_file import read_scores, write_scores
from baseline_pipeline.scoring import _array, interpret
from baseline_pipeline.summaries.planning_outcomes import plan_outcomes
from baseline_pipeline.workbench.replays.jobs import Jobs
from baseline_pipeline.worst_rows import worst_rows
from tests.two_scorings import cell, compared, contract

VERSION = ModelVersion("m", "1", "uri", "0" * 64)
DATA = {"source": {"csv": "x.csv"}, "row_id": ["id"], "label": "y", "features": [{"name": "x"}]}
WORDS = np.array(["Oslo", "the Hague", "Lima", "New Delhi", "Cairo"], dtype=object)
ANSWERS = contract(
    [{"metric": "exact_match", "margin": {"absolute": 0.03}}, {"metric": "token_f1", "margin": {"absolute": 0.03}}],
    task="question_answering",
    data=DATA,
)
RANKING = contract(
    [
        {"metric": "ndcg", "parameters": {"k": 5}, "margin": {"absolute": 0.02}},
        {"metric": "mrr", "margin": {"absolute": 0.03}},
    ],
    task="ranking",
    data={**DATA, "query": "q"},
)


def answered(seed, right, rows=2000):
    """Rows of which so many are answered right, the same ones for the same seed."""
    rng = np.random.default_rng(seed)
    label = rng.choice(WORDS, rows)
    said = np.where(rng.random(rows) < right, label + ".", "nobody knows").astype(object)
    return frozen(Outcomes(label, said), rng)


def ranked(seed, noise, queries=400):
    rng = np.random.default_rng(seed)
    query = np.repeat(np.arange(queries), rng.integers(2, 12, queries))
    label = rng.integers(0, 4, len(query)) * (rng.random(len(query)) < 0.5).astype(float)
    score = label + 1.0 * rng.normal(size=len(query)) + noise * rng.normal(size=len(query))
    return frozen(Outcomes(label, score, query=query.astype(str)), rng)


def frozen(outcomes, rng):
    n = len(outcomes)
    return Scores(
        row_id=pa.array([f"{i:08d}" for i in range(n)]),
        outcomes=outcomes,
        cluster=outcomes.query,
        day=None,
        columns=pa.table({"group": np.where(np.arange(n) % 2, "a", "b")}),
        content=np.zeros(n, dtype=np.uint64),
    )


@pytest.mark.parametrize(
    ("policy", "old", "same", "worse"),
    [
        (ANSWERS, answered(1, 0.8), answered(1, 0.8), answered(1, 0.6)),
        (RANKING, ranked(1, 0.0), ranked(1, 0.0), ranked(1, 2.0)),
    ],
)
def test_a_worse_model_is_found_and_an_equal_one_is_not(policy, old, same, worse):
    equal, degraded = compared(old, same, policy=policy), compared(old, worse, policy=policy)

    assert {one.verdict for one in equal.cells} == {"unchanged"}
    for rule in policy.metrics:
        found = cell(degraded, rule.measured.name)
        assert (found.verdict, found.tier) == ("degraded", "severe")
        assert found.rows == len(old.row_id)


def test_queries_are_what_a_ranking_is_judged_by():
    found = compared(ranked(1, 0.0), ranked(1, 0.1), policy=RANKING)

    assert cell(found, "ndcg(k=5)").clusters == 400


def test_a_ranking_of_other_scores_in_the_same_order_is_unchanged():
    old = ranked(1, 0.0)
    new = frozen(Outcomes(old.outcomes.label, 7 * old.outcomes.prediction - 3, query=old.outcomes.query), None)
    contrast = compared(old, new, policy=RANKING)
    found = cell(contrast, "mrr")

    assert (found.verdict, found.gain) == ("unchanged", 0.0)
    assert (contrast.changes.changed_scores, contrast.changes.decisions_changed) == (len(old.outcomes), None)


def test_answers_that_differ_in_an_article_are_changed_and_no_worse():
    old = answered(1, 0.8)
    said = np.array([f"the {one}" for one in old.outcomes.prediction], dtype=object)
    new = frozen(Outcomes(old.outcomes.label, said), None)
    found = compared(old, new, policy=ANSWERS)
    rows = np.arange(2000)
    changes = row_changes(part(old, rows, 0), part(new, rows, 0))

    assert found.changes.changed_scores == 2000
    assert cell(found, "token_f1").gain == 0.0
    assert changes.largest_difference is None


def test_the_false_alarms_of_rankings_stay_at_their_rate():
    """Two models that are as good as each other, on few queries of very different length: 1 % over all that gates."""
    alarms = 0
    for seed in range(60):
        rng = np.random.default_rng(seed)
        query = np.repeat(np.arange(60), np.r_[rng.integers(2, 8, 55), rng.integers(60, 90, 5)])
        label = (rng.random(len(query)) < 0.3).astype(float)
        sides = [Outcomes(label, label + rng.normal(size=len(query)), query=query.astype(str)) for _ in range(2)]
        found = compared(*(frozen(one, rng) for one in sides), policy=RANKING)
        alarms += any(one.verdict == "degraded" or one.tier is not None for one in found.cells)

    assert alarms <= 3  # binomial: above it once in ten thousand at 1 %


def test_rows_with_texts_and_queries_come_back_from_the_file(tmp_path):
    for scores in (answered(1, 0.8), ranked(1, 0.0)):
        found = read_scores(write_scores(scores, (), tmp_path)).outcomes

        assert found.prediction.tolist() == scores.outcomes.prediction.tolist()
        assert found.is_text == scores.outcomes.is_text
        assert (found.query is None) == (scores.outcomes.query is None)
        assert found.query is None or found.query.tolist() == scores.outcomes.query.tolist()


@pytest.mark.parametrize(
    ("given", "words"),
    [([None, "a"], "gave None for row"), ([1.0, 2.0], "gave 1.0 for row"), (np.ones((2, 2)), "one text per row")],
)
def test_an_output_that_is_no_text_is_no_answer(given, words):
    names = pa.array(["r1", "r2"])

    with pytest.raises(ModelFailed, match=words):
        interpret(ANSWERS, _array(given, 2, names, 0, VERSION), names, VERSION, ())


def test_a_long_answer_makes_no_other_one_long():
    found = _array(["x" * 10_000_000, *["y"] * 99], 100, pa.array(["r"] * 100), 0, VERSION)

    assert found.dtype == object


def test_labels_are_read_as_what_the_task_takes_them_for():
    answers, _ = encode_labels(ANSWERS, pa.table({"y": [json.dumps(["a", "b"]), "c"]}))
    grades, _ = encode_labels(RANKING, pa.table({"y": pa.array([0, 3], pa.int8())}))

    assert answers.tolist() == ['["a", "b"]', "c"]
    assert grades.tolist() == [0.0, 3.0]
    with pytest.raises(DataUnreadable, match="label 'y' is string and holds no numbers"):
        encode_labels(RANKING, pa.table({"y": ["good"]}))


def test_every_item_has_a_query_and_every_query_lies_in_one_cluster():
    rows = pa.table({"id": ["1", "2"], "x": [0.1, 0.2], "y": [1.0, 0.0], "q": ["a", None], "group": ["a", "b"]})
    whole = rows.set_column(3, "q", pa.array(["a", "a"])).append_column("user", pa.array(["ann", "bob"]))
    larger = contract(
        RANKING.model_dump()["metrics"][:0] or [{"metric": "mrr", "role": "report_only"}],
        task="ranking",
        data={**DATA, "query": "q", "cluster": "user"},
    )
    names, said = rows.column("id").combine_chunks(), np.array([1.0, 2.0])
    predicted = interpret(RANKING, said, names, VERSION, ())

    with pytest.raises(DataUnreadable, match=r"'q' \(data.query\) is missing in 1 rows, first in 2"):
        scores_of(RANKING, rows, names, said, (), predicted)
    with pytest.raises(DataUnreadable, match="query 'a' lies in several clusters"):
        scores_of(larger, whole, names, said, (), predicted)


def test_the_worst_rows_show_texts_and_queries():
    answers = worst_rows(ANSWERS, answered(1, 0.5), 3)
    items = worst_rows(RANKING, ranked(1, 0.0), 3)

    assert answers.rows[0][answers.columns.index("prediction")] == "nobody knows"
    assert answers.rows[0][answers.columns.index("loss")] == "1"
    assert "query" in items.columns


@pytest.mark.parametrize(("policy", "scores"), [(ANSWERS, answered(3, 0.7)), (RANKING, ranked(3, 0.0))])
def test_what_could_be_seen_is_told_before_any_candidate(policy, scores):
    found = prospects(policy, scores, disagreement=0.1, seed=1)

    assert {one.slice for one in found} == {"all", "group=a", "group=b"}
    assert all(one.detectable > 0 for one in found)


class Echo:
    """Answers with a column."""

    def predict(self, frame):
        return frame["x"].tolist()


@pytest.mark.parametrize(
    ("policy", "values", "label", "lossless"),
    [
        (ANSWERS, WORDS[np.arange(300) % 5], WORDS[np.arange(300) % 5], False),
        (RANKING, np.arange(300.0), np.ones(300), True),
    ],
)
def test_what_a_model_leans_on_is_told_of_texts_and_rankings(policy, values, label, lossless):
    table = pa.table({"id": np.arange(300).astype(str), "x": pa.array(values.tolist())})
    names = table.column("id").combine_chunks()
    first = interpret(policy, _array(values.tolist(), 300, names, 0, VERSION), names, VERSION, ())
    replay, (found,) = explain(policy, table, label, first, Echo(), VERSION, ())

    assert replay == 0
    assert found.movement > 0
    assert (found.loss is None) == lossless


@pytest.mark.parametrize("policy", [ANSWERS, RANKING])
def test_what_counts_cannot_tell_is_not_scanned(policy):
    with pytest.raises(ContractError, match="cannot be told from counts"):
        plan_outcomes(policy, None, "rows", score="score", prediction="prediction")


def test_a_window_with_few_queries_gives_no_reading_and_one_whose_queries_are_alike_is_not_certain():
    metric = RANKING.metrics[1].measured
    few = ranked(1, 0.0, queries=5).outcomes
    alike = Outcomes(np.tile([1.0, 0.0], 20), np.tile([1.0, 0.0], 20), query=np.repeat(np.arange(20), 2).astype(str))

    assert measured(metric, few, None) is None
    assert measured(metric, alike, None).error == pytest.approx(0.5 / 21)


def test_queries_stay_with_their_rows_where_populations_are_mixed():
    outcomes = ranked(1, 0.0).outcomes
    both = _joined([outcomes.take(np.arange(10)), outcomes.take(np.arange(10, 20))])

    assert both.query.tolist() == outcomes.query[:20].tolist()


def test_a_worker_keeps_digests_of_texts(tmp_path):
    kept = {}
    store = SimpleNamespace(put_file=lambda path: kept.setdefault("it", path), file=lambda digest: digest)
    bench = SimpleNamespace(settings=SimpleNamespace(scratch=tmp_path), store=store)
    jobs = Jobs(bench, ANSWERS, VERSION, {})
    jobs._put(np.array(["x" * 1_000_000, "y", "y"], dtype=object))
    one, two, three = jobs.outputs(SimpleNamespace(outputs=kept["it"]))

    assert one != two == three
    assert len(one) == 32
