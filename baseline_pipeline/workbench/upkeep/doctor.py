"""An examination of what the pipeline rests on; everything implicit or broken is named."""

from __future__ import annotations

import datetime as dt
import importlib.util
import os
import shutil
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from baseline_pipeline.errors import BaselineError, EvidenceUnavailable, NotInitialised
from baseline_pipeline.figures import counted
from baseline_pipeline.records import Record
from baseline_pipeline.workbench.home import store_id

if TYPE_CHECKING:
    from baseline_pipeline.settings import Settings

MIN_FREE_GB = 2.0
EARLIEST = dt.datetime(2024, 1, 1, tzinfo=dt.UTC)


class Finding(Record):
    """One thing that was looked at."""

    what: str
    good: bool
    found: str
    next_step: str = ""


def examine(settings: Settings) -> list[Finding]:
    """Look at everything; a failure of one check does not hide the others."""
    checks: list[tuple[str, Callable[[Settings], str]]] = [
        ("home", _home),
        ("ledger", _ledger),
        ("tracking", _tracking),
        ("dagster home", _dagster_home),
        ("disk", _disk),
        ("clock", _clock),
        ("contracts", _contracts),
        ("spark", _spark),
        ("receivers", _receivers),
    ]
    return [_finding(name, check, settings) for name, check in checks]


def _finding(name: str, check: Callable[[Settings], str], settings: Settings) -> Finding:
    try:
        return Finding(what=name, good=True, found=check(settings))
    except BaselineError as error:
        return Finding(what=name, good=False, found=error.message, next_step=error.next_step)


def _home(settings: Settings) -> str:
    return f"{settings.home}, store {store_id(settings)}"


def _ledger(settings: Settings) -> str:
    from baseline_pipeline.adapters.ledgers.sql import SqlLedger

    driver = settings.ledger_url.partition("://")[0]
    if driver == "postgresql":
        message = f"{driver}:// names no driver, and SQLAlchemy's default changes between versions"
        raise NotInitialised(message, next_step="write postgresql+psycopg2:// in BASELINE_LEDGER_URL")
    ledger = SqlLedger(settings.ledger_url, store_id(settings))
    count = len(ledger.events())
    ledger.close()
    return f"{ledger.shown}, {counted(count, 'event')}"


def _tracking(settings: Settings) -> str:
    from baseline_pipeline.adapters.registries.mlflow import check_store

    started = time.monotonic()
    check_store(settings.tracking_uri, settings.experiment, store_id(settings))
    return f"{settings.tracking_shown}, experiment {settings.experiment!r}, {time.monotonic() - started:.1f} s"


def _receivers(settings: Settings) -> str:
    """Whether whoever asked to be told of incidents is reached."""
    from baseline_pipeline.adapters.notifiers.outbox import Outbox

    states = Outbox(settings.home / "outbox.sqlite").status()
    dead = [one for one in states if one.dead]
    if dead:
        message = f"{dead[0].name} has taken nothing since {dead[0].failing_since}: {dead[0].last_error}"
        raise EvidenceUnavailable(message, next_step="repair its address in `notify`, or take it out")
    waiting = sum(one.pending for one in states)
    left = sum(one.left for one in states)
    untold = f", {left} never told: their receivers left the contract" if left else ""
    told = f"{len(states)} told so far, {counted(waiting, 'message')} waiting{untold}"
    return told if states else "nobody was told of anything yet"


def _dagster_home(settings: Settings) -> str:
    expected = settings.dagster_home
    if not (expected / "dagster.yaml").is_file():
        message = f"{expected} is not initialised"
        raise NotInitialised(message, next_step="run `baseline init`")
    if "max_runtime_seconds" not in (expected / "dagster.yaml").read_text():
        message = (
            f"{expected / 'dagster.yaml'} sets no max_runtime_seconds: a run whose host died stays STARTED for ever"
        )
        raise NotInitialised(message, next_step="add run_monitoring: {enabled: true, max_runtime_seconds: 7200}")
    named = os.environ.get("DAGSTER_HOME")
    if named is not None and os.path.realpath(named) != os.path.realpath(expected):
        message = f"DAGSTER_HOME is {named}, this project's is {expected}"
        raise NotInitialised(message, next_step=f"export DAGSTER_HOME={expected}, or start Dagster by `baseline dev`")
    return str(expected)


def _disk(settings: Settings) -> str:
    place = settings.home if settings.home.exists() else settings.project
    free = shutil.disk_usage(place).free / 2**30
    if free < MIN_FREE_GB:
        message = f"{free:.1f} GB free at {place}; at least {MIN_FREE_GB:.0f} are needed"
        raise EvidenceUnavailable(message, next_step="make room, or move BASELINE_HOME")
    return f"{free:.0f} GB free"


def _clock(_settings: Settings) -> str:
    now = dt.datetime.now(dt.UTC)
    if now < EARLIEST:
        message = f"the clock says {now.isoformat(timespec='seconds')}"
        raise EvidenceUnavailable(message, next_step="set the clock; decisions carry its time")
    return now.isoformat(timespec="seconds")


def _spark(_settings: Settings) -> str:
    """MLflow asks PySpark for Connect, and PySpark without it ends processes that have no main file: Dagster's runs."""
    if not _installed("pyspark"):
        return "not installed"
    absent = [name for name in ("grpc", "grpc_status", "google.rpc") if not _installed(name)]
    if absent:
        message = f"PySpark is installed without {', '.join(absent)}: runs that Dagster starts would end at once"
        raise NotInitialised(message, next_step="pip install 'pyspark[connect]', or take PySpark out")
    return "installed, with Connect"


def _installed(name: str) -> bool:
    try:
        return importlib.util.find_spec(name) is not None
    except ModuleNotFoundError:
        return False


def _contracts(settings: Settings) -> str:
    from baseline_pipeline.contract.reading import contract_paths, read_contract

    names = [read_contract(path).name for path in contract_paths(settings.assets).values()]
    return ", ".join(names) or "none"
