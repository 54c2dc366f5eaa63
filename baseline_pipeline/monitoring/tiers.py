"""How bad an alarm is: harm beyond what calm windows show, held against the contract's margins."""

from __future__ import annotations

from typing import TYPE_CHECKING

from baseline_pipeline.effects import demanded
from baseline_pipeline.monitoring.streams import VOLUME

if TYPE_CHECKING:
    from baseline_pipeline.contract import Contract
    from baseline_pipeline.monitoring.detection import Watch
    from baseline_pipeline.verdicts import Tier

USUAL = 1.645
"""Standard deviations that calm windows stray, and that chance adds."""
FAR = 2.0
"""Times the limit from which a stream without a margin is moderate."""
HALF = 0.5
"""Share of rows missing, outside or failed from which an input or a request is moderate."""


def tier_of(
    contract: Contract, watch: Watch, stream: int, value: float, expected: float, error: float, ratio: float
) -> Tier:
    """The tier of one stream over its limit.

    A metric of the contract is as bad as the margin that its harm exceeds, less what calm windows stray and what
    chance adds. What has no margin is minor, and moderate where it is far over its limit, or where most rows are
    concerned; a window without a single row is severe.

    Args:
        contract: The margins.
        watch: What was learned from calm windows.
        stream: Its position there.
        value: In the window.
        expected: In calm windows.
        error: Standard error of the value.
        ratio: Harm over the limit.
    """
    what = watch.readings.streams[stream]
    if what.name == VOLUME and value == 0:  # severe where calm windows were never empty
        return "severe" if expected > FAR * float(watch.calm.spread[stream]) else "minor"
    rule = next((one for one in contract.metrics if one.measured.name == what.name), None)
    if what.family == "performance" and rule is not None:
        wanted = demanded(rule, what.slice, 0)
        spread = float(watch.calm.spread[stream])
        base = abs(expected) if what.slice == "all" else abs(value - expected)
        harm = abs(value - expected) - USUAL * (spread**2 + error**2) ** 0.5
        if wanted.severe is not None and harm > wanted.severe.size(base):
            return "severe"
        if wanted.margin is not None and harm > wanted.margin.size(base):
            return "moderate"
        return "minor"
    if what.share and what.family in {"inputs", "traffic"}:
        return "moderate" if value - expected >= HALF else "minor"
    return "moderate" if ratio >= FAR and what.family == "performance" else "minor"
