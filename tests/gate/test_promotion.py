"""Promotions that are cut off, raced, and bypassed; on both databases, with a real server."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
STEPS = 7


@pytest.fixture(scope="module")
def decided(credit):
    """Decisions about all three versions, so that each could be promoted."""
    from baseline_pipeline.workbench.promotions.gating import Asked, gate

    bench = credit.bench()
    contract = bench.contract("credit")
    for one in (credit.good, credit.bad):
        gate(bench, contract, Asked(f"models:/credit/{one.version}"))
    return credit


def test_a_promotion_killed_at_any_step_is_finished_and_never_doubled(decided):
    kills = int(os.environ.get("BASELINE_KILLS", "3"))
    done = subprocess.run(
        [sys.executable, HERE / "promote_and_die.py", decided.root, str(kills), "7"],
        env={**os.environ, **decided.env},
        capture_output=True,
        text=True,
        timeout=280 if kills < 10 else 3600,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout.splitlines()[-1])
    assert found["problems"] == []
    assert found["trials"] == STEPS * kills
    assert found["killed"] >= (STEPS - 1) * kills


def test_twenty_promoters_at_once_promote_once(decided):
    code = (
        "import sys; from pathlib import Path; from baseline_pipeline.settings import load_settings; "
        "from baseline_pipeline.workbench.workbench import Workbench; "
        "from baseline_pipeline.workbench.promotions.approving import speak; from baseline_pipeline.workbench.people import Voice; "
        "import os, mlflow, baseline_pipeline.adapters.registries.mlflow; from mlflow import MlflowClient\n"
        "for number in range(20):\n"
        "    if os.fork() == 0:\n"
        "        from baseline_pipeline.errors import BaselineError\n"
        "        try:\n"
        "            speak(Workbench(load_settings(Path(sys.argv[1]))), 'approve', sys.argv[2], Voice(f'p{number}', 'agreed'))\n"
        "            os._exit(0)\n"
        "        except BaselineError as error:\n"
        "            os._exit(10 if error.message else 11)\n"
        "        finally:\n"
        "            os._exit(12)\n"
        "print(sorted(os.waitstatus_to_exitcode(os.wait()[1]) for _ in range(20)))\n"
    )
    from baseline_pipeline.workbench.promotions.gating import Asked, gate

    bench = decided.bench()
    contract = bench.contract("credit")
    present = bench.baseline("credit").version
    other = decided.good if present != decided.good.version else decided.champion
    waiting = gate(bench, contract, Asked(f"models:/credit/{other.version}"))
    assert waiting.decision.hold == "needs_approval", waiting.decision.reasons
    before = bench.baseline("credit").revision
    done = subprocess.run(
        [sys.executable, "-c", code, decided.root, waiting.digest],
        env={**os.environ, **decided.env},
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )

    assert done.stdout.strip() == str([0] + [10] * 19), done.stdout + done.stderr
    assert bench.baseline("credit").revision == before + 1
    assert decided.aliases()["champion"] == other.version


def test_an_alias_moved_by_hand_is_reported_and_left_alone(decided, typed):
    stands = decided.aliases()["champion"]
    decided.client.set_registered_model_alias("credit", "champion", decided.bad.version)
    try:
        found = typed("promote", "credit", "--resume")
        gated = typed("gate", "credit", "--candidate", f"models:/credit/{decided.good.version}", "--dry-run")
        assert (found.code, "somebody moved the alias" in found.err) == (3, True), found.err
        assert "somebody moved the alias" in gated.out
        assert decided.aliases()["champion"] == decided.bad.version
    finally:
        decided.client.set_registered_model_alias("credit", "champion", stands)
    assert typed("promote", "credit", "--resume").code == 0


def test_an_alias_moved_by_hand_goes_back_by_the_command_that_is_named(decided, typed):
    stands, revision = decided.aliases()["champion"], decided.bench().baseline("credit").revision
    named = f"`baseline rollback credit --to {revision} --reason TEXT`"
    decided.client.set_registered_model_alias("credit", "champion", decided.bad.version)
    try:
        assert named in typed("promote", "credit", "--resume").err
        assert typed("run", "credit").code == 1
        assert (
            f"bring the model that stood back: {named}"
            in json.loads(typed("attribute", "credit", "--json").out)["advice"]
        )
        back = typed("rollback", "credit", "--to", revision, "--reason", "moved by mistake", "--by", "Ada")
        assert back.code == 0, back.err
        assert decided.aliases()["champion"] == stands
        again = typed("rollback", "credit", "--to", revision, "--reason", "once more", "--by", "Ada")
        assert (again.code, "what stands" in again.err) == (2, True), again.err
    finally:
        decided.client.set_registered_model_alias("credit", "champion", stands)


def test_an_alias_moved_between_intent_and_move_is_not_overwritten(decided, typed):
    from baseline_pipeline.workbench.iteration.evaluating import load_evaluation
    from baseline_pipeline.workbench.promotions.promoting import promotion_events

    bench = decided.bench()
    contract = bench.contract("credit")
    stands = bench.baseline("credit").version
    wanted, strayed = [v.version for v in (decided.champion, decided.good, decided.bad) if v.version != stands]
    decisions = [e for e in bench.events("credit") if e.kind == "decision" and e.content["version"] == wanted]
    evaluation = load_evaluation(bench, "credit", decisions[-1].content["candidate"])
    bench.ledger.append(
        *promotion_events(bench, contract, evaluation, kind="baseline_revised", actor="a", reason="r", decision=None)
    )
    decided.client.set_registered_model_alias("credit", "champion", strayed)

    found = typed("promote", "credit", "--resume")

    assert found.code == 3
    assert "it was not overwritten" in found.err
    assert decided.aliases()["champion"] == strayed
    assert [e.kind for e in bench.events("credit")][-1] == "promotion_failed"
    decided.client.set_registered_model_alias("credit", "champion", wanted)
    assert typed("promote", "credit", "--resume").code == 0
