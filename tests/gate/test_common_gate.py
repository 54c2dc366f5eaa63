"""What the common gate passes wrongly ends here in the right exit code, with a sentence that says why."""

import json
import math
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
import yaml


@pytest.fixture(scope="module")
def cases(credit):
    """By name: the words to type, the exit code, and what is said."""
    import mlflow

    client, name = credit.client, "models:/credit"
    nan = credit.train(0.0, 1.0, register=False, val_loss=math.nan)
    with mlflow.start_run() as run:
        empty = run.info.run_id
    with mlflow.start_run() as run:
        without = run.info.run_id
    crashed = credit.train(0.0, 0.9, register=False)
    client.set_terminated(crashed.run, "FAILED")
    client.update_run(crashed.run, "FAILED")
    deleted = credit.train(0.0, 0.8, register=False)
    client.delete_run(deleted.run)
    running = client.create_run(client.get_experiment_by_name("training").experiment_id).info.run_id
    nothing = client.create_model_version("credit", f"runs:/{empty}/model", run_id=empty).version
    twice = credit.train(0.0, 0.7)
    mlflow.register_model(twice.uri, "credit")
    return {
        "NaN metric": (["--candidate", f"runs:/{nan.run}", "--require", "val_loss"], 3, "val_loss is nan"),
        "missing metric": (["--candidate", f"runs:/{nan.run}", "--require", "val_f1"], 3, "has no metric val_f1"),
        "crashed run": (["--candidate", f"runs:/{crashed.run}"], 3, "ended as FAILED"),
        "deleted run": (["--candidate", f"runs:/{deleted.run}"], 3, "is deleted"),
        "best run ever, by name": (["--candidate", "credit"], 2, "is no exact candidate; versions of 'credit'"),
        "a run that never was": (["--candidate", "runs:/0123456789abcdef0123456789abcdef"], 3, "there is no run"),
        "a version of nothing": (["--candidate", f"{name}/{nothing}"], 3, "there is no model behind"),
        "a version that is not there": (["--candidate", f"{name}/999"], 3, "has no version 999"),
        "an alias that is not set": (["--candidate", f"{name}@challenger"], 3, "has no alias 'challenger'"),
        "another model": (["--candidate", "models:/other/1"], 2, "the contract names 'credit'"),
        "several versions of one run": (["--candidate", f"runs:/{twice.run}"], 2, "could be models:/credit/"),
        "not finished in time": (
            ["--candidate", f"runs:/{running}", "--wait", "1s"],
            3,
            "is RUNNING, not FINISHED after 1 s",
        ),
        "a run without a model": (["--candidate", f"runs:/{without}"], 3, "made no model"),
        "a limit on nothing": (["--candidate", f"{name}/2", "--fail", "f7:-1%"], 2, "measures no 'f7'"),
        "a slice that is not there": (
            ["--candidate", f"{name}/2", "--fail", "recall@region=X:-1%"],
            3,
            "no such slice",
        ),
        "worse": (["--candidate", f"{name}/3"], 1, "FAIL: degraded"),
        "good, and a person is asked": (["--candidate", f"{name}/2", "--dry-run"], 5, "WAIT: approval required"),
    }


NAMES = [
    "NaN metric",
    "missing metric",
    "crashed run",
    "deleted run",
    "best run ever, by name",
    "a run that never was",
    "a version of nothing",
    "a version that is not there",
    "an alias that is not set",
    "another model",
    "several versions of one run",
    "not finished in time",
    "a run without a model",
    "a limit on nothing",
    "a slice that is not there",
    "worse",
    "good, and a person is asked",
]


@pytest.mark.parametrize("name", NAMES)
def test_each_ends_in_its_exit_code_with_a_sentence(typed, credit, cases, name):
    assert list(cases) == NAMES
    words, code, said = cases[name]

    found = typed("gate", "credit", *words)

    assert (found.code, said in found.out + found.err) == (code, True), found.out + found.err
    assert "Traceback" not in found.err
    assert credit.aliases()["champion"] == credit.champion.version


def test_no_criteria_is_an_error(typed, credit):
    text = credit.contract.read_text()
    try:
        credit.contract.write_text(
            text.replace("margin: {absolute: 0.01}", "role: report_only, margin: {absolute: 0.01}").replace(
                "role: guardrail", "role: report_only"
            )
        )
        found = typed("gate", "credit", "--candidate", "models:/credit/2")
    finally:
        credit.contract.write_text(text)

    assert found.code == 2
    assert "no metric gates, so anything would pass" in found.err


def test_a_server_that_is_down_or_another_one_is_missing_evidence(typed):
    down = typed("gate", "credit", "--candidate", "models:/credit/2", BASELINE_TRACKING_URI="http://127.0.0.1:9")
    assert (down.code, "does not answer" in down.err) == (3, True), down.err


def test_an_empty_store_is_not_taken_for_ours(typed):
    fresh = typed("gate", "credit", "--candidate", "models:/credit/2", BASELINE_EXPERIMENT="mistyped")

    assert fresh.code == 3
    assert "is it a fresh store?" in fresh.err


def test_files_for_machines(typed, credit, tmp_path, monkeypatch):
    import base64

    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "step.md"))
    files = {name: tmp_path / name for name in ("gate.xml", "own.md", "gate.html", "gate.dsse.json")}
    options = zip(("--junit", "--summary", "--report", "--attestation"), files.values(), strict=True)

    found = typed(
        "gate",
        "credit",
        "--candidate",
        f"models:/{credit.bad.model}",
        "--json",
        "--fail",
        "brier:-500%",
        *[word for pair in options for word in pair],
        GITHUB_STEP_SUMMARY=str(tmp_path / "step.md"),
    )

    assert found.code == 1
    told = json.loads(found.out)
    assert told["gate"]["word"] == "FAIL: degraded"
    assert [one["passed"] for one in told["limits"]] == [True]
    suites = ET.fromstring(files["gate.xml"].read_text())
    assert suites.tag == "testsuites"
    assert int(suites.get("tests")) == len(suites.findall(".//testcase")) == 6 + 1 + 1 + 1
    assert int(suites.get("failures")) == len(suites.findall(".//failure")) > 0
    assert {child.tag for case in suites.iter("testcase") for child in case} <= {
        "failure",
        "error",
        "skipped",
        "system-out",
    }
    assert (tmp_path / "step.md").read_text() == files["own.md"].read_text()
    assert files["own.md"].read_text().startswith("<!-- baseline-gate credit -->\n# ❌ FAIL: degraded")
    assert "<html" in files["gate.html"].read_text()
    statement = json.loads(base64.b64decode(json.loads(files["gate.dsse.json"].read_text())["payload"]))
    assert statement["predicate"]["result"] == "FAILED"
    assert statement["subject"][0]["name"] == f"models:/{credit.bad.model}"
    assert "brier" in statement["predicate"]["failedTests"]


def test_a_plain_file_of_thresholds_is_told_as_a_contract(typed, tmp_path):
    plain = tmp_path / "eval_gate.yaml"
    plain.write_text("metrics:\n  accuracy_score: {min: 0.85}\n  recall: 0.6\n  made_up: 1\n")

    found = typed("gate", "--eval-gate", plain)

    assert found.code == 0
    assert "{metric: accuracy, role: primary, margin: {absolute: 0.0085}, floor: 0.85}" in found.out
    assert "{metric: recall, role: primary, margin: {absolute: 0.006}, floor: 0.6}" in found.out
    assert "not ours: made_up" in found.out

    plain.write_text("accuracy: .nan\n")
    assert typed("gate", "--eval-gate", plain).code == 2
    plain.write_text("nothing: [1]\n")
    assert "no threshold stands in it" in typed("gate", "--eval-gate", plain).err


CI = Path(__file__).parents[2] / "docs" / "ci"
GH = """\
#!/bin/sh
echo "$@" >> "$GH_CALLS"
case "$*" in *--jq*) cat "$GH_KNOWN" ;; esac
"""


def environment(credit, tmp_path, **more):
    import os

    (tmp_path / "bin").mkdir(exist_ok=True)
    gh = tmp_path / "bin" / "gh"
    gh.write_text(GH)
    gh.chmod(0o755)
    path = f"{tmp_path / 'bin'}:{Path(sys.executable).parent}:{os.environ['PATH']}"
    return {**os.environ, **credit.env, "PATH": path, "MODEL": "credit", **more}


@pytest.mark.parametrize(("version", "code"), [("2", 5), ("3", 1)])
def test_the_action_runs_as_the_runner_would(credit, tmp_path, version, code):
    """Every `run` step of the composite action in its order, with inputs put in as the runner does."""
    action = yaml.safe_load((CI / "github" / "action.yml").read_text())
    steps = [step for step in action["runs"]["steps"] if "run" in step]
    (tmp_path / "known").write_text("17\n" if version == "3" else "")
    env = environment(
        credit,
        tmp_path,
        CANDIDATE=f"models:/credit/{version}",
        GATE_OPTIONS="--dry-run",
        GATE_OUT=str(tmp_path / "gate"),
        GITHUB_ACTION_PATH=str(CI),
        GITHUB_STEP_SUMMARY=str(tmp_path / "step.md"),
        GITHUB_REPOSITORY="o/r",
        NUMBER="3",
        GH_CALLS=str(tmp_path / "calls"),
        GH_KNOWN=str(tmp_path / "known"),
    )

    gated = subprocess.run(
        ["bash", "-e", "-c", steps[0]["run"]], cwd=credit.root, env=env, capture_output=True, text=True, check=False
    )
    commented = subprocess.run(
        ["bash", "-e", "-c", steps[1]["run"]], cwd=tmp_path, env=env, capture_output=True, check=False
    )

    assert (gated.returncode, commented.returncode) == (code, 0), gated.stdout + gated.stderr
    assert (tmp_path / "step.md").read_text().startswith("<!-- baseline-gate credit -->")
    assert ET.parse(tmp_path / "gate" / "junit.xml").getroot().tag == "testsuites"
    last = (tmp_path / "calls").read_text().splitlines()[-1]
    assert ("PATCH repos/o/r/issues/comments/17" if version == "3" else "POST repos/o/r/issues/3/comments") in last


def test_templates_are_what_their_systems_read():
    for name in ("github/action.yml", "github/workflow.yml", "gitlab-ci.yml", "pre-commit-config.yaml"):
        assert yaml.safe_load((CI / name).read_text())
    assert subprocess.run(["sh", "-n", CI / "gate.sh"], check=False).returncode == 0
    missing = subprocess.run(["sh", CI / "gate.sh"], env={}, capture_output=True, text=True, check=False)
    assert missing.returncode == 2
    assert "name a model" in missing.stderr
    hook = yaml.safe_load((CI / "pre-commit-config.yaml").read_text())["repos"][0]["hooks"][0]
    assert hook["entry"] == "baseline check"
