"""Times as clocks of a time zone show them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from baseline_pipeline.content import instants_of
from baseline_pipeline.errors import EvidenceUnavailable
from baseline_pipeline.monitoring.windows import seconds_of

if TYPE_CHECKING:
    from baseline_pipeline.contract import Contract

Array = np.ndarray[Any, Any]
DAY = 86400


def instants(table: pa.Table, column: str, zone: str) -> Array:
    """(n,) times as clocks show them in a time zone, `datetime64[s]`; times without a zone are UTC.

    Raises:
        EvidenceUnavailable: when the column holds no times, naming the first value that is none.
    """
    try:
        times = instants_of(table.column(column))
    except pa.ArrowException as error:
        message = f"column {column!r} (data.time) holds something that is no time: {error}"
        raise EvidenceUnavailable(message, next_step="accepted: timestamps, dates, or ISO 8601 text") from error
    if times.null_count:
        message = f"column {column!r} (data.time) is missing in {times.null_count} rows"
        raise EvidenceUnavailable(message, next_step="every row needs a time to fall into a window")
    local = times.to_pandas().dt.tz_convert(zone).dt.tz_localize(None)
    found: Array = local.to_numpy().astype("datetime64[s]")
    return found


def zone_of(contract: Contract, window: str | None = None) -> str:
    """Where days begin at midnight; windows of hours are cut in UTC, where none comes twice or never."""
    return contract.monitoring.timezone if seconds_of(window or contract.monitoring.window) >= DAY else "UTC"
