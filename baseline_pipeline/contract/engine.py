"""Where data sets are counted."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from baseline_pipeline.contract.section import Section, Text


class SparkSection(Section):
    """Apache Spark; the extra `spark` brings it."""

    master: Text = "local[*]"
    """Where it runs: `local[*]`, `spark://host:7077`, `yarn`, `k8s://...`."""
    conf: dict[str, str] = Field(default_factory=dict)
    """Spark's own settings, for example `{spark.executor.memory: 4g}`."""


class SparkEngine(Section):
    """Counting spread over machines."""

    spark: SparkSection
    """How Spark is reached."""


EngineSection = Literal["duckdb"] | SparkEngine
