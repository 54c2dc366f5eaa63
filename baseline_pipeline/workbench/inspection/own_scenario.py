"""Scenarios by name: ours, and functions of the user's own."""

from __future__ import annotations

import difflib
import math
from typing import TYPE_CHECKING, Any, cast

import pandas as pd
import pyarrow as pa

from baseline_pipeline.adapters.models.function_modules import standing_module
from baseline_pipeline.content import instants_of
from baseline_pipeline.errors import ContractError
from baseline_pipeline.report.visible import visible
from baseline_pipeline.scenarios import SCENARIOS, About, Scenario

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np

OWN_DOSES = (0.1, 0.3, 1.0)
ACCEPTED = f"{', '.join(SCENARIOS)}, or module:function"


def scenario_of(name: str, project: Path) -> Scenario:
    """One of ours by its name, or one of the user's own, `module:function`.

    Raises:
        ContractError: when there is none of this name, or it cannot be imported.
    """
    if name in SCENARIOS:
        return SCENARIOS[name]
    if ":" not in name:
        close = difflib.get_close_matches(name, SCENARIOS, n=1)
        hint = f"did you mean {close[0]!r}? " if close else ""
        message = f"there is no scenario {name!r}; {hint}accepted: {ACCEPTED}"
        raise ContractError(message)
    return own_scenario(name, project)


def own_scenario(reference: str, project: Path) -> Scenario:
    """A scenario of the user's own, `module:function` of a table, a dose and random numbers.

    Args:
        reference: Names it.
        project: Where its module is looked for, as it stands there now.

    Raises:
        ContractError: when it cannot be imported, or gives no table that could be scored.
    """
    name = reference.partition(":")[2]
    try:
        function = getattr(standing_module(reference, project), name)
    except (Exception, SystemExit) as error:  # a module of the user's may fail in any way
        message = f"scenario {reference!r}: {type(error).__name__}: {visible(str(error))}; accepted: {ACCEPTED}"
        raise ContractError(message) from error

    def spoil(frame: pd.DataFrame, about: About, dose: float, rng: np.random.Generator) -> pd.DataFrame:
        try:
            found: Any = function(frame.copy(), dose, rng)
        except (Exception, SystemExit) as error:
            message = f"scenario {reference}: {type(error).__name__} at dose {dose:g}: {visible(str(error))}"
            raise ContractError(
                message, next_step="it is called with (frame, dose, rng) and returns a frame"
            ) from error
        wrong = _wrong(found, frame, about)
        if wrong:
            what = "a DataFrame with all columns, each once, and a label in every row"
            message = f"scenario {reference} at dose {dose:g} {wrong}; accepted: {what}"
            raise ContractError(message)
        return cast("pd.DataFrame", found)

    return Scenario(spoil, OWN_DOSES, "dose", "your own", most=math.inf)


def _wrong(found: object, frame: pd.DataFrame, about: About) -> str:
    """Why a table cannot be scored; empty where it can."""
    if not isinstance(found, pd.DataFrame):
        return f"gave {type(found).__name__}"
    twice = found.columns[found.columns.duplicated()]
    if len(twice):
        return f"gave the column {twice[0]} twice"
    lost = [name for name in frame.columns if name not in found.columns]
    if lost:
        return f"lost the columns {', '.join(lost)}"
    if found.empty:
        return "left no rows"
    if found[about.label].isna().any():
        return "left rows without label"
    try:
        table = pa.Table.from_pandas(found, preserve_index=False)
        if about.time is not None:
            instants_of(table.column(about.time))
    except pa.ArrowException as error:
        return f"left values that cannot be read: {visible(str(error))}"
    return ""
