"""What the assets of all models use, once for a project."""

from __future__ import annotations

from pathlib import Path

import dagster as dg

from baseline_pipeline.orchestration.liveness import RESOURCE, process_lock
from baseline_pipeline.orchestration.pipes import CLIENT
from baseline_pipeline.orchestration.storage import StageValueIOManager


def with_resources(definitions: dg.Definitions, project: Path) -> dg.Definitions:
    """Definitions with what their assets use, as far as the project does not bring its own."""
    ours = {
        "stage_values": StageValueIOManager(project),
        RESOURCE: process_lock(project),
        CLIENT: dg.PipesSubprocessClient(),
    }
    given = definitions.resources or {}
    missing = {name: resource for name, resource in ours.items() if name not in given}
    return dg.Definitions.merge(definitions, dg.Definitions(resources=missing))
