"""Stage values between assets: JSON named by digest, never pickled, never overwritten in place."""

from __future__ import annotations

from pathlib import Path

import dagster as dg

from baseline_pipeline.decision import Decision
from baseline_pipeline.errors import EvidenceUnavailable
from baseline_pipeline.records import Digest, Record, digest_of
from baseline_pipeline.settings import load_settings
from baseline_pipeline.workbench.stages import Compared, Evaluated, SnapshotTaken
from baseline_pipeline.workbench.workbench import Workbench

VALUES: dict[str, type[Record]] = {
    "data_snapshot": SnapshotTaken,
    "evaluation_run": Evaluated,
    "baseline_comparison": Compared,
    "promotion_decision": Decision,
}
DIGEST_LABEL = "stage_value"


class StageValueIOManager(dg.IOManager):
    """Keeps each stage's value in the project's store, under the digest of its content.

    The digest is written into the materialization's metadata; a later stage reads the value of the
    same run, or of the latest materialization where the stage ran by itself.

    Args:
        project: The project root.
    """

    def __init__(self, project: Path) -> None:
        self._project = project

    def handle_output(self, context: dg.OutputContext, obj: Record) -> None:
        """Store a value; its digest becomes metadata of the materialization."""
        model, stage = context.asset_key.path
        key = digest_of(obj.body())
        store = Workbench(load_settings(self._project)).store
        store.save(f"stage.{stage}", model, key, obj)
        store.save(f"stage.{stage}", model, _place(context.run_id, stage), _Pointer(value=key))
        context.add_output_metadata({DIGEST_LABEL: key})

    def load_input(self, context: dg.InputContext) -> Record:
        """The upstream stage's value, checked against its digest.

        Raises:
            EvidenceUnavailable: when the stage has no value yet, or it is gone from the store.
        """
        model, stage = context.asset_key.path
        store = Workbench(load_settings(self._project)).store
        run_id = context.step_context.run_id
        pointer = store.load(f"stage.{stage}", model, _place(run_id, stage))
        key = _Pointer.stored(pointer).value if pointer else _latest(context)
        body = store.load(f"stage.{stage}", model, key) if key else None
        if body is None:
            message = f"{model}/{stage} has no stored value"
            raise EvidenceUnavailable(message, next_step=f"materialize {model}/{stage} first")
        return VALUES[stage].stored(body)


class _Pointer(Record):
    """Which value a run's stage had."""

    value: Digest


def _place(run_id: str, stage: str) -> Digest:
    return digest_of(["run", run_id, stage])


def _latest(context: dg.InputContext) -> Digest | None:
    event = context.step_context.instance.get_latest_materialization_event(context.asset_key)
    materialization = event.asset_materialization if event else None
    entry = materialization.metadata.get(DIGEST_LABEL) if materialization else None
    return None if entry is None else str(entry.value)
