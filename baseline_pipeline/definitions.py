"""What Dagster loads: every contract below `assets/`, read strictly first."""

import gc
import os
import sys
from pathlib import Path

import dagster as dg

from baseline_pipeline.contract.reading import contract_paths, read_contract
from baseline_pipeline.errors import NotInitialised
from baseline_pipeline.orchestration.resources import with_resources

gc.set_threshold(100_000, 20, 100)  # imported libraries make millions of objects that stay


def project_root() -> Path:
    """The project served: `BASELINE_PROJECT_ROOT`, else the working directory, else this checkout.

    Raises:
        NotInitialised: when none of them has a folder `assets`.
    """
    named = os.environ.get("BASELINE_PROJECT_ROOT")
    for candidate in [Path(named)] if named else [Path.cwd(), Path(__file__).resolve().parents[1]]:
        if (candidate / "assets").is_dir():
            return candidate.resolve()
    message = f"no folder `assets` in {named or Path.cwd()}"
    raise NotInitialised(message, next_step="start Dagster in a project, or set BASELINE_PROJECT_ROOT")


@dg.definitions
def defs() -> dg.Definitions:
    """All monitored models; a contract with duplicate keys or aliases is refused before Dagster reads it."""
    root = project_root()
    for path in contract_paths(root / "assets").values():
        read_contract(path)
    if str(root) not in sys.path:
        sys.path.insert(0, str(root))
    import assets

    found = Path(next(iter(assets.__path__))).resolve()
    if found != root / "assets":
        message = f"a foreign package `assets` was imported from {found}"
        raise NotInitialised(message, next_step=f"take it off sys.path; this project's is {root / 'assets'}")
    loaded = with_resources(dg.load_from_defs_folder(path_within_project=root), root)
    return dg.Definitions.merge(loaded, dg.Definitions(executor=dg.in_process_executor))
