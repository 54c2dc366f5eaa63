"""`baseline retire`."""

from __future__ import annotations

from baseline_pipeline.cli.options import Model, Quiet
from baseline_pipeline.cli.output import progress, show
from baseline_pipeline.cli.people import By, Key, Reason, Signature, StatementFile, voice_of, written


def command(
    model: Model,
    reason: Reason = "",
    by: By = None,
    key: Key = None,
    signature: Signature = None,
    statement: StatementFile = None,
    quiet: Quiet = False,
) -> None:
    """Take the present baseline out of use; a person has to establish the next one.

    Example: baseline retire churn --reason "the label means something else from January on"
    """
    from baseline_pipeline.workbench.iteration.deciding import retire, to_retire
    from baseline_pipeline.workbench.workbench import Workbench

    bench = Workbench.here(progress=progress(quiet=quiet))
    contract, voice = bench.contract(model), voice_of(bench, by, reason, key, signature)
    if statement is not None:
        written(to_retire(bench, contract, voice), statement)
        return
    revision = retire(bench, contract, voice)
    show(f"baseline revision {revision} of {model} is retired")
