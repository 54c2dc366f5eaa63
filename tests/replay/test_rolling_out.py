"""A candidate let onto real rows: what is counted is what a hand would count."""

import sys

import numpy as np
import pandas as pd
import pytest

from baseline_pipeline.errors import EvidenceUnavailable
from baseline_pipeline.workbench.replays import rolling_out
from baseline_pipeline.workbench.replays.rolling_out import rollout_lines, simulate_rollout

OTHER = """\
import numpy as np


def partly(features):
    p = 1 / (1 + np.exp(-features["x"].to_numpy()))
    return np.where(features["z"] > 1.2, 1 - p, p)
"""


@pytest.fixture
def candidate(project):
    (project.root / "partly_wrong.py").write_text(OTHER)
    yield "partly_wrong:partly"
    sys.modules.pop("partly_wrong", None)


def by_hand(rows):
    """Answers that were right, and are not any more."""
    old = rows["x"] >= 0
    new = np.where(rows["z"] > 1.2, ~old, old)
    return int(((old == (rows["y"] == 1)) & (new != (rows["y"] == 1))).sum())


def declare(project, before, after):
    contract = project.root / "assets" / "small" / "defs.yaml"
    contract.write_text(contract.read_text().replace(before, after))


def test_answers_that_got_worse_are_those_that_a_hand_counts(project, candidate):
    declare(project, "  metrics:", "  metrics:\n    - {metric: roc_auc, margin: {absolute: 0.05}}")
    bench, told = project.bench(), []
    bench.progress = told.append

    found = simulate_rollout(bench, bench.contract("small"), candidate)

    assert told[-1] == f"letting version {found.candidate} onto 1500 requests, 200 times"
    assert (found.losses, found.unlooked) == (("brier", "error_rate"), ("roc_auc",))
    assert "  not looked at, since no mean over rows: roc_auc" in rollout_lines(found)
    assert (found.harmed_by, found.left_out) == ("error_rate", 0)
    assert found.rollout.harmed_in_full == by_hand(project.rows())


def test_an_answer_that_did_not_change_harmed_nobody(project, candidate):
    """The mean of a loss moves with every other row, and its rounding is no harm."""
    declare(project, "metric: error_rate, role: guardrail", "metric: error_rate, role: report_only")
    bench = project.bench()

    found = simulate_rollout(bench, bench.contract("small"), candidate)

    rows = project.rows()
    right = (rows["x"] >= 0) == (rows["y"] == 1)
    assert found.harmed_by == "brier"
    assert found.rollout.harmed_in_full == int((right & (rows["z"] > 1.2)).sum())


def test_a_light_row_s_answer_is_worse_where_it_is_and_not_where_others_are(project, candidate):
    """The weighted metric got worse, and a row that weighs next to nothing shows of itself only what others lost."""
    declare(project, "metric: error_rate, role: guardrail", "metric: error_rate, role: report_only")
    declare(project, "label: y", "label: y\n    weight: stake")
    rows = project.rows()
    right = (rows["x"] >= 0) == (rows["y"] == 1)
    project.write(rows.assign(stake=np.where(right, 5.0, 0.01)))
    bench = project.bench()

    found = simulate_rollout(bench, bench.contract("small"), candidate)

    assert found.harmed_by == "brier"
    assert found.rollout.harmed_in_full == int((right & (rows["z"] > 1.2)).sum())


def test_rows_that_a_model_learned_from_say_nothing_of_it(project, candidate):
    declare(project, "label: y", "label: y\n    time: day")
    declare(project, "positive_class: 1", "positive_class: 1, training: {window: [2026-01-01, 2026-01-14]}")
    bench = project.bench()

    found = simulate_rollout(bench, bench.contract("small"), candidate)

    rows = project.rows()
    later = rows[rows["day"] > "2026-01-14"]
    assert found.left_out == len(rows) - len(later)
    assert found.rollout.requests == len(later)
    assert found.rollout.harmed_in_full == by_hand(later)
    assert "lie in a training window" in "\n".join(rollout_lines(found))
    declare(project, "2026-01-14]", "2026-01-31]")
    with pytest.raises(EvidenceUnavailable, match="all 1500 rows lie in a training window"):
        simulate_rollout(bench, bench.contract("small"), candidate)


def test_a_handful_of_requests_is_not_said_to_have_shown_anything(project, candidate):
    project.write(project.rows().head(40))
    bench = project.bench()

    found = simulate_rollout(bench, bench.contract("small"), candidate)
    through = found.model_copy(update={"rollout": found.rollout.model_copy(update={"requests_until": None})})

    assert "  none stops: fewer than 500 requests show hardly anything" in rollout_lines(through)


def test_requests_come_in_the_order_of_time_within_a_day(project, candidate, monkeypatch):
    rows = project.rows()
    seconds = np.where(rows["z"] > 1.2, 50_000, 0) + np.arange(len(rows)) % 40_000
    project.write(rows.assign(at=pd.Timestamp("2026-03-01") + pd.to_timedelta(seconds, unit="s")))
    declare(project, "label: y", "label: y\n    time: at")
    bench, seen = project.bench(), []
    rolled_out = rolling_out.roll_out
    monkeypatch.setattr(
        rolling_out, "roll_out", lambda traffic, *more: seen.append(traffic) or rolled_out(traffic, *more)
    )

    found = simulate_rollout(bench, bench.contract("small"), candidate)

    (traffic,) = seen
    assert np.flatnonzero(traffic.harmed).min() >= int((rows["z"] <= 1.2).sum())
    assert sum(line.endswith(" of 200 rollouts stop") for line in rollout_lines(found)) == 5
