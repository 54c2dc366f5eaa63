"""What a replay in two environments comes to: accept the update, accept it with a noted change, or reject it."""

from __future__ import annotations

from typing import Literal

from baseline_pipeline.comparison import Comparison, Contrast
from baseline_pipeline.contract import Contract
from baseline_pipeline.decision import Decision, decide
from baseline_pipeline.figures import counted
from baseline_pipeline.records import Digest, Record
from baseline_pipeline.replay.numeric_difference import NumericDifference
from baseline_pipeline.replay.stages import StagesCompared
from baseline_pipeline.verdicts import Tier

Ending = Literal["accept", "accept_noted", "reject", "inconclusive", "evidence_missing"]
EXIT: dict[Ending, int] = {"accept": 0, "accept_noted": 0, "reject": 1, "inconclusive": 4, "evidence_missing": 3}
How = Literal["artifact", "retrained", "way_back"]
"""The stored model in both environments; trained anew in each; what the new one trained, in the old one."""
WHAT: dict[How, str] = {"artifact": "the stored model", "retrained": "training", "way_back": "the way back"}
CUT_SHORT = {
    "time": "environment.job_time allows more",
    "memory": "environment.job_memory_mb allows more",
    "packages": "with it in the lockfile the model can be asked",
    "killed": "the kernel (for want of memory) or a person ended it",
}
"""Failures that say nothing of a model: it could not be evaluated within the limits, was not left to end, or could not
be handed any rows."""


class WorkerRun(Record):
    """One job of a worker: where, what came of it, and the facts it noted."""

    environment: Digest
    lock: str
    """The lockfile's name."""
    failure: str | None
    words: str
    scores_file: Digest | None
    outputs: Digest | None
    """Digest of the raw outputs."""
    python: str
    model: str
    warnings: tuple[str, ...]
    seconds: dict[str, float]
    peak_memory_mb: float | None
    trained: Digest | None = None
    """The model that was trained, in the store."""
    pinned: dict[str, str] = {}  # noqa: RUF012  # pydantic copies it
    stages: Digest | None = None
    """Outputs of the stages that the model exposes, in the store."""
    stages_failure: str = ""
    """Why its stages could not be had; empty where they could, or where it exposes none."""

    @property
    def cut_short(self) -> str:
        """What stopped it before it could say anything, and what to do; empty where nothing did."""
        more = CUT_SHORT.get(self.failure or "")
        return f"could not be evaluated with {self.lock}: {self.words}; {more}" if more else ""


class Trial(Record):
    """One way of replaying: both runs, the noise floor, and what lies between them."""

    how: How
    old: WorkerRun
    new: WorkerRun | None
    """`None` where the old one failed already."""
    noise: NumericDifference | None
    """Of the old environment against itself."""
    difference: NumericDifference | None
    contrast: Contrast | None
    ending: Ending
    tier: Tier | None
    """Of a rejection: what does not load or predict is severe."""
    why: str
    stages: StagesCompared | None = None
    """Where within the model the runs part; `None` where one of them failed."""


def ended(
    contract: Contract,
    how: How,
    old: WorkerRun,
    new: WorkerRun | None,
    noise: NumericDifference | None,
    difference: NumericDifference | None,
    contrast: Contrast | None,
    *,
    limited: bool = False,
) -> Trial:
    """What a trial comes to, and why.

    A model that the new environment does not load or score with is a failed criterion of its own, severe, whatever the
    rows would say. One that fails in both environments says nothing about the update, and neither does one that a limit
    of time or memory stopped, except where the limit is what was asked about (`limited`).
    """
    stopped = next((one.cut_short for one in (old, new) if one is not None and one.cut_short), "")
    if limited and new is not None and new.failure == "memory":
        stopped = ""
    ending, why = _ending(contract, how, old, new, noise, difference, contrast)
    if stopped:
        ending, why = "evidence_missing", f"{WHAT[how]} {stopped}"
    tier: Tier | None = None
    if ending == "reject":
        tier = "severe" if contrast is None else _decided(contract, contrast).tier
    return Trial(
        how=how,
        old=old,
        new=new,
        noise=noise,
        difference=difference,
        contrast=contrast,
        ending=ending,
        tier=tier,
        why=why,
    )


def _ending(
    contract: Contract,
    how: How,
    old: WorkerRun,
    new: WorkerRun | None,
    noise: NumericDifference | None,
    difference: NumericDifference | None,
    contrast: Contrast | None,
) -> tuple[Ending, str]:
    what = WHAT[how]
    if old.failure is not None:
        return "evidence_missing", f"{what} fails in {old.lock} already ({old.failure}): {old.words}"
    if new is not None and new.failure is not None:
        verb = {"load": "does not load", "train": "fails", "predict": "does not predict"}.get(
            new.failure, f"fails ({new.failure.replace('_', ' ')})"
        )
        return "reject", f"{what} {verb} in {new.lock}: {new.words}"
    if difference is None or contrast is None:
        return "evidence_missing", "nothing was compared"
    return _judged(contract, noise, difference, contrast)


def _judged(
    contract: Contract, noise: NumericDifference | None, difference: NumericDifference, contrast: Contrast
) -> tuple[Ending, str]:
    """What follows from rows that both environments scored."""
    moved = difference.words()
    changed = contrast.changes.decisions_changed if contrast.changes else 0
    if not difference.identical and changed is not None:
        moved += f"; {counted(changed, 'decision')} changed"
    if contrast.not_comparable:
        return "evidence_missing", f"{moved}; {contrast.not_comparable}"
    decision = _decided(contract, contrast)
    reasons = f"{moved}; {'; '.join(decision.reasons[:3])}"
    if decision.outcome == "reject" or decision.hold == "harm_unresolved":
        return "reject", reasons
    if decision.hold == "evidence_missing":
        return "evidence_missing", reasons
    if difference.identical:
        return "accept", reasons if decision.tier else moved
    if noise is not None and not noise.identical and difference.largest_absolute <= noise.largest_absolute:
        return "accept", f"{moved}: no more than two runs in one environment ({noise.words()})"
    return "inconclusive" if decision.outcome == "hold" else "accept_noted", reasons


def _decided(contract: Contract, contrast: Contrast) -> Decision:
    """What the gate would say of the contrast alone."""
    return decide(contract, Comparison.of_one(contract.name, contrast, contract.policy_digest()))


WORST: tuple[Ending, ...] = ("reject", "evidence_missing", "inconclusive", "accept_noted", "accept")


def overall(trials: tuple[Trial, ...]) -> Trial:
    """The trial that decides about the update: the worst; the way back only warns."""
    deciding = [one for one in trials if one.how != "way_back"] or list(trials)
    return min(deciding, key=lambda one: WORST.index(one.ending))
