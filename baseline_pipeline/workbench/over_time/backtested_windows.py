"""Windows of a backtest, one by one: which can be judged by now, and what was said of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from baseline_pipeline.backtest.scoring import Detected
from baseline_pipeline.errors import UsageError
from baseline_pipeline.monitoring.alarms import Alarm, text_of
from baseline_pipeline.records import Record
from baseline_pipeline.workbench.iteration.comparing import previous_champion
from baseline_pipeline.workbench.iteration.evaluating import load_evaluation, load_scores
from baseline_pipeline.workbench.over_time.backtesting import backtest
from baseline_pipeline.workbench.over_time.clocks import DAY, zone_of
from baseline_pipeline.workbench.over_time.windows import whole_windows, windowing_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from baseline_pipeline.contract import Contract
    from baseline_pipeline.monitoring.windows import Windowing
    from baseline_pipeline.workbench.over_time.backtesting import Backtest
    from baseline_pipeline.workbench.workbench import Workbench


class BacktestedWindow(Record):
    """One window of a backtest."""

    model: str
    window: str
    rows: bool
    """Whether the backtest has such a window."""
    alarms: tuple[Alarm, ...]
    """Those that opened in it, or opened before and were over their limit in it or later."""
    false: bool
    """Whether an alarm opened in it that no known event explains."""
    incidents: tuple[Detected, ...]


def backtested_windows(bench: Workbench, contract: Contract, instant: np.datetime64) -> list[str]:
    """Names of the windows that can be judged by an instant for good, oldest first.

    They are whole, of the days that the champion was last scored on, and their labels have come. Evaluations know
    UTC days only: of shorter windows, or days of another zone, those of the last day wait for the next one.

    Args:
        bench: The project.
        contract: How time is cut.
        instant: As clocks of the contract's time zone show it.
    """
    key = previous_champion(bench, contract.name)
    if key is None or contract.data.time is None:
        return []
    days = load_scores(bench, load_evaluation(bench, contract.name, key)).day
    if days is None or len(days) == 0:
        return []
    windowing = windowing_of(contract)
    exact = zone_of(contract) == "UTC" and windowing.step >= DAY
    first, last = days.min(), days.max() - np.timedelta64(0 if exact else 1, "D")
    if last < first:
        return []
    ends = np.array([first.astype("datetime64[s]"), last.astype("datetime64[s]") + np.timedelta64(DAY - 1, "s")])
    starts = whole_windows(windowing, ends)
    return [window_name(start, windowing) for start in starts if windowing.known(start) <= instant]


def window_name(start: np.datetime64, windowing: Windowing) -> str:
    """A day, or a day and a time.

    Example:
        >>> from baseline_pipeline.monitoring.windows import Windowing
        >>> start = np.datetime64("2026-01-05T06:00:00")
        >>> window_name(start, Windowing(21600, 21600)), window_name(start, Windowing(86400, 86400))
        ('2026-01-05T06:00', '2026-01-05')
    """
    return text_of(start)[: 16 if windowing.step < DAY else 10]


def backtest_windows(bench: Workbench, contract: Contract, names: Sequence[str]) -> list[BacktestedWindow]:
    """What the guardrails would have said in single windows; the backtest itself is made once and found again.

    Args:
        bench: The project.
        contract: The rules.
        names: As `backtested_windows` gives them.

    Raises:
        UsageError: for one that is no instant.
    """
    whole, windowing = backtest(bench, contract), windowing_of(contract)
    known = set(whole.starts)
    return [_one_window(whole, windowing, known, name) for name in names]


def _one_window(whole: Backtest, windowing: Windowing, known: set[str], name: str) -> BacktestedWindow:
    try:
        start = np.datetime64(name, "s")
    except ValueError as error:
        message = f"window {name!r} stood here; accepted: 2026-01-05, or 2026-01-05T06:00 of shorter windows"
        raise UsageError(message) from error
    text, end = text_of(start), windowing.seen(start)
    return BacktestedWindow(
        model=whole.model,
        window=name,
        rows=text in known,
        alarms=tuple(one for one in whole.alarms if one.opened <= text <= one.last),
        false=any(one.opened == text and one.key in whole.false for one in whole.alarms),
        incidents=tuple(
            one
            for one in whole.incidents
            if np.datetime64(one.incident.first, "s") < end
            and start < np.datetime64(one.incident.last, "s") + np.timedelta64(DAY, "s")
        ),
    )
