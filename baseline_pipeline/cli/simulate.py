"""`baseline simulate`."""

from __future__ import annotations

from typing import Annotated

import typer

from baseline_pipeline.cli.options import Json, Model, Quiet
from baseline_pipeline.cli.output import emit, progress, show


def command(
    model: Model,
    profile: Annotated[
        list[str] | None,
        typer.Option(help="Which machine, repeatable; by default the contract's, else all.", show_default=False),
    ] = None,
    candidate: Annotated[
        str | None, typer.Option(help="An exact model (models:/NAME/7) instead of the champion.", show_default=False)
    ] = None,
    rollout: Annotated[
        str | None,
        typer.Option(help="Instead: let this candidate onto the rows at 1, 5, 25, 50, 100 %.", show_default=False),
    ] = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Score the same rows as on other machines: what differs, and which guardrails would fire.

    The worst profile decides the exit code: 1 where the model fails or a guardrail would fire, 3 where this machine
    cannot stand for one that was named, by the contract or here. Where none was named, those are told as not run.

    Profiles: slow_machine, one_core, two_threads, old_processor, no_simd, float32_input, little_memory,
    remote_features, slow_disk, other_locale, late_clock.

    Example: baseline simulate flight_delays --profile slow_machine --profile float32_input
    Example: baseline simulate flight_delays --rollout models:/flight_delays@challenger
    """
    import shutil

    from baseline_pipeline.report.replay_text import wrapped
    from baseline_pipeline.workbench.replays.opening import open_replaying
    from baseline_pipeline.workbench.replays.rolling_out import rollout_lines, simulate_rollout
    from baseline_pipeline.workbench.replays.simulated import simulation_lines
    from baseline_pipeline.workbench.replays.simulating import simulate
    from baseline_pipeline.workbench.workbench import Workbench

    bench = Workbench.here(progress=progress(quiet=quiet))
    contract = bench.contract(model)
    width = shutil.get_terminal_size((100, 24)).columns
    if rollout is not None:
        rolled = simulate_rollout(bench, contract, rollout)
        if as_json:
            emit(rolled.body())
        else:
            show(wrapped(rollout_lines(rolled), width))
        return
    found = simulate(open_replaying(bench, contract, candidate=candidate), profile or ())
    if as_json:
        emit(found.body())
    else:
        show(wrapped(simulation_lines(found), width))
    raise typer.Exit(found.exit_code)
