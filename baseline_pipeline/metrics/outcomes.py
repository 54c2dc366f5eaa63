"""The rows a metric is computed from, and what it gives back."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from typing import Any, Literal, get_args

import numpy as np

from baseline_pipeline.metrics.parameters import Parameter, check, displayed

Array = np.ndarray[Any, Any]
Better = Literal["higher", "lower", "nearer"]
Family = Literal["performance", "calibration", "resources"]
Task = Literal["binary_classification", "multiclass_classification", "regression", "question_answering", "ranking"]
ALL_TASKS: frozenset[Task] = frozenset(get_args(Task))
CLASSIFICATION: frozenset[Task] = frozenset({"binary_classification", "multiclass_classification"})


@dataclass(frozen=True)
class Outcomes:
    """Labels, predictions and scores of n rows.

    Attributes:
        label: (n,) class index (binary: 0 or 1, 1 is positive), the target of a regression, the relevance of an
            item that is ranked, or accepted answers as text.
        prediction: (n,) predicted class index, the predicted target, what an item is ranked by, or the answer as text.
        score: (n,) probability of the positive class, or (n, k) of every class; `None` for
            regressions and for models that return finished predictions.
        weight: (n,) how much each row counts, positive; `None` where all count alike.
        columns: (n,) further columns that metrics read, by name.
        classes: how many classes a multiclass label has; `None` for binary labels and regressions.
        cluster: (n,) number of the cluster of each row, where rows move together; read by statistics that
            are computed anew without some of them.
        count: (n,) how many rows of the data each row stands for; `None` where each is one. Weights are then
            those of all of them together.
        query: (n,) name of the query whose items are ranked against each other; `None` for other tasks.
        class_names: the classes' labels as text, by class index (binary: negative, positive); empty where they have
            none, or nobody knows.
    """

    label: Array
    prediction: Array
    score: Array | None = None
    weight: Array | None = None
    columns: Mapping[str, Array] = field(default_factory=dict)
    classes: int | None = None
    count: Array | None = None
    cluster: Array | None = None
    query: Array | None = None
    class_names: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.label)

    @cached_property
    def weights(self) -> Array:
        """(n,) weights with mean one: a weighted mean is the plain mean of weights times values.

        Example:
            >>> Outcomes(np.zeros(2), np.zeros(2), weight=np.array([1.0, 3.0])).weights
            array([0.5, 1.5])
        """
        if self.weight is None or len(self) == 0:
            return np.ones(len(self))
        return np.asarray(self.weight / self.weight.mean())

    @property
    def is_text(self) -> bool:
        """Whether predictions are texts, which differ or do not and have no distance."""
        return bool(self.prediction.dtype == object)

    def rows_in(self, chosen: Array) -> int:
        """Rows of the data that a (n,) mask selects.

        Example:
            >>> Outcomes(np.zeros(2), np.zeros(2), count=np.array([3, 5])).rows_in(np.array([False, True]))
            5
        """
        return int(np.count_nonzero(chosen) if self.count is None else self.count[chosen].sum())

    def take(self, rows: Array) -> Outcomes:
        """The rows selected by a mask or by positions."""
        return Outcomes(
            self.label[rows],
            self.prediction[rows],
            None if self.score is None else self.score[rows],
            None if self.weight is None else self.weight[rows],
            {name: values[rows] for name, values in self.columns.items()},
            self.classes,
            None if self.count is None else self.count[rows],
            None if self.cluster is None else self.cluster[rows],
            None if self.query is None else self.query[rows],
            self.class_names,
        )


@dataclass(frozen=True)
class Estimate:
    """A metric's value and the influence of every row on it.

    Attributes:
        value: the metric.
        influence: (n,) first-order influence of each row, with mean zero: the estimate's error is
            the mean of the influences, hence its standard error follows from their (cluster) sums.
            Source: Hampel (1974), The influence curve and its role in robust estimation.
        support: rows of the thinnest group that the value averages over, such as the rarer class
            of an AUC; `None` where that is all rows. The error is no surer than these rows make it.
        lift: how far luck alone can lift the value on average, in standard errors of it, where it adds up
            sizes of gaps: those of a perfect model are not 0 in a sample, and the larger the fewer its rows are.
    """

    value: float
    influence: Array
    support: int | None = None
    lift: float = 0.0


class NotMeasurable(ValueError):
    """The metric has no value on these rows; the message says why."""


@dataclass(frozen=True)
class OverTimes:
    """How a metric is read from times instead of rows.

    Attributes:
        value: from (n,) seconds to the metric.
        log_ratio: from (k, pairs) seconds of either side to (k,) logs of candidate over baseline, one a
            block of pairs that were timed side by side.
        pairs: pairs in a block.
        of: what is paired: seconds of requests, or peaks of memory, in MB, of whole runs.
    """

    value: Callable[..., float]
    log_ratio: Callable[[Array, Array], Array]
    pairs: int
    of: Literal["seconds", "memory"] = "seconds"


@dataclass(frozen=True)
class Metric:
    """One metric of the table.

    Attributes:
        name: what contracts call it.
        better: whether higher or lower values are better, or those nearer to the target.
        unit: of the value and of margins.
        tasks: where it means something.
        measure: from rows to an estimate; raises `NotMeasurable`.
        title: for people.
        rowwise: whether the value is a mean of per-row losses.
        decisions: whether predictions alone count, so that a moved score changes nothing by itself.
        family: the share of the error rate that its verdicts draw on.
        target: the value that nothing is better than, where nearer is better.
        over_times: how it is read from times, where it is no matter of rows.
        parameters: what a contract may write beside the name; `measure` takes them by keyword, and
            its signature holds their defaults.
        columns: columns of the data that it reads.
        over_pairs: from two models' outcomes on the same rows to (n,) values whose mean it is, where it
            compares them and says nothing of one alone.
        target_from: the parameter that is its target.
        shares: from two models' outcomes on the same rows to (n,) values whose mean is the second's value less
            the first's, and whose signs turn where a row's two answers are swapped: what random signs are drawn
            for. `None` where the difference of influences does that; of a ratio it does not where single rows
            carry the denominator, since their influence on it takes back what they did.
        bounds: the least and the largest value that there can be.
        moved: from two models' outcomes on the same rows to (n,) distances by which rows moved what sizes of gaps are
            made of: luck lifts the two values by no more than their mean apart. `None` where that is how far
            influences moved, which is more where a gap that is next to nothing turned its sign.
    """

    name: str
    title: str
    better: Better
    unit: str
    tasks: frozenset[Task]
    measure: Callable[..., Estimate]
    rowwise: bool = False
    decisions: bool = False
    family: Family = "performance"
    target: float | None = None
    over_times: OverTimes | None = None
    parameters: Mapping[str, Parameter] = field(default_factory=dict)
    columns: tuple[str, ...] = ()
    over_pairs: Callable[[Outcomes, Outcomes], Array] | None = None
    target_from: str | None = None
    shares: Callable[[Outcomes, Outcomes], Array] | None = None
    bounds: tuple[float, float] = (float("-inf"), float("inf"))
    moved: Callable[[Outcomes, Outcomes], Array] | None = None

    @property
    def of_rows(self) -> bool:
        """Whether the rows of one evaluation give it a value."""
        return self.over_times is None and self.over_pairs is None

    @property
    def defaults(self) -> dict[str, object]:
        """Parameters that may be left out, and what they are then."""
        signature = inspect.signature(self.measure).parameters if self.parameters else {}
        return {
            name: signature[name].default
            for name in self.parameters
            if signature[name].default is not inspect.Parameter.empty
        }

    def configured(self, given: Mapping[str, object]) -> Metric:
        """The same metric, told its parameters; those that are not defaults show in its name.

        Raises:
            ValueError: on a parameter that it does not have, does not accept, or lacks.
        """
        check(self.name, self.parameters, self.defaults, given)
        columns = tuple(str(value) for name, value in given.items() if self.parameters[name].column)
        name = displayed(self.name, given, self.defaults)
        over = self.over_times
        return replace(
            self,
            name=name,
            measure=partial(self.measure, **given),
            columns=columns,
            parameters={},
            over_times=over and replace(over, value=partial(over.value, **given)),
            target=self.target if self.target_from is None else float(str(given[self.target_from])),
        )

    @property
    def preference(self) -> str:
        """Which values are better, in words.

        Example:
            >>> from baseline_pipeline.metrics import METRICS
            >>> METRICS["calibration_slope"].preference, METRICS["recall"].preference
            ('nearer to 1 is better', 'higher is better')
        """
        return f"{self.better} is better" if self.target is None else f"nearer to {self.target:g} is better"
