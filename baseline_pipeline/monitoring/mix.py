"""Whether a mean moved since its rows changed, or only since other rows came more often (Simpson's paradox)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from baseline_pipeline.metrics.outcomes import NotMeasurable
from baseline_pipeline.slices import find_slices

if TYPE_CHECKING:
    from baseline_pipeline.contract import Contract
    from baseline_pipeline.metrics.outcomes import Outcomes
    from baseline_pipeline.monitoring.scored_rows import ScoredRows
    from baseline_pipeline.monitoring.windows import Windowing

Array = np.ndarray[Any, Any]
LEAST_ROWS = 5
"""Rows of a slice that its mean is taken from."""
SHOWN = 2


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
            code = np.zeros(len(rows), dtype=np.int64)
            for number, part in enumerate(parts):
                code[part.rows] = number
            share = np.bincount(code[calm], minlength=len(parts)) / max(int(calm.sum()), 1)
            self.kinds.append(([part.name for part in parts], code, share))

    def explains(self, name: str, start: np.datetime64, expected: float, ratio: float) -> str:
        """Which changed shares bring a mean over its limit, in words; empty where they do not.

        The window's rows are weighted so that every slice comes as often as in calm times (direct
        standardisation). Where the mean is then within its limit, the mix moved and the slices did not.

        Source: Kitagawa (1955), Components of a difference between two rates, J. Am. Stat. Assoc. 50:1168.

        Args:
            name: Metric, `mean label` or `bias`.
            start: Of the window.
            expected: What calm windows show.
            ratio: Harm over the limit.
        """
        where = self.windowing.rows_in(self.rows.at, start)
        chosen = np.arange(where.start, where.stop)
        chosen = chosen[self.rows.labelled[chosen]]
        loss = self._loss(name, self.rows.outcomes.take(chosen)) if len(chosen) else None
        if loss is None:
            return ""
        plain = abs(float(loss.mean()) - expected)
        for names, code, share in self.kinds:
            count = np.bincount(code[chosen], minlength=len(names))
            total = np.bincount(code[chosen], loss, minlength=len(names))
            kept = (count >= LEAST_ROWS) & (share > 0)
            if kept.sum() < 2 or share[kept].sum() < 0.5:  # noqa: PLR2004  # two slices, and most rows
                continue
            alike = float((share[kept] * total[kept] / count[kept]).sum() / share[kept].sum())
            if plain > 0 and ratio * abs(alike - expected) / plain <= 1:
                now = count / count.sum()
                most = np.argsort(-np.abs(now - share))[:SHOWN]
                return ", ".join(f"{names[one]} {share[one]:.0%} -> {now[one]:.0%} of the rows" for one in most)
        return ""

    def _loss(self, name: str, outcomes: Outcomes) -> Array | None:
        """(n,) what the mean is taken of; `None` where the value is no mean."""
        if name == "mean label":
            return None if outcomes.is_text else outcomes.label.astype(float)
        if name == "bias":
            given = outcomes.prediction if self.contract.task == "regression" else outcomes.score
            return None if given is None or given.ndim != 1 else given - outcomes.label
        rule = next((one for one in self.contract.metrics if one.measured.name == name), None)
        if rule is None or not rule.measured.rowwise:
            return None
        try:
            found = rule.measured.measure(outcomes)
        except NotMeasurable:
            return None
        return np.asarray(found.influence + found.value)
