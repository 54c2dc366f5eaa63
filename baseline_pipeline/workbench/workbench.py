"""A project opened for work: its contracts, its store, its ledger and its registry."""

from __future__ import annotations

import datetime as dt
from functools import cached_property
from typing import TYPE_CHECKING

from baseline_pipeline.contract.reading import contract_path, contract_paths, read_contract
from baseline_pipeline.errors import BaselineError, ContractError
from baseline_pipeline.governance.events import Baseline, Event, anchor, baselines, current_baseline
from baseline_pipeline.settings import load_settings
from baseline_pipeline.workbench.code import as_they_stand, importable
from baseline_pipeline.workbench.earlier_functions import with_earlier
from baseline_pipeline.workbench.home import store_id

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager
    from pathlib import Path

    from baseline_pipeline.adapters.ledgers.sql import SqlLedger
    from baseline_pipeline.adapters.stores.filesystem import FilesystemStore
    from baseline_pipeline.contract import Contract
    from baseline_pipeline.ports import Launcher, ModelCatalogue, QualitySuite, Source
    from baseline_pipeline.settings import Settings
    from baseline_pipeline.summaries.engine import Engine

    Progress = Callable[[str], None]
    OpenRun = Callable[[str], AbstractContextManager[object]]


def silent(_message: str) -> None:
    """Progress for nobody."""


class Workbench:
    """Everything the stages need of one project.

    Args:
        settings: Where things are; the home must be initialised.
        progress: Told in words what is being done.
        open_run: Attaches an orchestrator to the MLflow run with the id given, while it is written.
        launch: Runs the workers of replays; as children of this process by default.

    Raises:
        NotInitialised: when the home, the ledger or the tracking store is absent or another one's.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        progress: Progress = silent,
        open_run: OpenRun | None = None,
        launch: Launcher | None = None,
    ) -> None:
        self.settings = settings
        self.store_id = store_id(settings)
        self.progress = progress
        self.open_run = open_run
        self.launch = launch
        self.ledger: SqlLedger = self._ledger()
        importable(settings.project)  # metrics of the user's own

    @classmethod
    def here(cls, start: Path | None = None, *, progress: Progress = silent) -> Workbench:
        """The project that a folder (the working directory by default) belongs to."""
        return cls(load_settings(start), progress=progress)

    def _ledger(self) -> SqlLedger:
        from baseline_pipeline.adapters.ledgers.sql import SqlLedger

        return SqlLedger(self.settings.ledger_url, self.store_id)

    @cached_property
    def store(self) -> FilesystemStore:
        """Snapshots, scores and records."""
        from baseline_pipeline.adapters.stores.filesystem import FilesystemStore

        return FilesystemStore(self.settings.home / "store")

    def contracts(self) -> tuple[dict[str, Contract], dict[str, str]]:
        """Every monitored model's contract, and why one could not be read, both by the model's name."""
        found, troubles = {}, {}
        for name, path in contract_paths(self.settings.assets).items():
            try:
                found[name] = read_contract(path)
            except BaselineError as error:
                troubles[name] = str(error)
        return found, troubles

    def contract(self, model: str) -> Contract:
        """One model's contract.

        Raises:
            UsageError: when there is no such model, with those that there are; when its contract is none.
        """
        found = read_contract(contract_path(self.settings.assets, model))
        as_they_stand(found, self.settings.project)
        return found

    def source(self, contract: Contract) -> Source:
        """Where the model's rows come from."""
        from baseline_pipeline.adapters.sources import open_source

        as_they_stand(contract, self.settings.project)
        return open_source(contract, self.settings.project)

    def catalogue(self, contract: Contract) -> ModelCatalogue:
        """Where the model's versions are found; asks the registry for its identity first."""
        from baseline_pipeline.adapters.models import open_catalogue

        if contract.model.function is None:
            self.check_tracking()
        found = open_catalogue(
            contract,
            self.settings.tracking_uri,
            self.settings.project,
            self.settings.home / "cache" / "models",
            self.progress,
            self.store,
        )
        return found if contract.model.function is None else with_earlier(found, contract, self.settings)

    def engine(self, contract: Contract) -> AbstractContextManager[Engine]:
        """Where the model's data sets are counted."""
        from baseline_pipeline.adapters.engines import open_engine

        return open_engine(contract)

    def check_tracking(self) -> None:
        """Refuse a tracking store that is down, fresh, or another one's.

        Raises:
            TrackingUnavailable: within 30 s.
        """
        from baseline_pipeline.adapters.registries.mlflow import check_store

        check_store(self.settings.tracking_uri, self.settings.experiment, self.store_id)

    def suite(self, contract: Contract) -> QualitySuite | None:
        """The model's expectations about its data, if it has any.

        Raises:
            ContractError: when the suite is absent or not understood.
        """
        if contract.data.expectations is None:
            return None
        from baseline_pipeline.adapters.quality.great_expectations import ExpectationSuite

        path = self.settings.assets / contract.name / contract.data.expectations
        if not path.is_file():
            message = f"assets/{contract.name}/defs.yaml: expectations {contract.data.expectations!r} is not there"
            raise ContractError(message, next_step=f"write {path.name} beside the contract, or take the word out")
        return ExpectationSuite(path)

    def baseline(self, model: str) -> Baseline | None:
        """The model's current baseline."""
        return current_baseline(self.ledger.events(model), model)

    def last_revision(self, model: str) -> int:
        """The highest number that a baseline of the model ever had; 0 where it had none."""
        return max((one.revision for one in baselines(self.ledger.events(model), model)), default=0)

    def baselines(self, model: str) -> list[Baseline]:
        """All revisions of the model's baseline, oldest first."""
        return baselines(self.ledger.events(model), model)

    def anchor(self, model: str) -> Baseline | None:
        """The model's last baseline that a person established."""
        return anchor(self.ledger.events(model), model)

    def events(self, model: str | None = None) -> list[Event]:
        """What happened, oldest first."""
        return self.ledger.events(model)

    def close(self) -> None:
        """Give back the ledger's connections."""
        self.ledger.close()


def utc_now() -> str:
    """The present second, ISO 8601, UTC."""
    return dt.datetime.now(dt.UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
