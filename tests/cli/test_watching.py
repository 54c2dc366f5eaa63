"""`baseline backtest`, `monitor` and `incident` as people type them."""

import json

import pytest

from baseline_pipeline.report.backtest import backtest_lines
from baseline_pipeline.response.incidents import incidents
from baseline_pipeline.workbench.over_time.backtesting import Backtest
from tests.backtest.test_scoring import alarm
from tests.response.test_incidents import after
from tests.workbench.recorded_service import LOGGED, healthy, service, write_contract
from tests.workbench.test_backtesting import DAILY, EVENTS
from tests.workbench.test_backtesting import past as daily_past


@pytest.fixture
def typed(project, capsys, monkeypatch):
    """Types a command in the project; gives exit code, stdout and stderr."""
    from baseline_pipeline.cli import main

    monkeypatch.chdir(project.root)

    def run(*words):
        capsys.readouterr()
        try:
            monkeypatch.setattr("sys.argv", ["baseline", *words])
            main()
            code = 0
        except SystemExit as ended:
            code = int(ended.code or 0)
        said = capsys.readouterr()
        return code, said.out, said.err

    return run


def test_what_if_takes_a_draft_wherever_it_stands(project, typed):
    write_contract(project, DAILY)
    (project.root / "assets" / "small" / "incidents.yaml").write_text(EVENTS)
    project.write(daily_past())
    draft = project.root / "draft.yaml"
    draft.write_text(DAILY.replace("false_alarms_per_month: 1", "false_alarms_per_month: 0.05"))
    _, out, err = typed("backtest", "small", "--contract", "draft.yaml", "--quiet")
    draft.write_text(DAILY.replace("name: small", "name: large"))
    refused, _, why = typed("backtest", "small", "--contract", "draft.yaml", "--quiet")

    assert "the accepted 0.05" in " ".join(out.split()), err
    assert refused == 2
    assert "draft.yaml is the contract of 'large', and 'small' was asked for" in why


def test_a_backtest_at_the_terminal(project, typed):
    write_contract(project, DAILY)
    (project.root / "assets" / "small" / "incidents.yaml").write_text(EVENTS)
    project.write(daily_past())
    code, out, err = typed("backtest", "small", "--report", "page.html")
    assert code == 0, err
    assert "2 of 2 found" in out
    assert "<svg" in (project.root / "page.html").read_text()
    code, out, _ = typed("backtest", "small", "--json", "--quiet")
    assert json.loads(out)["false_alarms"]["months"] > 1
    found = Backtest.stored(json.loads(out))
    found = found.model_copy(update={"false": tuple(one.key for one in found.alarms[:2])})
    (one,) = incidents(after([alarm("2026-03-10")]))
    noise, signal = (
        one.model_copy(update={"id": f"I-{real}", "signal": real, "alarms": (alarmed.key,)})
        for real, alarmed in zip((False, True), found.alarms, strict=False)
    )
    lines = "\n".join(backtest_lines(found, [noise, signal]))
    assert "; I-False: noise\n" in lines
    assert "of these 2, people called 1 noise and 1 signal: add I-True to the incidents file" in lines
    code, _, err = typed("backtest", "small", "--from", "soon")
    assert (code, "accepted: a day such as" in err) == (2, True)
    code, out, err = typed("backtest", "small", "--inject", "2", "--scenario", "missing_values", "--quiet")
    assert "injected incidents of 3 windows" in out


def test_from_a_tick_to_a_closed_incident_at_the_terminal(project, typed):
    write_contract(project, LOGGED)
    service(project, healthy(), broken_from="2026-02-25")
    code, out, err = typed("monitor", "small", "--now", "2026-02-28", "--quiet")
    assert code == 1, err
    assert "worse than its baseline" in out
    other = project.root / "assets" / "alas" / "defs.yaml"
    other.parent.mkdir()
    other.write_text("type: baseline_pipeline.orchestration.MonitoredModel\nattributes: {}\n")
    code, out, err = typed("monitor", "--now", "2026-02-28", "--quiet", "--no-notify")
    assert (code, "small at 2026-02-28" in out, "alas: assets/alas/defs.yaml" in err) == (2, True, True)
    code, out, _ = typed("incident", "list", "small", "--json")
    name = next(one["id"] for one in json.loads(out) if one["tier"] == "severe")
    assert "Model revalidation" in typed("incident", "show", name)[1]
    code, _, err = typed("incident", "close", name, "--by", "ada", "--cause", "the sign was lost")
    assert (code, "noise or signal" in err) == (2, True)
    told = ("--by", "ada", "--reason", "the join says so")
    assert typed("incident", "triage", name, "--signal", "--category", "feature engineering", *told)[0] == 0
    assert typed("incident", "step", name, "1", "--by", "ada")[0] == 0
    assert typed("incident", "link", name, "OPS-17", "--by", "ada")[0] == 0
    assert typed("incident", "remedy", name, "clean", "--outcome", "the sign is back", "--by", "ada")[0] == 0
    code, out, _ = typed("incident", "close", name, "--by", "ada", "--cause", "the sign was lost in the join")
    assert (code, out.startswith("--- a/assets/small/incidents.yaml")) == (0, True)
    assert typed("incident", "review", name, "--by", "ada", "--output", "review.md")[0] == 0
    assert "the sign was lost in the join" in (project.root / "review.md").read_text()
    assert name not in typed("incident", "list", "small")[1]
    assert name in typed("incident", "list", "small", "--all")[1]
    code, _, err = typed("incident", "silence", "--until", "whenever", "--by", "ada", "--reason", "feed moves")
    assert (code, "not understood" in err) == (2, True)
    silenced = ("incident", "silence", "--until", "2099-01-01T00:00", "--by", "ada", "--reason", "feed moves")
    assert typed(*silenced)[0] == 0


def test_what_the_ledger_knows_is_shown_though_the_contract_is_broken(project, typed):
    project.run()
    project.establish()
    file = project.root / "assets" / "small" / "defs.yaml"
    file.write_text(file.read_text().replace("task: binary", "task: bynary"))
    code, out, err = typed("show", "small")

    assert code == 2
    assert "baseline revision 1" in out
    assert "bynary" in err
    code, out, _ = typed("show")
    assert (code, out.splitlines()[0]) == (0, "1 of 1 models have a baseline")
