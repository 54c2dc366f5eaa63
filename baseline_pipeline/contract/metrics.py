"""What is measured, how much loss is tolerated, and how often a verdict may be wrong."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Annotated, Any, Literal, Self

from pydantic import Field, JsonValue, model_validator

from baseline_pipeline.contract.section import CallableRef, ColumnName, Misplaced, Section, Text
from baseline_pipeline.metrics import METRICS, nearest_metric
from baseline_pipeline.metrics.custom import custom_metric, custom_statistic
from baseline_pipeline.metrics.outcomes import Metric
from baseline_pipeline.significance.spending import levels, open_level, spent_evenly

Role = Literal["primary", "guardrail", "report_only"]


class Margin(Section):
    """The loss that is tolerated: in the metric's own unit, or relative to the baseline's value."""

    absolute: float | None = Field(default=None, gt=0)
    """In the metric's unit."""
    relative: float | None = Field(default=None, gt=0)
    """As a fraction of the baseline's value: 0.02 is two percent."""

    @model_validator(mode="after")
    def _exactly_one(self) -> Self:
        if (self.absolute is None) == (self.relative is None):
            message = "a margin is {absolute: ...} in the metric's unit or {relative: ...}, exactly one"
            raise ValueError(message)
        return self

    def size(self, baseline: float) -> float:
        """The margin in the metric's unit.

        Example:
            >>> Margin(relative=0.02).size(-50.0)
            1.0
        """
        return self.absolute if self.absolute is not None else (self.relative or 0.0) * abs(baseline)

    def scaled(self, factor: float) -> Margin:
        """The same margin, `factor` times as wide."""
        if self.absolute is not None:
            return Margin(absolute=self.absolute * factor)
        return Margin(relative=(self.relative or 0.0) * factor)


class SliceRule(Section):
    """How a metric is judged on slices, where that differs from the whole."""

    role: Role = "guardrail"
    margin: Margin | None = None
    """Defaults to the metric's margin, three times as wide."""


class MetricRule(Section):
    """One metric and what is demanded of it."""

    metric: Text
    """A name from `baseline schema --metrics`."""
    parameters: dict[str, JsonValue] = Field(default_factory=dict)
    """What the metric is told, where it takes something: `{beta: 2}`, `{column: sex}`. Classes are named by their
    labels: `{average: cat}`, `{matrix: {cat: {cat: 0, dog: 5}, dog: {cat: 2, dog: 0}}}`, by label and prediction."""
    function: CallableRef | None = None
    """A loss per row of your own, `module:function`; `metric` is then its name. It takes a DataFrame with `label`,
    `prediction`, `score` and the columns named, and returns a number for every row; the metric is their mean."""
    statistic: CallableRef | None = None
    """A number for all rows together, `module:function`, where no loss per row adds up to it; given the same
    DataFrame. It is computed some forty times without a part of the rows, which says how sure it is."""
    better: Literal["higher", "lower"] = "lower"
    """Which values of your own function are better."""
    unit: Text = "loss"
    """Unit of your own function's values."""
    columns: list[ColumnName] = Field(default_factory=list)
    """Columns that your own function reads."""
    role: Role = "primary"
    """Primaries must be shown non-inferior; guardrails must not be shown harmed; the rest is reported."""
    margin: Margin | None = None
    """Tolerated loss; required unless the role is report_only."""
    severe: Margin | None = None
    """Loss that pages somebody; twice the margin by default."""
    floor: float | None = None
    """The value itself must not be worse than this, whatever the baseline was; further from its target, where the
    metric has one."""
    slices: SliceRule = SliceRule()
    """The same metric on slices."""
    business_weight: float = Field(default=1.0, gt=0)
    """How much the metric matters beside the others; alarms are shown in this order."""
    why: Text | None = None
    """What a loss of the margin's size costs."""

    @model_validator(mode="before")
    @classmethod
    def _parameters_in_their_place(cls, given: Any) -> Any:  # whatever stood there
        name = given.get("metric") if isinstance(given, dict) else None
        metric = METRICS.get(name) if isinstance(name, str) else None
        told = [word for word in given if word in metric.parameters] if metric else []
        if told:
            words = f"{', '.join(told)} {'are parameters' if told[1:] else 'is a parameter'} of {name}"
            message = f"{words}; accepted: `parameters: {{{', '.join(f'{word}: ...' for word in told)}}}`"
            raise Misplaced(message, (told[0],))
        return given

    @model_validator(mode="after")
    def _known(self) -> Self:
        if self.function is not None and self.statistic is not None:
            message = (
                f"metric {self.metric!r} names both a function (a loss per row) and a statistic; accepted: one of them"
            )
            raise ValueError(message)
        if self.own is not None and self.metric in METRICS:
            message = f"metric {self.metric!r} is ours; give your own function another name"
            raise ValueError(message)
        if self.own is None and self.metric not in METRICS:
            near, listed = nearest_metric(self.metric), ", ".join(sorted(METRICS))
            message = f"metric {self.metric!r} is not known; did you mean {near!r}? accepted: {listed}"
            raise ValueError(message)
        own = {"better", "unit", "columns"} & self.model_fields_set
        if self.own is None and own:
            message = f"{', '.join(sorted(own))}: only your own `function` is told; {self.metric} is ours"
            raise ValueError(message)
        return self

    @property
    def own(self) -> str | None:
        """The user's own function, whichever way it is used."""
        return self.function or self.statistic

    @cached_property
    def measured(self) -> Metric:
        """The metric, told its parameters.

        Raises:
            ValueError: on a parameter that it does not take.
        """
        if self.own is None:
            return METRICS[self.metric].configured(self.parameters)
        if self.parameters:
            message = f"metric {self.metric!r} is a function of your own and takes no parameters"
            raise ValueError(message)
        make = custom_metric if self.function else custom_statistic
        return make(self.metric, self.own, better=self.better, unit=self.unit, columns=self.columns)

    def misfit(self, classes: Sequence[str], *, several: bool) -> str:
        """What is wrong with the classes that the parameters name; nothing where all is well.

        Args:
            classes: Names of the label's classes (of two, the second is the positive one).
            several: Whether the label may have more than two.

        Example:
            >>> rule = MetricRule(metric="f1", role="report_only", parameters={"average": "cat"})
            >>> rule.misfit(["cow", "pig"], several=True)
            "average 'cat' is no class; accepted: macro, micro, weighted, or a class by its label: cow, pig"
        """
        known = METRICS[self.metric].parameters if self.own is None else {}
        told = [(known[name].misfit, value) for name, value in self.parameters.items()]
        return next((wrong for of, value in told if of is not None and (wrong := of(value, classes, several))), "")

    @model_validator(mode="after")
    def _parameters_fit(self) -> Self:
        _ = self.measured
        return self

    @model_validator(mode="after")
    def _stability_reports(self) -> Self:
        if self.measured.over_pairs is not None and self.role != "report_only":
            message = f"metric {self.metric!r} says what moved, not what got worse; accepted: `role: report_only`"
            raise ValueError(message)
        return self

    @model_validator(mode="after")
    def _margins_are_there(self) -> Self:
        if self.role != "report_only" and self.margin is None:
            message = (
                f"metric {self.metric!r} is {self.role} and needs a margin: {{absolute: ...}} or {{relative: ...}}"
            )
            raise ValueError(message)
        if self.severe is not None and self.margin is not None:
            same_kind = (self.severe.absolute is None) == (self.margin.absolute is None)
            if not same_kind:
                message = "`severe` and `margin` must both be absolute or both be relative"
                raise ValueError(message)
            wide, narrow = (m.absolute or m.relative or 0.0 for m in (self.severe, self.margin))
            if wide < narrow:
                message = f"`severe` ({wide:g}) is narrower than `margin` ({narrow:g})"
                raise ValueError(message)
        return self


class Weights(Section):
    """How the false-alarm rate is shared out to begin with; what one family leaves unspent, the others get.

    Only families that the contract measures take a share.
    """

    overall: float = Field(default=0.35, gt=0)
    """All rows: error, proper scores, ranking."""
    slices: float = Field(default=0.28, gt=0)
    """The same on slices."""
    calibration: float = Field(default=0.10, gt=0)
    """Slope and intercept."""
    resources: float = Field(default=0.27, gt=0)
    """Latency, memory, cost."""


class ErrorRates(Section):
    """How often the gate may be wrong."""

    false_alarm: float = Field(default=0.01, gt=0, lt=0.5)
    """Probability that a change that harms nothing is called degraded, over the whole gate."""
    non_inferiority: float = Field(default=0.05, gt=0, lt=0.5)
    """Probability that a loss of exactly the margin passes a primary."""
    power: float = Field(default=0.8, gt=0.5, lt=1)
    """Chance of detection that the minimum detectable effect is stated for."""
    weights: Weights = Weights()
    """Shares of the false-alarm rate."""
    looks: Annotated[int, Field(ge=1, le=1000)] | Literal["open"] = 1
    """How often the same question will be asked of growing data before the baseline is revised: both rates
    then hold over all looks together. `open` for any number; 1 spends them whole at every look."""

    def level(self, look: int) -> float:
        """What may be spent at a look, from 1; 0 once all planned looks are over.

        Example:
            >>> [round(ErrorRates(looks=3).level(look), 5) for look in (1, 2, 3, 4)]
            [1e-05, 0.0016, 0.00949, 0.0]
            >>> ErrorRates().level(7)
            0.01
        """
        if self.looks == 1:
            return self.false_alarm
        if self.looks == "open":
            return open_level(self.false_alarm, look)
        return levels(self.false_alarm, self.looks)[look - 1] if look <= self.looks else 0.0

    def passing(self, look: int) -> float:
        """Level of the bound that must lie below the margin at a look, from 1.

        Spent evenly, unlike the false-alarm rate: who passes needs no later look, and an early one is worth as much.

        Example:
            >>> [round(ErrorRates(looks=5).passing(look), 3) for look in (1, 5)], ErrorRates().passing(7)
            ([0.015, 0.019], 0.05)
        """
        if self.looks == 1:
            return self.non_inferiority
        if self.looks == "open":
            return open_level(self.non_inferiority, look)
        return levels(self.non_inferiority, self.looks, spent_evenly)[min(look, self.looks) - 1]
