"""Promotions that are killed at every labelled step, and finished by whoever comes next.

Prints as JSON what was found wrong. Every trial is a process of its own, forked where everything is imported:

    python promote_and_die.py PROJECT KILLS_PER_STEP SEED
"""

import json
import os
import random
import signal
import sys
import time
from pathlib import Path

from baseline_pipeline.settings import load_settings
from baseline_pipeline.workbench.iteration.evaluating import load_evaluation
from baseline_pipeline.workbench.promotions.promoting import pending, promotion_events, resume
from baseline_pipeline.workbench.workbench import Workbench

STEPS = (
    "before the intent",
    "promotion intended",
    "version registered",
    "alias read",
    "alias moved",
    "alias read back",
    "promotion done",
)
MODEL = "credit"


def bench(die_at=""):
    def progress(message):
        if die_at and message.startswith(die_at):
            os.kill(os.getpid(), signal.SIGKILL)

    return Workbench(load_settings(Path(sys.argv[1])), progress=progress)


def promote(die_at, key, decision):
    """One promotion, as the gate does it."""
    here = bench(die_at)
    contract = here.contract(MODEL)
    evaluation = load_evaluation(here, MODEL, key)
    resume(here, contract)
    events = promotion_events(
        here, contract, evaluation, kind="baseline_revised", actor="test", reason="tried", decision=decision
    )
    here.progress("before the intent")
    here.ledger.append(*events)
    resume(here, contract)


def in_child(work):
    """The signal that ended a forked process, or its exit code."""
    child = os.fork()
    if child == 0:
        code = 1
        try:
            work()
            code = 0
        finally:
            os._exit(code)
    _, status = os.waitpid(child, 0)
    return -os.WTERMSIG(status) if os.WIFSIGNALED(status) else os.WEXITSTATUS(status)


def wrong(here, contract, client):
    """What does not hold after a resume."""
    from collections import Counter

    events = here.events(MODEL)
    here.ledger.verify()
    found = []
    revisions = Counter(e.content["revision"] for e in events if e.kind.startswith("baseline_"))
    intended = Counter(e.content["revision"] for e in events if e.kind == "promotion_intended")
    done = Counter(e.content["revision"] for e in events if e.kind == "promotion_done")
    if not revisions == intended == done:
        found.append(f"revisions {revisions}, intended {intended}, done {done}")
    if max([*revisions.values(), 0]) > 1:
        found.append("a revision stands twice")
    alias = str(client.get_model_version_by_alias(MODEL, "champion").version)
    last = [e for e in events if e.kind == "promotion_done"][-1]
    if alias != str(last.content["version"]) or last.content["revision"] != here.baseline(MODEL).revision:
        found.append(f"the alias is {alias}, the ledger says {last.content}")
    if pending(here, contract) is not None:
        found.append("a promotion is pending")
    return found


def main():
    from baseline_pipeline.adapters.registries.mlflow import connect

    kills, rng = int(sys.argv[2]), random.Random(int(sys.argv[3]))
    here = bench()
    contract = here.contract(MODEL)
    decisions = [e for e in here.events(MODEL) if e.kind == "decision" and e.content["candidate"]]
    keys = {e.content["version"]: (e.content["candidate"], e.content["decision"]) for e in decisions}
    here.close()
    client = connect(here.settings.tracking_uri)
    plan = [step for step in STEPS for _ in range(kills)]
    rng.shuffle(plan)
    problems, killed, slowest = [], 0, 0.0
    for number, step in enumerate(plan):
        present = bench().baseline(MODEL).version
        version = rng.choice([one for one in keys if one != present])
        ended = in_child(lambda v=version, s=step: promote(s, *keys[v]))
        killed += ended == -signal.SIGKILL
        started = time.monotonic()
        if in_child(lambda: resume(bench(), contract)) != 0:
            problems.append(f"{number} {step}: resume failed")
        slowest = max(slowest, time.monotonic() - started)
        now = bench()
        problems += [f"{number} {step}: {one}" for one in wrong(now, contract, client)]
        if step != "before the intent" and now.baseline(MODEL).version != version:
            problems.append(f"{number} {step}: the promotion of {version} is lost")
        now.close()
    print(json.dumps({"trials": len(plan), "killed": killed, "slowest_resume": slowest, "problems": problems}))  # noqa: T201  # what the test reads


if __name__ == "__main__":
    main()
