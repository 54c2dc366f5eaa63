"""What is known of every metric on every slice before any error rate is shared out."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from baseline_pipeline.comparison import ALL_ROWS, Counts
from baseline_pipeline.figures import counted
from baseline_pipeline.measuring import cluster_codes
from baseline_pipeline.metrics.outcomes import Metric, Outcomes
from baseline_pipeline.significance.clustered import Uncertainty, independent_sum, no_surer
from baseline_pipeline.significance.power import normal_quantile
from baseline_pipeline.significance.units import units_of

if TYPE_CHECKING:
    from baseline_pipeline.contract.metrics import Margin, MetricRule, Role
    from baseline_pipeline.evaluation import Scores
    from baseline_pipeline.significance.drawn_labels import DrawnLabels

Array = np.ndarray[Any, Any]
Pairing = Literal["paired", "unpaired"]

MIN_ROWS = 500
MIN_CHANGED = 10
MIN_CLUSTERS = 5
MIN_SUPPORT = 10
"""Rows of the thinnest group averaged over that a verdict or an interval needs."""


@dataclass(frozen=True)
class Part:
    """The rows of one side that are compared; clusters and units are numbered within the side."""

    outcomes: Outcomes
    cluster: Array | None
    unit: Array
    units: int
    columns: Any

    def __len__(self) -> int:
        return len(self.outcomes)


def part(scores: Scores, rows: Array, seed: int) -> Part:
    """Some rows of one side, with the units that are taken to be independent."""
    import pyarrow as pa

    cluster = cluster_codes(None if scores.cluster is None else scores.cluster[rows])
    columns = scores.columns.take(pa.array(rows))
    unit = units_of(len(rows), cluster, seed)
    outcomes = replace(scores.outcomes.take(rows), cluster=cluster)
    return Part(outcomes, cluster, unit, int(unit.max(initial=-1)) + 1, columns)


@dataclass
class Effect:
    """One metric on one slice; harm is positive where the candidate is worse.

    Attributes:
        rule: What the contract demands of the metric.
        metric: The metric.
        slice: Name of the slice.
        role: In which the metric stands on this slice.
        margin: Harm that is tolerated.
        severe: Harm that pages somebody.
        rows: Rows compared (of the candidate, where unpaired); requests, or runs, where those are what is compared.
        clusters: Independent clusters among them, where the contract names a cluster.
        changed: Paired rows whose contribution differs; `None` where unpaired.
        baseline: Value of the baseline.
        candidate: Value of the candidate.
        harm: In the metric's unit.
        uncertainty: Of the harm.
        discordant: Decisions that went right to wrong, wrong to right, and how many there are, where the metric
            is a share of them that were right (or wrong) and rows count alike.
        identical: Whether nothing that the metric could ever see differs: no row of it, and no score behind
            its decisions.
        support: Rows of the thinnest group averaged over.
        reach: Largest share of one changed decision in the harm, times the rows.
        total: (u,) harm summed over the rows of every unit, their mean over rows being the harm; where
            unpaired its noise alone.
        size: (u,) rows of every unit.
        weighted: (u,) like `total`, each row weighted by how far its score moved; `None` where that
            says nothing, and on slices, which pick the damaged rows themselves.
        stake: Loss to be expected if the baseline's scores were the truth and every move of them a damage,
            summed over rows; the same for either direction. `None` where that cannot be said.
        directed: Whether it is settled which way is worse. It is not for a metric with a target while the
            two values' middle may lie on either side of it; any movement then counts as harm.
        problem: Why nothing can be said or tested.
        empty: Whether the slice has no rows.
        apart: Whether its units are blocks of times and not units of rows.
        proven: How it is known that the harm lies below the margin, where no test is needed to say so.
        bound: How far the harm can be from that of the rows themselves, where it was read from bins.
        room: How far the true harm can lie above the one seen, and below it, beside its error: where values add up
            sizes of gaps, luck lifts them.
        fixed: The part of the standard error that more of what is counted does not take away: of the baseline's value,
            where its rows are others; of pairs of processes, where they answer.
        less_margin: Of the harm less a margin that is a share of the baseline's value, which is as uncertain as that
            is; `None` where the margin is no such share.
        luck: How much harm, and how much gain, numbers of rows alone make where both sides are equally good.
        least: Requests, runs, or rows of a slice, without which nothing is judged.
        ended: That fewer requests were timed than asked for, and why; empty where all were.
        drawn: What the harm (less a margin that is a share of the baseline's value) does when labels are drawn anew.
    """

    rule: MetricRule
    metric: Metric
    slice: str
    role: Role
    margin: Margin | None
    severe: Margin | None
    rows: int
    clusters: int | None = None
    changed: int | None = None
    baseline: float | None = None
    candidate: float | None = None
    harm: float | None = None
    uncertainty: Uncertainty | None = None
    discordant: tuple[int, int, int] | None = None
    identical: bool = False
    support: int | None = None
    reach: float = 1.0
    total: Array | None = None
    size: Array | None = None
    weighted: Array | None = None
    stake: float | None = None
    directed: bool = True
    problem: str = ""
    empty: bool = False
    apart: bool = False
    proven: str = ""
    bound: float = 0.0
    room: tuple[float, float] = (0.0, 0.0)
    luck: tuple[float, float] = (0.0, 0.0)
    fixed: float = 0.0
    less_margin: Uncertainty | None = None
    least: int = 0
    ended: str = ""
    drawn: DrawnLabels | None = None

    @property
    def testable(self) -> bool:
        """Whether there is enough to test by."""
        return self.total is not None and not self.problem

    @property
    def even(self) -> float:
        """Units of equal weight that its own test is worth (Kish 1965); infinite where none are summed up."""
        return np.inf if self.size is None else float(self.size.sum()) ** 2 / float((self.size**2).sum())

    @property
    def counts(self) -> Counts:
        """What its rows are a count of."""
        over = self.metric.over_times
        return "rows" if over is None else "runs" if over.of == "memory" else "requests"

    @property
    def fewest(self) -> int:
        """Rows, requests or runs without which there is no verdict, however small the error."""
        if self.counts != "rows":
            return self.least
        least = MIN_ROWS if self.slice == ALL_ROWS else self.least
        return max(least, math.ceil(self.rows * MIN_CHANGED / self.changed)) if self.changed else least

    @property
    def family(self) -> str:
        """The share of the error rate that it draws on."""
        if self.metric.family != "performance":
            return self.metric.family
        return "overall" if self.slice == ALL_ROWS else "slices"

    @property
    def share(self) -> float:
        """How far the margin moves with the baseline's value."""
        relative = None if self.margin is None else self.margin.relative
        return (relative or 0.0) * float(np.sign(self.baseline or 0.0))

    def beyond(self, level: float) -> float:
        """How far above the harm its upper bound lies at least, since few labels may decide.

        Args:
            level: One-sided, of the bound.
        """
        if self.drawn is None or self.harm is None or self.baseline is None or self.uncertainty is None:
            return 0.0
        error = (self.less_margin or self.uncertainty).error or self.uncertainty.error
        seen = self.harm - self.share * self.baseline
        return self.drawn.reach(seen, error, normal_quantile(1 - level))

    def unsure(self, level: float) -> float:
        """The standard error that an upper bound of the harm stands for, where that is a normal one.

        Args:
            level: One-sided, of the bound.
        """
        assert self.uncertainty is not None  # noqa: S101  # the caller has looked
        return max(self.uncertainty.error, self.beyond(level) / normal_quantile(1 - level))

    def of_others(
        self, sides: tuple[Uncertainty, Uncertainty], rows: tuple[Uncertainty, Uncertainty], sign: float
    ) -> None:
        """Note how sure the harm is where the two sides' rows are others.

        Args:
            sides: Of the baseline's value, and of the candidate's.
            rows: The same as if rows were independent.
            sign: 1 where higher values are worse, else -1.
        """
        baseline, candidate = no_surer(sides[0], *rows), no_surer(sides[1], *rows[::-1])
        now = candidate.times(sign)
        self.uncertainty, self.fixed = independent_sum(baseline.times(-sign), now), baseline.error
        self.less_margin = independent_sum(baseline.times(-sign - self.share), now)

    def lifted(self, before: float, after: float, *, moved: float | None = None) -> None:
        """Note how far luck alone can have lifted either side's value.

        Args:
            before: The baseline's.
            after: The candidate's.
            moved: How far rows moved on average, where they are the same ones: luck lifts both values alike, and by
                no more than that apart. `None` where they are others, and their numbers alone make a difference.
        """
        below, above = (before, after) if self.metric.better == "lower" else (after, before)
        most = np.inf if moved is None else moved
        self.room = (min(below, most), min(above, most))
        if moved is None:
            self.luck = (max(above - below, 0.0), max(below - above, 0.0))

    def counted(self, before: int | None, now: int | None, least: int) -> None:
        """Note how many rows a slice has on either side, and say in its own word why nothing is judged.

        Args:
            before: Rows of the baseline; `None` where the slice is not there.
            now: Rows of the candidate; `None` where the slice is not there.
            least: Rows below which it is not judged.
        """
        self.rows, self.least = now or 0, least
        if before is None:
            self.problem = "a new slice: the baseline has no such rows"
        elif now is None:
            self.problem, self.empty = f"a vanished slice: the baseline has {before} such rows", True
        elif now == 0:
            self.problem, self.empty = "no rows", True
        elif min(now, before) < least:
            self.problem = f"{counted(min(now, before), 'row')}, fewer than {least}"


def demanded(rule: MetricRule, name: str, rows: int) -> Effect:
    """What the contract demands of a metric on a slice, before anything is known of it."""
    metric = rule.measured
    if name == ALL_ROWS:
        severe = rule.severe or (rule.margin.scaled(2) if rule.margin else None)
        return Effect(rule, metric, name, rule.role, rule.margin, severe, rows)
    role: Role = "report_only" if rule.role == "report_only" else rule.slices.role
    margin = rule.slices.margin or (rule.margin.scaled(3) if rule.margin else None)
    return Effect(rule, metric, name, role, margin, margin.scaled(2) if margin else None, rows)


def shortage(effect: Effect, rows: int) -> str:
    """Why there is not enough to test by, if so."""
    uncertainty = effect.uncertainty
    if uncertainty is None or effect.identical:
        return ""
    if effect.slice == ALL_ROWS and rows < MIN_ROWS:
        return f"{rows} rows; {MIN_ROWS} are needed for a verdict"
    if effect.support is not None and effect.support < MIN_SUPPORT:
        return f"rests on {effect.support} rows of one class; {MIN_SUPPORT} are needed for a verdict"
    if effect.changed is not None and effect.changed < MIN_CHANGED:
        return f"{effect.changed} changed rows; {MIN_CHANGED} are needed for a verdict"
    if not np.isfinite(uncertainty.error) or uncertainty.clusters < MIN_CLUSTERS:
        return f"{uncertainty.clusters} clusters; {MIN_CLUSTERS} are needed for a verdict"
    return ""
