"""Which windows are calm: those of the reference that no known event touches."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from baseline_pipeline.backtest.incidents import Incident, read_incidents
from baseline_pipeline.backtest.scoring import Watched, excused
from baseline_pipeline.errors import ContractError, EvidenceUnavailable
from baseline_pipeline.monitoring.alarms import text_of
from baseline_pipeline.monitoring.calm import LEAST_WINDOWS

if TYPE_CHECKING:
    from baseline_pipeline.contract import Contract
    from baseline_pipeline.monitoring.windows import Windowing
    from baseline_pipeline.workbench.workbench import Workbench

Array = np.ndarray[Any, Any]
THIRD = 3


def calm_windows(
    contract: Contract,
    at: Array,
    learned: Array,
    starts: Array,
    windowing: Windowing,
    known: tuple[Incident, ...],
) -> tuple[tuple[np.datetime64, np.datetime64], Array]:
    """The span that calm is learned from, and which windows: those in it that no known event touches.

    Raises:
        EvidenceUnavailable: with fewer than ten of them.
    """
    rules = contract.monitoring
    if rules.reference is not None:
        low, high = (np.datetime64(day, "s") for day in rules.reference)
        high = high + np.timedelta64(86399, "s")
    elif learned.any():
        inside = at[learned]
        low, high = inside[0], inside[-1]
    else:
        low, high = starts[0], starts[max(len(starts) // THIRD - 1, min(LEAST_WINDOWS, len(starts)) - 1)]
    span = (starts >= low.astype("datetime64[D]")) & (starts <= high)
    watched = Watched(starts, span, known, windowing, 0, (low, high))
    calm = span & ~excused(starts, watched)
    if calm.sum() < LEAST_WINDOWS:
        message = (
            f"{int(calm.sum())} calm windows of {contract.name} between {text_of(low)} and {text_of(high)}; "
            f"{LEAST_WINDOWS} are needed"
        )
        raise EvidenceUnavailable(message, next_step="take shorter windows, or name monitoring.reference: [from, to]")
    return (low, high), calm


def incidents_of(bench: Workbench, contract: Contract) -> tuple[Incident, ...]:
    """The known events that the contract names; none where it names no file.

    Raises:
        ContractError: when the file is absent or not understood.
    """
    if contract.incidents is None:
        return ()
    path = bench.settings.assets / contract.name / contract.incidents
    if not path.is_file():
        message = f"assets/{contract.name}/defs.yaml: incidents {contract.incidents!r} is not there"
        raise ContractError(message, next_step=f"write {path.name} beside the contract, or take the word out")
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        message = f"assets/{contract.name}/{path.name} is no UTF-8 text: {error}"
        raise ContractError(message, next_step="save it as UTF-8") from error
    return read_incidents(f"{contract.name}/{path.name}", text)
