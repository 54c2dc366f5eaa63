"""A model in production against its baseline on the same rows, window after window, at one error rate for all looks."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace

from baseline_pipeline.errors import UsageError
from baseline_pipeline.monitoring.paired_window import Evidence, PairedWindow, step_of, unit_of
from baseline_pipeline.records import Record
from baseline_pipeline.significance.confidence_sequence import confidence_sequence, mean_log_e_value
from baseline_pipeline.significance.e_process import Bet, log_e_value
from baseline_pipeline.significance.group_sequential import Plan

LEAST_ROWS, LEAST_CHANGED = 500, 10
"""Before, sums are not yet normal enough for bounds of the mean."""

NO_BET = Bet()


class Sequential(Record):
    """What is known after the last window so far.

    Attributes:
        alpha: Error rate over all looks, however many.
        horizon: Looks that were planned; None where it goes on for ever.
        evidence: What counted as one piece of evidence.
        looks: Windows so far.
        rows: Rows of all of them.
        worse: As in a window, of all.
        better: As in a window, of all.
        log_e_value: Natural logarithm of the e-value now: evidence that the present model is worse.
        p_value: One over the largest e-value so far: holds at any time. Not below 10^-300.
        harm: Mean harm per row, unit of the loss, positive is worse; None without rows.
        interval: Where it lies with probability 1 - alpha at all times at once; None while there are fewer than 500
            rows, or fewer than ten changed ones where those are the evidence.
        alarmed: Index of the first window after which it was known to be worse, from zero; None if there was none.
        alarmed_at: That window's start.
    """

    alpha: float
    horizon: int | None
    evidence: Evidence
    looks: int
    rows: int
    worse: int
    better: int
    log_e_value: float
    p_value: float
    harm: float | None
    interval: tuple[float, float] | None
    alarmed: int | None
    alarmed_at: str | None

    @property
    def looks_left(self) -> int | None:
        """Planned looks that are still to come; None without a plan."""
        return None if self.horizon is None else max(self.horizon - self.looks, 0)

    def words(self) -> str:
        """The finding in one line.

        Example:
            >>> window = PairedWindow(start="2013-05-01", rows=400, worse=3, better=1, harm_sum=2, harm_squares=4)
            >>> follow([window] * 4, alpha=0.01, horizon=None, expected_rows=20_000).words()
            'not known to be worse in 4 windows of 1,600 rows: 12 rows worse, 4 better; evidence 2.6 to 1 (p 0.38 at any time), harm per row +0.005 (-0.0063 to +0.016 with 99 %)'
        """  # noqa: E501  # the line is what is shown
        if self.alarmed is None:
            found = f"not known to be worse in {_many(self.looks, 'window')} of {self.rows:,} rows"
        else:
            found = f"worse than its baseline: known with window {self.alarmed + 1} of {self.looks} ({self.alarmed_at})"
        evidence = f"{self.worse:,} rows worse, {self.better:,} better; evidence {_odds(self.log_e_value)}"
        between = f"{100 * (1 - self.alpha):.4g} %"
        bounds = "too few for bounds"
        if self.interval is not None:
            bounds = f"{self.interval[0]:+.2g} to {self.interval[1]:+.2g} with {between}"
        harm = "" if self.harm is None else f", harm per row {self.harm:+.2g} ({bounds})"
        return f"{found}: {evidence} (p {self.p_value:.2g} at any time){harm}{self._plan()}"

    def _plan(self) -> str:
        if self.horizon is None or self.looks_left is None:
            return ""
        if self.looks_left:
            return f"; {self.looks_left} of {_many(self.horizon, 'planned look')} left"
        if self.looks == self.horizon:
            return f"; the plan of {_many(self.horizon, 'look')} is over"
        return f"; the plan of {_many(self.horizon, 'look')} is over: it goes on, with nothing left to alarm on"


@dataclass(frozen=True)
class Course:
    """How far a comparison has come; each window gives the next.

    Attributes:
        alpha: As in `Sequential`, and so are `horizon`, `evidence`, `looks`, `rows`, `worse`, `better`.
        expected_rows: As in `follow`.
        total: Sum of harms.
        squares: Sum of squared harms.
        bet: Of evidence by windows.
        log_e: Now.
        most: Largest so far.
        plan: What is left of the planned looks.
        unit: What the plan's sum is counted in: harm, or rows; 0 for exact counts of worse rows; None until known.
        place: Where that sum is.
        alarmed: As in `Sequential`, and so is `alarmed_at`.
    """

    alpha: float
    horizon: int | None
    evidence: Evidence
    expected_rows: float
    plan: Plan
    looks: int = 0
    rows: int = 0
    worse: int = 0
    better: int = 0
    total: float = 0.0
    squares: float = 0.0
    bet: Bet = NO_BET
    log_e: float = 0.0
    most: float = 0.0
    unit: float | None = None
    place: int = 0
    alarmed: int | None = None
    alarmed_at: str | None = None

    def after(self, window: PairedWindow) -> Course:
        """What is known with one more window."""
        changed = window.worse + window.better
        grown = replace(
            self,
            looks=self.looks + 1,
            rows=self.rows + window.rows,
            worse=self.worse + window.worse,
            better=self.better + window.better,
            total=self.total + window.harm_sum,
            squares=self.squares + window.harm_squares,
            bet=self.bet.after((window.worse - window.better) / changed) if changed else self.bet,
        )
        log_e = _evidence(grown)
        grown = replace(grown, log_e=log_e, most=max(self.most, log_e))
        if self.alarmed is not None:
            return grown
        if self.horizon is None:
            alarms = log_e >= -math.log(self.alpha)
        else:
            grown, alarms = _planned(grown, window)
        return replace(grown, alarmed=self.looks, alarmed_at=window.start) if alarms else grown

    def said(self) -> Sequential:
        """What is known, as a value."""
        interval = None
        if self.rows >= LEAST_ROWS and (self.evidence == "losses" or self.worse + self.better >= LEAST_CHANGED):
            low, high = confidence_sequence(
                self.total, self.squares, self.rows, alpha=self.alpha, expected_rows=self.expected_rows
            )
            interval = (float(low), float(high)) if math.isfinite(low) else None
        return Sequential(
            alpha=self.alpha,
            horizon=self.horizon,
            evidence=self.evidence,
            looks=self.looks,
            rows=self.rows,
            worse=self.worse,
            better=self.better,
            log_e_value=self.log_e,
            p_value=max(math.exp(-self.most), 1e-300),
            harm=self.total / self.rows if self.rows else None,
            interval=interval,
            alarmed=self.alarmed,
            alarmed_at=self.alarmed_at,
        )


def follow(
    windows: Iterable[PairedWindow],
    *,
    alpha: float,
    horizon: int | None,
    expected_rows: float,
    evidence: Evidence = "rows",
) -> Sequential:
    """Whether the present model is worse than its baseline, looked at after every window.

    The chance that a model which is never worse ever alarms is at most alpha. Without a horizon an e-process holds
    that for any number of windows. With one, alpha is spent over the planned looks by O'Brien and Fleming's manner
    (Lan and DeMets 1983), information being the changed rows: more is found within the plan, and nothing after it.
    An alarm, once raised, stands; windows that come later never change it. A new model, or a new baseline, begins anew.

    Args:
        windows: In the order in which they were looked at, every window once.
        alpha: Error rate over all looks, between 0 and 1.
        horizon: How many windows are planned; None goes on for ever.
        expected_rows: Rows by which harm that matters shall be found: bounds of the mean are tightest there. Fixed
            before the first window.
        evidence: "rows": rows that one model errs on and the other does not, each by itself; exact where rows are
            independent. "windows": each window's such rows together, where rows of a window (a day's, a customer's)
            move together. "losses": the sum of harms, of any loss; asymptotic, with rows (or clusters, if
            `harm_squares` are theirs) independent.

    Raises:
        UsageError: for an alpha, a horizon or expected rows that make no sense.

    Sources: `log_e_value`, `Bet`, `mean_log_e_value` and `Plan` name theirs.

    Example:
        >>> window = PairedWindow(start="2013-05-01", rows=400, worse=9, better=4, harm_sum=5, harm_squares=13)
        >>> forever = follow([window] * 50, alpha=0.01, horizon=None, expected_rows=20_000)
        >>> planned = follow([window] * 50, alpha=0.01, horizon=50, expected_rows=20_000)
        >>> forever.alarmed, planned.alarmed, forever.looks
        (6, 12, 50)
    """
    if not 0 < alpha < 1 or (horizon is not None and horizon < 1) or not expected_rows >= 1:
        message = f"alpha {alpha}, horizon {horizon}, expected rows {expected_rows} stood here"
        raise UsageError(
            message, next_step="alpha between 0 and 1; one planned window or more, or none; one row or more"
        )
    course = Course(alpha, horizon, evidence, expected_rows, Plan(alpha, horizon or 0))
    for window in windows:
        course = course.after(window)
    return course.said()


def _evidence(course: Course) -> float:
    """Natural logarithm of the e-value of the sums so far."""
    if course.evidence == "rows":
        return float(log_e_value(course.worse, course.better))
    if course.evidence == "windows":
        return course.bet.log_wealth
    if course.rows < LEAST_ROWS:
        return 0.0
    alpha, expected = course.alpha, course.expected_rows
    return float(mean_log_e_value(course.total, course.squares, course.rows, alpha=alpha, expected_rows=expected))


def _planned(course: Course, window: PairedWindow) -> tuple[Course, bool]:
    """With the next planned look taken, and whether it alarms."""
    unit = course.unit if course.unit is not None else unit_of(window, course.evidence)
    moved, step = step_of(window, course.evidence, unit)
    plan, bar = course.plan.after(step)
    place = course.place + moved
    enough = course.evidence != "losses" or course.rows >= LEAST_ROWS
    return replace(course, plan=plan, unit=unit, place=place), enough and bar is not None and place >= bar


def _odds(log_e: float) -> str:
    if log_e > 6 * math.log(10):
        return "over a million to 1"
    return f"{math.exp(log_e):.2g} to 1" if log_e < math.log(100) else f"{math.exp(log_e):,.0f} to 1"


def _many(count: int, thing: str) -> str:
    return f"{count:,} {thing}" + ("" if count == 1 else "s")
