import json

from baseline_pipeline.comparison import Comparison
from baseline_pipeline.records import canonical_json
from baseline_pipeline.report.json_report import decision_json, model_json


def test_a_decisions_keys_are_stable(decision_story):
    assert set(decision_json(decision_story)) == {
        *("report", "card", "decision", "comparison", "evaluations", "snapshots", "quality", "calibration"),
        *("drift", "changed_drift"),
        *("trajectories", "ledger", "links", "worst_rows", "followed", "commands", "decision_digest", "exit_code"),
        *("headline", "next_step", "verdict_lines", "environment_findings", "lineage"),
    }


def test_the_report_has_one_canonical_spelling(decision_story):
    body = decision_json(decision_story)

    assert canonical_json(json.loads(canonical_json(body))) == canonical_json(body)


def test_the_records_come_back_as_they_were(decision_story):
    read = json.loads(canonical_json(decision_json(decision_story)))

    assert Comparison.model_validate(read["comparison"]) == decision_story.comparison


def test_the_verdict_lines_are_those_of_the_terminal(decision_story):
    lines = decision_json(decision_story)["verdict_lines"]

    assert len(lines) == 21
    assert lines[3]["line"].startswith("DEGRADED recall[carrier=EV]  0.871 -> 0.826")


def test_secrets_in_addresses_are_left_out(decision_story):
    assert b"secret" not in canonical_json(decision_json(decision_story))


def test_a_models_history_is_readable_by_machines(model_story):
    read = json.loads(canonical_json(model_json(model_story)))

    assert [line["outcome"] for line in read["decisions"]] == ["establish", "promote", "hold", "hold", "reject"]
