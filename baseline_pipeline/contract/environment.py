"""What the model runs on: the libraries and the machine that were declared."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from baseline_pipeline.contract.section import Lasting, RelativePath, Section

ProfileName = Literal[
    "slow_machine",
    "one_core",
    "two_threads",
    "old_processor",
    "no_simd",
    "float32_input",
    "little_memory",
    "remote_features",
    "slow_disk",
    "other_locale",
    "late_clock",
]


class EnvironmentSection(Section):
    """Files that declare the environment; a change of their content is a change to evaluate."""

    lockfile: RelativePath | None = None
    """requirements.txt, uv.lock, poetry.lock, pylock.toml, conda-lock or `pip freeze` output."""
    infrastructure: RelativePath | None = None
    """YAML, JSON or TOML manifest of the machine: CPU, cores, memory, image, driver."""
    threads: int | None = Field(default=None, ge=1)
    """Numeric threads while predicting; timing and last bits depend on it."""
    job_time: Lasting = "30m"
    """After which a job of a replay, a simulation or an attribution is ended: that is no evidence of anything."""
    job_memory_mb: int | None = Field(default=None, ge=64)
    """Address space that one job may take, and a model that lives in the lockfile's environment."""
