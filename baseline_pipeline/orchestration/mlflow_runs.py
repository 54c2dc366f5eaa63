"""dagster-mlflow attached to the run of one evaluation, while it is being written."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from types import SimpleNamespace

import dagster as dg

from baseline_pipeline.settings import Settings


def attach(context: dg.AssetExecutionContext, settings: Settings) -> Callable[[str], AbstractContextManager[object]]:
    """A way to enter an MLflow run through dagster-mlflow, by the run's id.

    The resource as such would open a run per Dagster run, also where every evaluation is found and
    none is made, and leave it RUNNING without its hook. So the run is found or created by
    evaluation first, and dagster-mlflow is given its id: it tags the run with the Dagster run and
    makes it the active one; leaving ends it.
    """

    @contextmanager
    def enter(run_id: str) -> Iterator[object]:
        import mlflow

        with warnings.catch_warnings():
            warnings.simplefilter("ignore", dg.BetaWarning)  # the whole of dagster-mlflow is in beta
            from dagster_mlflow.resources import MlFlow

        config = {
            "mlflow_tracking_uri": settings.tracking_uri,
            "experiment_name": settings.experiment,
            "mlflow_run_id": run_id,
            "env": {},
            "extra_tags": {"dagster_job": context.run.job_name},
        }
        stand_in = SimpleNamespace(
            log=context.log, dagster_run=context.run, run_id=context.run.run_id, resource_config=config
        )
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", dg.BetaWarning)
            resource = MlFlow(stand_in)
        try:
            yield resource
        except BaseException:
            mlflow.end_run(status="FAILED")
            raise
        mlflow.end_run()

    return enter
