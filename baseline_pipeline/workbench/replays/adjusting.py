"""The contract's variants of the training entry, trained by workers and judged on rows they did not learn from."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from baseline_pipeline.metrics.outcomes import NotMeasurable
from baseline_pipeline.replay.variants import Variants, held_against

if TYPE_CHECKING:
    from collections.abc import Sequence

    from baseline_pipeline.adapters.environments.built import Built
    from baseline_pipeline.metrics.outcomes import Outcomes
    from baseline_pipeline.replay.outcome import WorkerRun
    from baseline_pipeline.workbench.replays.replaying import Replaying
    from baseline_pipeline.workbench.replays.rows import RowSet


def tried_variants(
    work: Replaying, places: Sequence[tuple[str, Built]], halves: tuple[RowSet, RowSet]
) -> Variants | None:
    """Train every variant in the first environment, and hold it against the entry's own arguments and the model.

    Args:
        work: The present model, its contract and jobs.
        places: Names and environments: where is trained, then where else the present model may be scored.
        halves: Rows to train on, and rows to judge on.

    Returns:
        `None` where the contract names no variants, or nothing could be trained at all.
    """
    training = work.contract.model.training
    rule = next((one for one in work.contract.metrics if one.role == "primary" and one.measured.of_rows), None)
    if training is None or not training.variants or rule is None:
        return None
    train, rows = halves
    (name, built), jobs = places[0], work.jobs

    def outcomes(run: WorkerRun) -> Outcomes | str:
        return run.words if run.failure is not None else jobs.scores(run).outcomes

    default = jobs.run(name, built, rows, work.knobs, train=train)
    if default.failure is not None:
        return None
    present = (outcomes(jobs.run(one, where, rows, work.knobs)) for one, where in places)
    champion = next((one for one in present if not isinstance(one, str)), None)
    scores = jobs.scores(default)
    said = []
    for arguments in training.variants:
        work.bench.progress(f"variant {arguments}")
        run = jobs.run(name, built, rows, work.knobs, train=train, arguments=arguments)
        said.append((arguments, outcomes(run)))
    cluster = None if scores.cluster is None else np.unique(scores.cluster, return_inverse=True)[1]
    try:
        return held_against(rule.measured, name, len(train), scores.outcomes, champion, said, cluster)
    except NotMeasurable:
        return None
