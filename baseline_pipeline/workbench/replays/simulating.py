"""`baseline simulate`: the same model on the same rows, on other machines."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING, cast

import numpy as np
import pyarrow as pa

from baseline_pipeline.adapters.environments.built import here
from baseline_pipeline.adapters.environments.knobs import Knobs
from baseline_pipeline.adapters.environments.standing_in import lacks
from baseline_pipeline.comparison import Contrast
from baseline_pipeline.errors import EvidenceUnavailable, UsageError
from baseline_pipeline.records import Digest, Record
from baseline_pipeline.replay.numeric_difference import NumericDifference, numeric_difference
from baseline_pipeline.replay.outcome import EXIT, WORST, Ending, ended
from baseline_pipeline.replay.profiles import PROFILES, Profile
from baseline_pipeline.report.verdict_line import place
from baseline_pipeline.verdicts import Tier
from baseline_pipeline.workbench.asked import Asked, keep_last
from baseline_pipeline.workbench.iteration.timing import load_times
from baseline_pipeline.workbench.replays.timing import times_in_turn

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from baseline_pipeline.contract import Contract
    from baseline_pipeline.contract.environment import ProfileName
    from baseline_pipeline.timing import PairedTimes
    from baseline_pipeline.workbench.replays.replaying import Replaying

NOW = "the machine as it is"
OURS = {"read rows", "stages"}
"""Stages that are the replay's own doing and no model's."""


class Simulated(Record):
    """A model under one profile, against itself as it is."""

    profile: str
    why: str
    ending: Ending
    tier: Tier | None
    words: str
    """Why it ends so."""
    note: str
    """What the profile cannot move of this model, if so."""
    failure: str
    """What failed, in words; empty where it did not."""
    difference: NumericDifference | None
    contrast: Contrast | None
    fires: tuple[str, ...]
    """Guardrails that would fire: metrics, and slices in brackets."""
    seconds: dict[str, tuple[float, float]]
    """Of every stage: as it is, and under the profile."""
    peak_memory_mb: tuple[float | None, float | None]
    bottleneck: str
    """The stage that takes most of an answer's time under the profile: a Pipeline's step, a remote call, or `predict`.

    Loading happens once and is none of them.
    """

    @property
    def run(self) -> bool:
        """Whether this machine could stand for the other one."""
        return bool(self.failure or self.contrast)

    @property
    def short(self) -> str:
        """What follows, in a few words."""
        if self.fires:
            return f"{', '.join(self.fires)} would fire"
        if self.failure:
            return f"it fails: {self.failure}"
        if self.ending in {"accept", "accept_noted"}:
            return "no guardrail would fire" + (f"; {self.note}" if self.note else "")
        return f"{self.ending.replace('_', ' ')}: {self.words}"


class Simulation(Asked):
    """A model under several profiles."""

    model: str
    version: str
    baseline_revision: int | None
    snapshot: Digest
    policy: Digest
    """Of the contract's metrics, margins and error rates."""
    rows: int
    profiles: tuple[Simulated, ...]
    named: bool = True
    """Whether these profiles were asked for; else they are all that there are."""

    @property
    def exit_code(self) -> int:
        """How the command ends: with the worst of the profiles.

        What nobody asked for by name and cannot be run here is left out, unless nothing could be run at all.
        """
        endings = (one.ending for one in self.profiles if self.named or one.run)
        return EXIT[min(endings, key=WORST.index, default="evidence_missing")]


def knobs_pair(contract: Contract, profile: str) -> tuple[Knobs, Knobs]:
    """What is held still now, and under a profile.

    Raises:
        UsageError: when there is no such profile.
    """
    found = PROFILES.get(cast("ProfileName", profile))
    if found is None:
        message = f"there is no profile {profile!r}; accepted: {', '.join(PROFILES)}"
        raise UsageError(message)
    now = Knobs.declared(contract.environment)
    cores = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else [0]
    then = replace(
        now,
        threads=found.threads or now.threads,
        cores=(cores[0],) if found.one_core else None,
        core_type=found.core_type,
        simd=found.simd,
        float32=found.float32,
        memory_mb=min(filter(None, (found.memory_mb, now.memory_mb)), default=None),
        quota=found.quota,
        delay_ms=found.delay_ms,
        jitter_ms=found.jitter_ms,
        disk_mb_s=found.disk_mb_s,
        clock_s=found.clock_s,
        more=found.variables,
    )
    return now, then


def simulate(work: Replaying, profiles: Sequence[str] = ()) -> Simulation:
    """Paired verdicts of a model under each profile, against itself as it is.

    Args:
        work: Model and rows.
        profiles: Names of profiles; the contract's by default, else all.

    Raises:
        UsageError: when there is no such profile.
        EvidenceUnavailable: when the model does not even score as it is.
    """
    named = list(profiles) or [*work.contract.profiles]
    pairs = {name: knobs_pair(work.contract, name) for name in named or PROFILES}
    baseline = work.bench.baseline(work.contract.name)
    found = Simulation(
        model=work.contract.name,
        version=work.version.version,
        baseline_revision=baseline.revision if baseline else None,
        snapshot=work.rows.snapshot,
        policy=work.contract.policy_digest(),
        rows=len(work.rows),
        profiles=tuple(_told(work, pairs)),
        named=bool(named),
    )
    return keep_last(work.bench, "simulations", work.contract.name, found)


def _told(work: Replaying, pairs: dict[str, tuple[Knobs, Knobs]]) -> Iterator[Simulated]:
    """Every profile in turn, said which, and how many are still to come."""
    for number, (name, knobs) in enumerate(pairs.items(), 1):
        profile = PROFILES[cast("ProfileName", name)]
        work.bench.progress(f"profile {number} of {len(pairs)}: {name} ({profile.why})")
        yield _simulated(work, name, *knobs)


def _simulated(work: Replaying, name: str, now: Knobs, then: Knobs) -> Simulated:
    built, profile = here(), PROFILES[cast("ProfileName", name)]
    before, again = (work.require(work.jobs.run(NOW, built, work.rows, now, repeat=number)) for number in (0, 1))
    lacking = lacks(profile)
    if lacking:
        return _unknown(name, profile, lacking)
    noise = numeric_difference(work.jobs.outputs(before), work.jobs.outputs(again))
    after = work.jobs.run(name, built, work.rows, then)
    contrast, difference, timed, untimed = None, None, None, ""
    if after.failure is None:
        difference = numeric_difference(work.jobs.outputs(before), work.jobs.outputs(after))
        try:
            what = f"{NOW} and {name}"
            timed = times_in_turn(work.jobs, (built, now), (built, then), work.rows, what, briefly=True)
        except EvidenceUnavailable as error:  # what it says of the rows stands
            untimed = f"; {error.message}"
        contrast = work.contrast("artifact", work.rows, before, after, noise, timed, moved="infrastructure")
    asked = profile.memory_mb is not None and then.memory_mb == profile.memory_mb
    trial = ended(work.contract, "artifact", before, after, noise, difference, contrast, limited=asked)
    ending: Ending = "evidence_missing" if untimed and trial.ending != "reject" else trial.ending
    cells = contrast.cells if contrast else ()
    stages = [stage for stage in after.seconds if stage not in OURS]
    return Simulated(
        profile=name,
        why=profile.why,
        ending=ending,
        tier=trial.tier,
        words=trial.why + untimed,
        note=_moot(work, profile),
        failure="" if after.failure is None else f"{after.failure}: {after.words}",
        difference=difference,
        contrast=contrast,
        fires=tuple(place(cell) for cell in cells if cell.role != "report_only" and cell.verdict == "degraded"),
        seconds={stage: (before.seconds.get(stage, 0.0), after.seconds[stage]) for stage in stages},
        peak_memory_mb=(before.peak_memory_mb, after.peak_memory_mb),
        bottleneck=bottleneck(
            {stage: after.seconds[stage] for stage in stages},
            profile,
            load_times(work.bench, work.contract.name, timed),
        ),
    )


def bottleneck(seconds: Mapping[str, float], profile: Profile, answers: PairedTimes | None) -> str:
    """The stage that takes most of an answer, a Pipeline's steps in the place of the whole.

    Args:
        seconds: Of each stage, in a run over all rows, which waits for a remote call once for thousands of them.
        profile: What is waited for with every request.
        answers: Times of single requests, where they were taken.
    """
    waited = (profile.delay_ms + profile.jitter_ms / 2) / 1000
    if answers is not None and len(answers) and waited > float(np.median(answers.candidate)) / 2:
        return "remote call"
    whole = {"load", "predict"} if any(stage.startswith("predict: ") for stage in seconds) else {"load"}
    return max((stage for stage in seconds if stage not in whole), key=lambda stage: seconds[stage], default="")


def _unknown(name: str, profile: Profile, words: str) -> Simulated:
    return Simulated(
        profile=name,
        why=profile.why,
        ending="evidence_missing",
        tier=None,
        words=words,
        note="",
        failure="",
        difference=None,
        contrast=None,
        fires=(),
        seconds={},
        peak_memory_mb=(None, None),
        bottleneck="",
    )


def _moot(work: Replaying, profile: Profile) -> str:
    """What a profile cannot move of this model; empty where it can."""
    if profile.disk_mb_s and not work.artifact.get("path"):
        return "the model is a function: none of its files is read by us, and none is read slowly"
    schema = work.rows.table.schema
    if profile.float32 and not any(
        pa.types.is_float64(schema.field(name).type) for name in work.contract.data.feature_names
    ):
        return "no feature comes with double precision"
    return ""
