"""`baseline replay`."""

from __future__ import annotations

from typing import Annotated

import typer

from baseline_pipeline.cli.options import All, Json, Model, Quiet
from baseline_pipeline.cli.output import emit, progress, show


def command(  # noqa: PLR0917  # options
    model: Model,
    lock: Annotated[
        list[str] | None,
        typer.Option(
            help="A lockfile, relative to the project: the old one first, then the new one. With one, the old one is "
            "the contract's; with none, they are the baseline's and the contract's.",
            show_default=False,
        ),
    ] = None,
    candidate: Annotated[
        str | None, typer.Option(help="An exact model (models:/NAME/7) instead of the champion.", show_default=False)
    ] = None,
    artifact: Annotated[
        str | None,
        typer.Option(
            help="A file instead: .txt (LightGBM), .json/.ubj (XGBoost), .onnx, .skops, .joblib, .pkl.",
            show_default=False,
        ),
    ] = None,
    retrain: Annotated[bool, typer.Option(help="Train under both too, where the contract names an entry.")] = True,
    bisect: Annotated[bool, typer.Option("--bisect", help="Find the package and the version that did it.")] = False,
    python: Annotated[
        list[str] | None,
        typer.Option(
            help="Python of the environments, e.g. 3.12; twice: the old one's, then the new one's. By default the "
            "present one.",
            show_default=False,
        ),
    ] = None,
    show_all: All = False,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Run the same model in the environments of two lockfiles: does it load, what differs, does it matter.

    Example: baseline replay flight_delays --lock requirements.lock --lock updated.lock
    """
    import shutil

    from baseline_pipeline.report.replay_text import wrapped
    from baseline_pipeline.workbench.replays.bisecting import bisect as find_guilty
    from baseline_pipeline.workbench.replays.dependency_replay import replay
    from baseline_pipeline.workbench.replays.locked import old_and_new
    from baseline_pipeline.workbench.replays.opening import open_replaying
    from baseline_pipeline.workbench.replays.replayed import replay_lines
    from baseline_pipeline.workbench.workbench import Workbench

    bench = Workbench.here(progress=progress(quiet=quiet))
    contract = bench.contract(model)
    old, new = old_and_new(bench, contract, lock or (), python or ())
    work = open_replaying(bench, contract, candidate=candidate, artifact=artifact)
    found = replay(work, old, new, retrain=retrain)
    width = shutil.get_terminal_size((100, 24)).columns
    if not as_json:
        show(wrapped(replay_lines(found, show_all=show_all, searching=bisect), width))
    searched = find_guilty(work, old, new, found) if bisect else None
    if as_json:
        emit({**found.body(), "bisection": searched.body() if searched else None})
    elif bisect:
        show(wrapped(searched.lines() if searched else ["Guilty: nobody, since nothing differs"], width))
    raise typer.Exit(found.exit_code)
