"""`baseline establish`."""

from __future__ import annotations

from baseline_pipeline.cli.options import Json, Model, Quiet
from baseline_pipeline.cli.output import emit, progress, show
from baseline_pipeline.cli.people import By, Key, Reason, Signature, StatementFile, voice_of, written


def command(
    model: Model,
    reason: Reason = "",
    by: By = None,
    key: Key = None,
    signature: Signature = None,
    statement: StatementFile = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Make what was evaluated last the baseline, because a person says so; that may be a candidate of `baseline gate`.

    Example: baseline establish churn --by "Ada Lovelace" --reason "agreed in the review of 3 March"
    """
    from baseline_pipeline.workbench.iteration.deciding import establish, to_establish
    from baseline_pipeline.workbench.workbench import Workbench

    bench = Workbench.here(progress=progress(quiet=quiet))
    contract, voice = bench.contract(model), voice_of(bench, by, reason, key, signature)
    if statement is not None:
        written(to_establish(bench, contract, voice), statement)
        return
    found = establish(bench, contract, actor=voice.by, reason=reason, key=key, signature=signature)
    if as_json:
        emit(found.body())
    else:
        words = f"baseline revision {found.revision} of {model}: version {found.version}"
        show(f"{words}, established by {found.actor}: {found.reason}")
