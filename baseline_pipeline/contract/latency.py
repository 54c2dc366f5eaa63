"""How two models are timed against each other."""

from __future__ import annotations

from pydantic import Field

from baseline_pipeline.contract.section import Section


class LatencySection(Section):
    """Requests that both models answer twice, in turn; asked for by metrics of latency and throughput."""

    requests: int = Field(default=2000, ge=100, le=100_000)
    """How many requests; +1 % is seen with 5,000 in nineteen of twenty simulated cases (`make latency`)."""
    rows: int = Field(default=1, ge=1)
    """Rows in a request."""
    seconds: float = Field(default=120, gt=0)
    """Stop asking after so long."""
    memory_runs: int = Field(default=12, ge=10, le=200)
    """Processes in which each model scores all rows, in turn, where `peak_memory` is asked for; fewer where four or
    eight settle that the candidate needs no more."""
