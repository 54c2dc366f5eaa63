"""A past that is judged as it would have been known."""

import datetime as dt

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from baseline_pipeline.adapters.environments.running import launch_here
from baseline_pipeline.contract.reading import read_contract
from baseline_pipeline.errors import ContractError, EvidenceUnavailable, UsageError
from baseline_pipeline.report.backtest import backtest_html, backtest_lines
from baseline_pipeline.workbench.over_time.backtesting import backtest
from baseline_pipeline.workbench.over_time.clocks import instants, zone_of
from baseline_pipeline.workbench.over_time.history import scored_past
from baseline_pipeline.workbench.over_time.injecting import inject_incidents
from baseline_pipeline.workbench.over_time.monitoring import watch
from baseline_pipeline.workbench.over_time.windows import windowing_of
from tests.conftest import SMALL

DAILY = (
    SMALL.replace("    cluster: day\n", "    time: at\n    label_delay: 1d\n").replace(
        "    expectations: expectations.yaml\n", ""
    )
    + "  monitoring: {false_alarms_per_month: 1, reference: [2026-01-01, 2026-02-09]}\n"
    + "  incidents: incidents.yaml\n"
)
EVENTS = """\
- {date: 2026-03-02, what: the label feed lost its sign, tier: severe}
- {date: [2026-03-12, 2026-03-13], what: "group b: a broken sensor", slices: [group=b]}
"""


def past(days=80, rows=150, seed=4):
    """Daily rows; on two occasions something is wrong."""
    rng = np.random.default_rng(seed)
    n = days * rows
    x, z = rng.normal(0, 1, n), rng.normal(0, 1, n)
    day = np.repeat(np.arange(days), rows)
    at = (
        pd.Timestamp("2026-01-01")
        + pd.to_timedelta(day, unit="D")
        + pd.to_timedelta(rng.integers(0, 86400, n), unit="s")
    )
    y = rng.random(n) < 1 / (1 + np.exp(-x + 0.3 * rng.normal(0, 1, days)[day]))
    group = np.where(rng.random(n) < 0.5, "a", "b")
    wrong = day == 60
    y[wrong] = ~y[wrong]
    broken = np.isin(day, (70, 71)) & (group == "b")
    x[broken] = rng.normal(0, 3, broken.sum())
    order = np.argsort(at)
    return pd.DataFrame(
        {"id": np.arange(n), "at": at.astype(str), "x": x, "z": z, "y": y.astype(int), "group": group, "day": "d"}
    ).iloc[order]


@pytest.fixture
def daily(project):
    (project.root / "assets" / "small" / "defs.yaml").write_text(DAILY)
    (project.root / "assets" / "small" / "incidents.yaml").write_text(EVENTS)
    project.write(past())
    return project


def judged(project, **asked):
    bench = project.bench()
    return backtest(bench, bench.contract("small"), **asked)


def test_what_was_wrong_is_found_and_named(daily):
    found = judged(daily)
    feed, sensor = found.incidents

    assert (feed.found, feed.day, feed.tier) == (True, 1, "severe")
    assert feed.delay_days <= 2
    assert sensor.found
    assert sensor.slices_named
    assert found.reference_windows == 40
    assert found.false_alarms.low <= 1
    assert not found.missed
    assert found.recommended is not None


def test_it_reads_well_and_names_everything(daily):
    found = judged(daily)
    contract = daily.bench().contract("small")
    text = "\n".join(backtest_lines(found))
    html = backtest_html(contract, found)

    assert "known events: 2 of 2 found" in text
    assert "the label feed lost its sign" in text
    assert "<- recommended" in text
    assert html.count("<svg") > 3
    assert "group b: a broken sensor" in html
    assert "<script" not in html


def test_without_known_events_nothing_is_said_to_be_recommended(daily):
    defs = daily.root / "assets" / "small" / "defs.yaml"
    defs.write_text(DAILY.replace("  incidents: incidents.yaml\n", ""))

    found = judged(daily)
    text = "\n".join(backtest_lines(found))
    html = backtest_html(daily.bench().contract("small"), found)

    assert found.recommended is not None
    for told in (text, html):
        assert "no known events: there is nothing to find" in told
        assert "keeps the accepted rate; what it would find, no known event says" in told
        assert "recommended" not in told
        assert "0/0" not in told
        assert "0 of 0" not in told


def test_the_same_past_is_judged_once(daily):
    said = []
    first = judged(daily)
    bench = daily.bench()
    bench.progress = said.append
    again = backtest(bench, bench.contract("small"))

    assert again == first
    assert any(one.startswith("found: backtest") for one in said)


def test_other_rules_are_tried_without_changing_the_contract(daily):
    draft = daily.root / "draft" / "small"
    draft.mkdir(parents=True)
    (draft / "defs.yaml").write_text(DAILY.replace("false_alarms_per_month: 1", "false_alarms_per_month: 0.05"))
    strict = backtest(daily.bench(), read_contract(draft / "defs.yaml"))

    assert len(strict.alarms) < len(judged(daily).alarms) or len(strict.alarms) <= 2
    assert strict.accepted_per_month == 0.05


@settings(max_examples=4, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cut=st.integers(45, 79), seed=st.integers(0, 3))
def test_a_future_row_never_changes_what_was_said_before(daily, cut, seed):
    """What could be known by an instant is the same, whatever comes after it: other rows, other labels, or none."""
    until = np.datetime64("2026-01-01", "m") + np.timedelta64(cut, "D")
    whole = past(rows=60)
    later = pd.to_datetime(whole["at"]) >= pd.Timestamp(until.item())
    late = pd.to_datetime(whole["at"]) >= pd.Timestamp(until.item()) - pd.Timedelta(days=1)
    changed = whole.copy()
    rng = np.random.default_rng(seed)
    changed.loc[later, "x"] = rng.normal(5, 4, later.sum())
    changed.loc[late, "y"] = rng.integers(0, 2, late.sum())  # labels come a day after
    daily.write(whole)
    before = [one for one in judged(daily).alarms if np.datetime64(one.known) <= until]
    daily.write(changed)
    after = [one for one in judged(daily).alarms if np.datetime64(one.known) <= until]

    def said(alarms):
        return sorted((one.key, one.opened, one.known, one.family, one.detector) for one in alarms)

    assert said(after) == said(before)


def test_what_cannot_be_judged_says_so(daily):
    plain = daily.root / "assets" / "small" / "defs.yaml"
    plain.write_text(DAILY.replace("    time: at\n", ""))
    with pytest.raises(ContractError, match=r"data\.time"):
        judged(daily)
    plain.write_text(DAILY.replace("2026-02-09", "2026-01-04"))
    with pytest.raises(EvidenceUnavailable, match="4 calm windows"):
        judged(daily)
    plain.write_text(DAILY.replace("incidents.yaml", "nothing.yaml"))
    with pytest.raises(ContractError, match=r"nothing\.yaml"):
        judged(daily)


def test_windows_are_of_whole_minutes(daily):
    bench = daily.bench()
    contract = bench.contract("small")
    with pytest.raises(UsageError, match="windows of 90 s, one every 90 s; accepted: whole minutes"):
        windowing_of(contract, "90s")

    assert windowing_of(contract, "3600s").length == 3600


def test_a_part_of_the_past_and_longer_windows(daily):
    weeks = judged(daily, window="4d", step="1d")
    spring = judged(daily, first=dt.date(2026, 1, 1), last=dt.date(2026, 2, 28))

    assert weeks.window == "4d"
    assert len(weeks.starts) == 77  # the last ones are not over
    assert spring.last.startswith("2026-02-28")
    assert not spring.incidents


def learning(daily, window):
    """Write a contract whose champion learned in a window, and how it is trained."""
    (daily.root / "learning.py").write_text(
        "class Line:\n"
        "    def __init__(self, slope):\n        self.slope = slope\n\n"
        "    def predict(self, features):\n"
        "        import numpy as np\n"
        "        return 1 / (1 + np.exp(-self.slope * features['x'].to_numpy()))\n\n\n"
        "def fit(features, labels):\n    return Line(1.0 if labels.mean() > 0 else 0.0)\n"
    )
    window = f'training: {{entry: "learning:fit", window: [{window}]}}'
    plain = daily.root / "assets" / "small" / "defs.yaml"
    plain.write_text(
        DAILY.replace(", reference: [2026-01-01, 2026-02-09]", "").replace(
            "positive_class: 1}", f"positive_class: 1, {window}}}"
        )
    )


def test_rows_that_the_champion_learned_from_are_scored_out_of_fold(daily):
    learning(daily, "2026-01-01, 2026-02-09")
    started = []

    def launch(command, variables, seconds):
        started.append(command)
        return launch_here(command, variables, seconds)

    bench = daily.bench()
    bench.launch = launch
    found = backtest(bench, bench.contract("small"))

    assert len(started) == 1  # five trainings in one process
    assert found.out_of_fold == 40 * 150
    assert found.reference_windows == 40
    assert all(one.found for one in found.incidents)


def test_another_training_window_cuts_folds_of_its_own_from_the_same_past(daily):
    """Five weeks later there are as many rows in every fold: nothing but their names tells them apart."""
    bench = daily.bench()
    for window, rows in (
        ("2026-01-01, 2026-02-04", 35),
        ("2026-02-05, 2026-03-11", 35),
        ("2026-01-01, 2026-02-09", 40),
    ):
        learning(daily, window)
        found = scored_past(bench, bench.contract("small"))
        x = found.rows.features.column("x").to_numpy()

        assert found.learned.sum() == rows * 150
        assert found.rows.outcomes.score == pytest.approx(1 / (1 + np.exp(-x)))


def test_injected_incidents_tell_what_would_be_found(daily):
    bench = daily.bench()
    found = inject_incidents(bench, bench.contract("small"), count=3, names=["unit_error", "gaussian_noise"], seed=3)
    strongest = {one.scenario: one for one in found.kinds if one.found}

    assert {one.scenario for one in found.kinds} == {"unit_error", "gaussian_noise"}
    assert strongest["unit_error"].found == len(strongest["unit_error"].dates) == 3
    assert strongest["unit_error"].low <= 1
    assert found == inject_incidents(
        bench, bench.contract("small"), count=3, names=["unit_error", "gaussian_noise"], seed=3
    )


def test_days_are_those_of_the_zone_and_hours_those_of_utc(daily):
    """Berlin's clocks change on 29 March 2026: that day has 23 hours, the 25th of October has 25."""
    path = daily.root / "assets" / "small" / "defs.yaml"
    path.write_text(path.read_text().replace("reference:", "timezone: Europe/Berlin, reference:"))
    contract = daily.bench().contract("small")
    hours = pa.table({"at": pd.date_range("2026-03-20", "2026-11-01", freq="h", tz="UTC")})
    days = instants(hours, "at", zone_of(contract)).astype("datetime64[D]").astype(str)

    assert [int((days == day).sum()) for day in ("2026-03-28", "2026-03-29", "2026-10-25")] == [24, 23, 25]
    assert [windowing_of(contract).zone, windowing_of(contract, "6h").zone] == ["UTC", "Europe/Berlin"]
    assert [judged(daily, window=window).timezone for window in (None, "12h")] == ["Europe/Berlin", "UTC"]


def test_an_event_after_the_last_row_is_said_to_be_beyond_what_was_judged(daily):
    (daily.root / "assets" / "small" / "incidents.yaml").write_text("- {date: 2026-04-20, what: the feed died}\n")
    found = judged(daily)

    assert not found.incidents
    assert "NOT JUDGED 2026-04-20  the feed died; no window has these days" in "\n".join(backtest_lines(found))
    assert "the feed died" in backtest_html(daily.bench().contract("small"), found)


def test_a_model_whose_own_data_fell_silent_says_since_when(daily):
    bench = daily.bench()
    contract = bench.contract("small")
    silent, fresh = (watch(bench, contract, now=now).notes for now in ("2026-04-01", "2026-03-22T12:00"))

    assert silent[-1].startswith("the last row is of 2026-03-21T23:5")
    assert "10 days ago" in silent[-1]
    assert not fresh


def test_a_past_without_known_events_says_that_every_alarm_counts_as_false(daily):
    contract = daily.root / "assets" / "small" / "defs.yaml"
    contract.write_text(contract.read_text().replace("  incidents: incidents.yaml\n", ""))
    found = judged(daily)
    bench = daily.bench()
    text, html = "\n".join(backtest_lines(found)), backtest_html(bench.contract("small"), found)

    for told in (text, html):
        assert "every alarm counts as false; write what really happened into assets/small/incidents.yaml" in told
    assert '<p class="word">No event that must be found</p>' in html
    assert '<section class="outcome unknown">' in html
