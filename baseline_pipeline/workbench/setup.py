"""A home made complete: ledger, MLflow store and Dagster, each with our identity."""

from __future__ import annotations

from typing import TYPE_CHECKING

from baseline_pipeline.workbench.home import Maker, initialise

if TYPE_CHECKING:
    from collections.abc import Sequence

    from baseline_pipeline.settings import Settings


def make_ledger(settings: Settings, store_id: str) -> None:
    """The ledger's tables."""
    from baseline_pipeline.adapters.ledgers.sql import SqlLedger

    SqlLedger.create(settings.ledger_url, store_id).close()


def make_tracking(settings: Settings, store_id: str) -> bool:
    """The MLflow experiment; whether there was none."""
    from baseline_pipeline.adapters.registries.mlflow import initialise_store

    return initialise_store(settings.tracking_uri, settings.experiment, store_id, settings.home / "mlflow-artifacts")


def make_home(settings: Settings, more: Sequence[Maker] = ()) -> bool:
    """Make the home where it is absent; `more` adds parts that only an orchestrator can make."""
    return initialise(settings, [make_ledger, make_tracking, *more])
