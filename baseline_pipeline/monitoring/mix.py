"""Whether a value moved since its rows changed, or only since other rows came more often (Simpson's paradox)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from baseline_pipeline.metrics.outcomes import NotMeasurable
from baseline_pipeline.shift import weighted
from baseline_pipeline.slices import find_slices

if TYPE_CHECKING:
    from baseline_pipeline.contract import Contract
    from baseline_pipeline.metrics.outcomes import Outcomes
    from baseline_pipeline.monitoring.scored_rows import ScoredRows
    from baseline_pipeline.monitoring.windows import Windowing

Array = np.ndarray[Any, Any]
LEAST_ROWS = 5
"""Rows of a slice that its part of the value is taken from."""
MOST_LEFT = 0.5
"""Share of the way that may be left with calm shares: what is barely over its limit is else explained by anything."""
SHOWN = 2
MEAN_SCORE = "mean score"


class Mix:
    """Slices of every declared kind, and how often they come in calm times.

    Args:
        contract: Metrics and slices.
        rows: All rows, ascending in time.
        windowing: How time is cut.
        calm: (n,) rows of calm windows.
    """

    def __init__(self, contract: Contract, rows: ScoredRows, windowing: Windowing, calm: Array) -> None:
        self.contract, self.rows, self.windowing = contract, rows, windowing
        self.kinds: list[tuple[list[str], Array, Array]] = []
        for spec in contract.slices:
            if spec.by is None or any(spec.parts(column) for column in spec.by):
                continue
            parts = find_slices([spec], rows.columns)
            code = np.full(len(rows), len(parts))
            for number, part in enumerate(parts):
                code[part.rows] = number
            count = np.bincount(code[calm], self._stands_for(calm), minlength=len(parts) + 1)
            share = count / max(count.sum(), 1)
            self.kinds.append(([*(part.name for part in parts), "the rest"], code, share))

    def explains(self, name: str, start: np.datetime64, expected: float, ratio: float) -> str:
        """Which changed shares bring a value over its limit, in words; empty where they do not.

        The window's rows are weighted so that every slice comes as often as in calm times (direct
        standardisation). Where the value is then within its limit, and less than half as far away, the mix moved and
        the slices did not.

        Source: Kitagawa (1955), Components of a difference between two rates, J. Am. Stat. Assoc. 50:1168.

        Args:
            name: Metric, `mean label`, `bias` or `mean score`.
            start: Of the window.
            expected: What calm windows show.
            ratio: Harm over the limit.
        """
        where = self.windowing.rows_in(self.rows.at, start)
        chosen = np.arange(where.start, where.stop)
        if name != MEAN_SCORE:
            chosen = chosen[self.rows.labelled[chosen]]
        away = abs(self._value(name, chosen, np.ones(len(chosen))) - expected)
        for names, code, share in self.kinds:
            rows = np.bincount(code[chosen], minlength=len(names))
            now = np.bincount(code[chosen], self._stands_for(chosen), minlength=len(names))
            kept = (rows >= LEAST_ROWS) & (share > 0)
            if kept.sum() < 2 or share[kept].sum() < 0.5:  # noqa: PLR2004  # two slices, and most rows
                continue
            inside = chosen[kept[code[chosen]]]
            alike = self._value(name, inside, share[code[inside]] / now[code[inside]])
            if away > 0 and abs(alike - expected) <= away * min(MOST_LEFT, 1 / ratio):
                now = now / now.sum()
                most = np.argsort(-np.abs(now - share))[:SHOWN]
                return ", ".join(f"{names[one]} {share[one]:.0%} -> {now[one]:.0%} of the rows" for one in most)
        return ""

    def _stands_for(self, rows: Array) -> Array:
        return np.ones(len(self.rows))[rows] if self.rows.stands_for is None else self.rows.stands_for[rows]

    def _value(self, name: str, rows: Array, weight: Array) -> float:
        """What is watched under a name, of weighted rows; NaN where they do not give it."""
        if len(rows) == 0:
            return float("nan")
        outcomes = weighted(self.rows.outcomes.take(rows), weight)
        rule = next((one for one in self.contract.metrics if one.measured.name == name), None)
        if rule is None:
            level = self._level(name, outcomes)
            known = np.zeros(len(rows), dtype=bool) if level is None else np.isfinite(level)
            if level is None or not known.any():
                return float("nan")
            return float(np.average(level[known], weights=(self._stands_for(rows) * weight)[known]))
        try:
            return float(rule.measured.measure(outcomes).value)
        except NotMeasurable:
            return float("nan")

    def _level(self, name: str, outcomes: Outcomes) -> Array | None:
        """(n,) what a mean is taken of; `None` where the value is no mean."""
        if outcomes.is_text:
            return None
        if name == "mean label":
            return outcomes.label.astype(float)
        given = outcomes.prediction if self.contract.gives_numbers else outcomes.score
        if given is None or given.ndim != 1:
            return None
        return {"bias": given - outcomes.label, MEAN_SCORE: given}.get(name)
