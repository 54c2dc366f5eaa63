"""Dagster's names for a monitored model's parts."""

from __future__ import annotations

import hashlib
import re

WATCHED = {
    "data": "source_data",
    "dependencies": "dependency_lockfile",
    "infrastructure": "infrastructure_manifest",
    "registry": "registered_model",
    "code": "evaluation_code",
}
"""The watched input behind each facet."""

MODEL_TAG = "baseline/model"
NEED_TAG = "baseline/need"
"""Names the watched state that a run was started for."""


def identifier(name: str) -> str:
    """A name of letters, digits and underscores; different names stay different.

    Example:
        >>> identifier("flight_delays"), identifier("a-b")
        ('flight_delays', 'a_b_d44362')
    """
    plain = re.sub(r"[^A-Za-z0-9_]", "_", name)
    return plain if plain == name else f"{plain}_{hashlib.sha256(name.encode()).hexdigest()[:6]}"
