"""Dagster's view of the pipeline: a component per monitored model, assets, checks and triggers."""

from baseline_pipeline.orchestration.component import MonitoredModel

__all__ = ["MonitoredModel"]
