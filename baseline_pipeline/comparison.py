"""Candidate against baseline, per metric and slice, with error rates."""

from __future__ import annotations

from typing import Literal

from baseline_pipeline.contract.metrics import Role
from baseline_pipeline.figures import places
from baseline_pipeline.fingerprint import Facet
from baseline_pipeline.metrics.outcomes import Better
from baseline_pipeline.records import Digest, Record
from baseline_pipeline.verdicts import Tier, Verdict

Counts = Literal["rows", "requests", "runs"]
Moved = Literal["model", "dependencies", "infrastructure", "code", "data_values", "population"]

ALL_ROWS = "all"
"""The name of the slice that holds every row."""


class Cell(Record):
    """One metric on one slice; gain is positive when the candidate is better, in the metric's unit."""

    metric: str
    slice: str
    role: Role
    unit: str
    better: Better
    rows: int
    """Rows compared (of the candidate, where the comparison is unpaired); see `counts`."""
    clusters: int | None
    changed_rows: int | None
    """Paired rows whose contribution differs; `None` where unpaired."""
    baseline: float | None
    candidate: float | None
    gain: float | None
    interval: tuple[float, float] | None
    """Two-sided 95 % interval of the gain."""
    harm_bounds: tuple[float | None, float] | None
    """Lower bound of the harm at the adjusted false-alarm level (`None` where units are too few to bound
    it), upper bound at the non-inferiority level."""
    p_value: float | None
    """One-sided, of no harm."""
    p_adjusted: float | None
    """Adjusted over everything that is gated; over all that only report, for what does (Benjamini and Hochberg)."""
    margin: float | None
    severe: float | None
    minimum_detectable_effect: float | None
    rows_required: int | None
    """Rows needed to show non-inferiority with the contract's power, if nothing is wrong."""
    verdict: Verdict
    tier: Tier | None
    note: str
    counts: Counts = "rows"
    """What `rows` and `rows_required` count: of times requests that both models answered, of memory runs of both."""

    @property
    def only_reported(self) -> bool:
        """Whether it is a value and no verdict: it has no margin to be judged by, and broke no floor."""
        return self.role == "report_only" and self.margin is None and self.verdict != "degraded"

    @property
    def decimals(self) -> int:
        """Two digits of the margin, and where it can be, one of the interval's half-width.

        What is much finer than the margin cannot matter, so the margin allows at most two decimals more.
        """
        half_width = abs(self.interval[1] - self.interval[0]) / 2 if self.interval else 0.0
        if self.margin:
            by_margin = places(self.margin)
            return min(max(by_margin, places(half_width, 1)), by_margin + 2) if half_width else by_margin
        return places(half_width) if half_width else places(self.baseline or self.candidate, 3)


class RowChanges(Record):
    """What differs between two scorings of the same rows, exactly."""

    rows: int
    changed_scores: int
    largest_difference: float | None
    decisions_changed: int | None
    """Decisions, or answers in words; `None` where the model gives numbers and decides nothing."""
    labels_changed: int
    right_to_wrong: int | None
    wrong_to_right: int | None
    disagreement_upper: float | None
    """Upper 95 % Clopper-Pearson bound of the share of decisions that changed: accuracy cannot move more."""


class Leaning(Record):
    """How much of what moves the score is one feature's doing, before and now."""

    feature: str
    baseline: float
    """Share of the movement that permuting all features one by one makes, or of all mean |SHAP values|; the shares add
    up to one."""
    candidate: float
    p_adjusted: float
    """Of no change, over all features."""
    found: bool
    """Whether it changed for certain, and by a tenth or more."""


class Adjusted(Record):
    """A metric with the baseline's rows weighted to look like the present ones; it gates nothing."""

    metric: str
    baseline: float
    """Of the weighted rows."""
    candidate: float
    gain: float
    interval: tuple[float, float]
    """Two-sided 95 % interval of the gain, the weights taken as known."""


class JointShift(Record):
    """Whether rows of the two sides can be told apart by their features together."""

    auc: float
    """Of a classifier on rows that it did not learn from; 0.5 where nothing moved."""
    error: float
    p_value: float
    effective_rows: float
    """Rows of the baseline that the weighted ones are worth."""
    adjusted: tuple[Adjusted, ...]


class Side(Record):
    """One of the two evaluations of a contrast."""

    evaluation: Digest
    scores_file: Digest
    version: str
    snapshot: Digest


class Contrast(Record):
    """One comparison of two evaluations: what moved, how rows were matched, and the verdicts."""

    moved: Moved
    pairing: Literal["paired", "unpaired"]
    question: str
    """What this contrast answers, in words."""
    baseline: Side
    candidate: Side
    rows: int
    rows_left_out: int
    """Rows left out because one of the models learned from them or the other side lacks them."""
    left_out_because: str
    changes: RowChanges | None
    cells: tuple[Cell, ...]
    not_comparable: str | None
    """Why no number may be given; the cells are then empty."""
    seed: int
    """Of the random signs; it follows from the two sides and the policy."""
    timed: Digest | None = None
    """Key of the times that latency was judged by."""
    anchor_revision: int | None = None
    """Revision of the anchor, where it is what is compared with: primaries on all rows, its own margins."""
    beside_unchanged: bool = False
    """Of changed values: among all rows that both hold, by metrics that are more than a mean of what rows add."""
    joint: JointShift | None = None
    """Of new rows: how the features moved together, and performance adjusted for it."""
    replay_difference: float = 0.0
    """How far either model's scores of the same rows differ when it scores them twice."""
    leanings: tuple[Leaning, ...] = ()
    """What the two models lean on, the largest change first."""
    shap_leanings: tuple[Leaning, ...] = ()
    """The same by SHAP values, where both evaluations have them."""
    look: int = 1
    """How often this was asked of growing data since the baseline was revised, this time included."""


class FacetChange(Record):
    """A facet that moved since the baseline, in words people use."""

    facet: Facet | Literal["contract"]
    """The contract, where nothing else moved and it came to ask for more."""
    before: Digest | None
    after: Digest | None
    details: tuple[str, ...]
    """For example `scikit-learn 1.6.1 -> 1.9.1`, `+29425 rows`, `cores 2 -> 4`, `measures recall[plan=pro]`."""


class Comparison(Record):
    """Everything compared for one candidate state of a model."""

    model: str
    baseline_revision: int | None
    """`None` while no baseline was established: there is nothing to compare with."""
    candidate: Digest | None
    """Key of the evaluation that would become the baseline; `None` where none could be made."""
    changed: tuple[FacetChange, ...]
    contrasts: tuple[Contrast, ...]
    drift: Digest | None
    """Key of the stored report on how far the new rows drifted from the baseline's; `None` where none is new."""
    changed_drift: Digest | None = None
    """The same of rows whose values changed, held against themselves; `None` where none did."""
    evidence_missing: tuple[str, ...]
    """Why the evidence must not be trusted, if so: wrong environment, contradicted manifest, failures."""
    failures: tuple[str, ...] = ()
    """Models that did not load or predict where the baseline's did: a criterion of its own."""
    policy: Digest

    @classmethod
    def of_one(cls, model: str, contrast: Contrast, policy: Digest) -> Comparison:
        """What one contrast comes to by itself, with no baseline of any number and nothing else that moved.

        Args:
            model: The model's name.
            contrast: All that is compared.
            policy: Digest of the contract's policy.
        """
        return cls(
            model=model,
            baseline_revision=0,
            candidate=None,
            changed=(),
            contrasts=(contrast,),
            drift=None,
            evidence_missing=(),
            policy=policy,
        )
