"""Workers launched through Dagster Pipes: as a child process, in a pod, wherever the project's client runs things."""

from __future__ import annotations

import inspect
import shutil
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from threading import Lock

import dagster as dg
import dagster_pipes

from baseline_pipeline.errors import foreign
from baseline_pipeline.ports import Launched, Launcher

CLIENT = "pipes_client"
"""The resource that launches; see `docs/replay.md`."""


def piped(context: dg.AssetExecutionContext) -> Launcher:
    """A launcher that asks the run's Pipes client; what workers say comes to the run's page.

    The client is called as `run(context=..., command=[...], env={...})`. Time and memory are bounded by the worker
    itself, since no client says how it would end a job early; and one job runs at a time, since the message readers
    of some clients belong to one job.
    """
    client, turn = getattr(context.resources, CLIENT), Lock()

    def launch(command: Sequence[str], variables: Mapping[str, str], seconds: float) -> Launched:  # noqa: ARG001  # the worker has them in its job
        module = inspect.getsourcefile(dagster_pipes)
        if module is not None:
            shutil.copyfile(module, Path(command[-1]).with_name("dagster_pipes.py"))
        try:
            with turn, warnings.catch_warnings():
                warnings.simplefilter("ignore", dg.PreviewWarning)  # Dagster's own, of its message readers
                client.run(context=context, command=list(command), env=dict(variables))
        except Exception as error:  # any client's, and the worker's files say what happened
            return Launched(None, foreign(error))
        return Launched(None, "")

    return launch
