"""What the programme's figures rest on, in a real project."""

import json

from typer.testing import CliRunner

from baseline_pipeline.cli.app import app
from baseline_pipeline.comparison import Cell, Contrast, Side
from baseline_pipeline.governance.health import creep_of
from baseline_pipeline.report.health import health_lines
from baseline_pipeline.workbench.upkeep.health import health, last_backtest

DIGEST = "d" * 64


def said(project, monkeypatch, *words):
    monkeypatch.chdir(project.root)
    return CliRunner().invoke(app, list(words))


def test_before_anything_happened_every_figure_says_nothing_yet(project):
    lines = health_lines(health(project.bench()))

    assert lines[1].split(maxsplit=1)[1].strip() == "0 of 1 models have a baseline (0%)"
    without = ("gated slices", "age of baselines", "time to detect", "time to resolve", "noise", "open incidents")
    for what in (*without, "false alarms", "creep", "last 90 days", "promotions frozen", "drills", "dead receivers"):
        (line,) = [one for one in lines if one.startswith(f"  {what} ")]
        assert line.endswith("nothing yet"), line


def test_a_baseline_counts_with_its_slices_and_its_age(gated, monkeypatch):
    found = health(gated.bench(), now="2099-01-01T00:00:00Z")
    (line,) = [one for one in health_lines(found) if "gated slices" in one]

    assert (found.total.coverage, found.total.gated_slices) == (1.0, 3)
    assert line.split(maxsplit=2)[2] == "3 per model with a baseline"
    assert found.total.age_oldest_days > 20_000
    assert [one.name for one in found.owners] == ["nobody"]
    assert found.total.creep == ()
    done = said(gated, monkeypatch, "audit", "health", "--json")
    assert done.exit_code == 0
    assert json.loads(done.stdout)["total"]["overrides"] == 0


def test_a_contract_that_cannot_be_read_is_named_and_the_others_are_told_of(project, monkeypatch):
    broken = project.root / "assets" / "broken" / "defs.yaml"
    broken.parent.mkdir()
    broken.write_text("type: baseline_pipeline.orchestration.MonitoredModel\nattributes: {name: broken, tusk: 1}\n")
    told, owned, checked = (
        said(project, monkeypatch, *words) for words in (["audit", "health"], ["audit", "owners"], ["check"])
    )

    assert [one.exit_code for one in (told, owned, checked)] == [2, 2, 2]
    assert "all 1 model" in told.stdout
    assert "broken: its contract cannot be read" in told.stdout
    assert "assets/broken/defs.yaml" in told.stdout
    assert "small: no owner of" in owned.stdout
    assert "broken: assets/broken/defs.yaml" in owned.stderr
    assert "small: contract ok" in checked.stderr


def test_only_the_present_policy_s_backtest_speaks(project):
    bench = project.bench()

    assert last_backtest(bench, bench.contract("small")) is None


def test_creep_is_the_loss_against_the_anchor_over_its_margin():
    side = Side(evaluation=DIGEST, scores_file=DIGEST, version="1", snapshot=DIGEST)
    cell = Cell(
        metric="brier",
        slice="all",
        role="primary",
        unit="loss",
        better="lower",
        rows=100,
        clusters=None,
        changed_rows=None,
        baseline=0.10,
        candidate=0.104,
        gain=-0.004,
        interval=(-0.006, -0.002),
        harm_bounds=(0.001, 0.007),
        p_value=0.01,
        p_adjusted=0.02,
        margin=0.01,
        severe=0.02,
        minimum_detectable_effect=None,
        rows_required=None,
        verdict="unchanged",
        tier=None,
        note="",
    )
    better = cell.model_copy(update={"metric": "roc_auc", "gain": 0.003})
    contrast = Contrast(
        moved="model",
        pairing="paired",
        question="?",
        baseline=side,
        candidate=side,
        rows=100,
        rows_left_out=0,
        left_out_because="",
        changes=None,
        cells=(cell, better),
        not_comparable=None,
        seed=1,
        anchor_revision=2,
    )

    lost, won = creep_of("small", contrast)
    assert (lost.used, lost.share, lost.at_most, lost.revision) == (0.004, 0.4, 0.007, 2)
    assert (won.used, won.share) == (0.0, 0.0)
    assert creep_of("small", contrast.model_copy(update={"anchor_revision": None})) == ()
