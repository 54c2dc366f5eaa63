"""`baseline simulate`: the same model on the same rows, on other machines."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING, cast

from baseline_pipeline.adapters.environments.running import Knobs
from baseline_pipeline.adapters.environments.uv import here
from baseline_pipeline.comparison import Contrast
from baseline_pipeline.errors import UsageError
from baseline_pipeline.records import Digest, Record, digest_of
from baseline_pipeline.replay.numeric_difference import NumericDifference, numeric_difference
from baseline_pipeline.replay.profiles import PROFILES
from baseline_pipeline.report.verdict_line import verdict_line
from baseline_pipeline.workbench.replays.timing import times_in_turn

if TYPE_CHECKING:
    from collections.abc import Sequence

    from baseline_pipeline.contract import Contract
    from baseline_pipeline.contract.environment import ProfileName
    from baseline_pipeline.replay.outcome import WorkerRun
    from baseline_pipeline.workbench.replays.replaying import Replaying


class Simulated(Record):
    """A model under one profile, against itself as it is."""

    profile: str
    why: str
    failure: str
    """What failed, in words; empty where it did not."""
    difference: NumericDifference | None
    contrast: Contrast | None
    fires: tuple[str, ...]
    """Verdict lines of the guardrails that would fire."""
    seconds: dict[str, tuple[float, float]]
    """Of every stage: as it is, and under the profile."""
    peak_memory_mb: tuple[float | None, float | None]
    bottleneck: str
    """The stage that takes most of the time under the profile."""


class Simulation(Record):
    """A model under several profiles."""

    model: str
    version: str
    baseline_revision: int | None
    snapshot: Digest
    rows: int
    profiles: tuple[Simulated, ...]


def knobs_pair(contract: Contract, profile: str) -> tuple[Knobs, Knobs]:
    """What is held still now, and under a profile.

    Raises:
        UsageError: when there is no such profile.
    """
    found = PROFILES.get(cast("ProfileName", profile))
    if found is None:
        message = f"there is no profile {profile!r}; accepted: {', '.join(PROFILES)}"
        raise UsageError(message)
    now = Knobs(threads=contract.environment.threads or 1)
    cores = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else [0]
    then = replace(
        now,
        threads=found.threads or now.threads,
        cores=(cores[0],) if found.one_core else None,
        core_type=found.core_type,
        simd=found.simd,
        float32=found.float32,
        memory_mb=found.memory_mb,
        quota=found.quota,
        delay_ms=found.delay_ms,
        jitter_ms=found.jitter_ms,
        disk_mb_s=found.disk_mb_s,
        clock_s=found.clock_s,
        more=found.variables,
    )
    return now, then


def simulate(work: Replaying, profiles: Sequence[str]) -> Simulation:
    """Paired verdicts of a model under each profile, against itself as it is.

    Args:
        work: Model and rows.
        profiles: Names of profiles.

    Raises:
        UsageError: when there is no such profile.
        EvidenceUnavailable: when the model does not even score as it is.
    """
    pairs = {name: knobs_pair(work.contract, name) for name in profiles}
    baseline = work.bench.baseline(work.contract.name)
    found = Simulation(
        model=work.contract.name,
        version=work.version.version,
        baseline_revision=baseline.revision if baseline else None,
        snapshot=work.rows.snapshot,
        rows=len(work.rows),
        profiles=tuple(_simulated(work, name, *knobs) for name, knobs in pairs.items()),
    )
    work.bench.store.save("simulations", work.contract.name, digest_of(found.body()), found)
    return found


def _simulated(work: Replaying, name: str, now: Knobs, then: Knobs) -> Simulated:
    built = here()
    before = work.require(work.jobs.run("as it is", built, work.rows, now))
    after = work.jobs.run(name, built, work.rows, then)
    contrast, difference = None, None
    if after.failure is None:
        difference = numeric_difference(work.jobs.outputs(before), work.jobs.outputs(after))
        timed = times_in_turn(work, built, built, work.rows, then)
        contrast = work.contrast("artifact", work.rows, before, after, None, timed, moved="infrastructure")
    fires = tuple(
        verdict_line(cell, "paired")
        for cell in (contrast.cells if contrast else ())
        if cell.role != "report_only" and cell.verdict == "degraded"
    )
    stages = [stage for stage in before.seconds if stage in after.seconds]
    return Simulated(
        profile=name,
        why=PROFILES[cast("ProfileName", name)].why,
        failure="" if after.failure is None else f"{after.failure}: {after.words}",
        difference=difference,
        contrast=contrast,
        fires=fires,
        seconds={stage: (before.seconds[stage], after.seconds[stage]) for stage in stages},
        peak_memory_mb=(before.peak_memory_mb, after.peak_memory_mb),
        bottleneck=_bottleneck(after),
    )


def _bottleneck(run: WorkerRun) -> str:
    return max(run.seconds, key=lambda stage: run.seconds[stage], default="")


def simulation_lines(found: Simulation) -> list[str]:
    """A block for each profile: what differs, what would fire, where the time goes."""
    against = f"baseline revision {found.baseline_revision}" if found.baseline_revision else "no baseline yet"
    lines = [f"{found.model} version {found.version} on {found.rows} rows, {against}"]
    for one in found.profiles:
        lines += ["", f"{one.profile}: {one.why}"]
        if one.failure:
            lines.append(f"  FAILS  {one.failure}")
            continue
        if one.difference is not None:
            changes = one.contrast.changes if one.contrast else None
            changed = changes.decisions_changed if changes else None
            decided = "" if changed is None else f"; {changed} decisions changed"
            lines.append(f"  {one.difference.words()}{decided}")
        times = "; ".join(f"{stage} {a:.2f} -> {b:.2f} s" for stage, (a, b) in one.seconds.items())
        lines.append(f"  {times}; most of it: {one.bottleneck}")
        lines += [f"  would fire: {line}" for line in one.fires] or ["  no guardrail would fire"]
        if one.contrast is not None:
            latency = [
                cell for cell in one.contrast.cells if cell.unit in {"ms", "s", "1/s"} and cell.verdict != "degraded"
            ]
            lines += [f"  {verdict_line(cell, 'paired')}" for cell in latency]
    return lines
