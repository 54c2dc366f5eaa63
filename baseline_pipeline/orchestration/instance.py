"""Dagster's home, made under our lock: three processes at once break a fresh one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from baseline_pipeline.settings import Settings

if TYPE_CHECKING:
    import dagster as dg

CONFIG = """\
# Written once by `baseline init`; edit it to move Dagster's storage to PostgreSQL.
telemetry:
  enabled: false
nux:
  enabled: false
run_monitoring:
  enabled: true
  max_runtime_seconds: 7200  # a run whose host died is freed after this
  start_timeout_seconds: 180
concurrency:
  runs:
    tag_concurrency_limits:
      - key: baseline/model  # one run per model at a time: stages read what the last one wrote
        value:
          applyLimitPerUniqueValue: true
        limit: 1
"""


def make_dagster_home(settings: Settings, _store_id: str) -> None:
    """Write dagster.yaml and create the databases; safe to repeat."""
    import dagster as dg

    settings.dagster_home.mkdir(parents=True, exist_ok=True)
    config = settings.dagster_home / "dagster.yaml"
    if not config.exists():
        config.write_text(CONFIG)
    with dg.DagsterInstance.from_config(str(settings.dagster_home)) as instance:
        instance.get_runs_count()
        instance.all_asset_keys()
        instance.all_instigator_state()


def instance_for_runs(settings: Settings) -> dg.DagsterInstance:
    """The instance of an initialised home, for a process that makes runs itself: their events are written sooner."""
    import dagster as dg
    from dagster._core.instance.ref import InstanceRef

    home = str(settings.dagster_home)
    plain = InstanceRef.from_dir(home)
    events = plain.event_storage_data
    if events is None or events.class_name != "SqliteEventLogStorage":
        return dg.DagsterInstance.from_ref(plain)
    ours = {"module": "baseline_pipeline.orchestration.event_log", "class": "EventLog", "config": events.config_dict}
    overrides = {"event_log_storage": ours}
    return dg.DagsterInstance.from_ref(InstanceRef.from_dir(home, overrides=overrides))
