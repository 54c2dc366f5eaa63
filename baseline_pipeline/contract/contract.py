"""The contract of one monitored model: what is watched, judged and promised."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, model_validator

from baseline_pipeline.contract.data import DataSection
from baseline_pipeline.contract.engine import EngineSection
from baseline_pipeline.contract.environment import EnvironmentSection, ProfileName
from baseline_pipeline.contract.explanation import ExplanationSection
from baseline_pipeline.contract.latency import LatencySection
from baseline_pipeline.contract.metrics import ErrorRates, MetricRule
from baseline_pipeline.contract.model import ModelSection
from baseline_pipeline.contract.monitoring import MonitoringSection, Receiver
from baseline_pipeline.contract.response import Owners, Promotion, Response, Schedules
from baseline_pipeline.contract.scenarios import ScenarioName
from baseline_pipeline.contract.section import CallableRef, Misplaced, Name, Section, Text
from baseline_pipeline.contract.slices import SliceSpec
from baseline_pipeline.expression import Expression, length_of
from baseline_pipeline.metrics.outcomes import CLASSIFICATION, Task
from baseline_pipeline.records import Digest, digest_of


class Contract(Section):
    """Everything the pipeline knows about one model, without a word of Dagster.

    Sources: field names follow Kayenta's canary judge and the CONSORT extension for
    non-inferiority trials (Piaggio et al. 2012) where they have them.
    """

    name: Name
    """Equals the folder's name."""
    description: Text | None = None
    """What the model decides, in one sentence."""
    task: Task
    """What kind of prediction it makes."""
    owners: Owners = Owners()
    """Whom a finding concerns."""
    data: DataSection
    """The rows the model is judged on."""
    model: ModelSection
    """Which model is watched."""
    environment: EnvironmentSection = EnvironmentSection()
    """What it runs on."""
    latency: LatencySection = LatencySection()
    """How models are timed against each other."""
    explain: ExplanationSection = ExplanationSection()
    """What each model leans on."""
    slices: list[SliceSpec] = Field(default_factory=list)
    """Parts of the data that are judged by themselves."""
    metrics: list[MetricRule] = Field(min_length=1)
    """What is measured and how much loss is tolerated."""
    artifacts: list[CallableRef] = Field(default_factory=list)
    """Functions of your own, `module:function`, called with the scored rows (a DataFrame) and a folder: the files that
    they write are kept with the evaluation's MLflow run."""
    error_rates: ErrorRates = ErrorRates()
    """How often the gate may be wrong."""
    empty_slice: Literal["not_evaluated", "fail"] = "not_evaluated"
    """What a declared slice without rows means."""
    response: Response = Response()
    """What each tier asks for."""
    promotion: Promotion = Promotion()
    """What stands between a good verdict and a new baseline."""
    schedules: Schedules = Schedules()
    """When things run by the clock."""
    engine: EngineSection = "duckdb"
    """Where data sets are counted: `duckdb` in this process, or `{spark: {master: ...}}`."""
    scenarios: list[ScenarioName | CallableRef] = Field(default_factory=list)
    """Sources of drift that `baseline power --sensitivity` tries; `module:function` is one of your own."""
    profiles: list[ProfileName] = Field(default_factory=list)
    """Machines that `baseline simulate` scores on."""
    monitoring: MonitoringSection = MonitoringSection()
    """How the model is watched over time."""
    notify: list[Receiver] = Field(default_factory=list)
    """Who is told of incidents."""
    incidents: str | None = None
    """Dated known events, relative to the contract's folder."""

    @model_validator(mode="after")
    def _queries_are_ranked(self) -> Self:
        if self.task == "ranking" and self.data.query is None:
            message = "ranking needs data.query: the column whose rows of one value are ranked against each other"
            raise Misplaced(message, ("data",))
        if self.task != "ranking" and self.data.query is not None:
            message = f"data.query ({self.data.query!r}) is for ranking, and the task is {self.task}"
            raise Misplaced(message, ("data", "query"))
        return self

    @model_validator(mode="after")
    def _metrics_fit_the_task(self) -> Self:
        seen: set[str] = set()
        for number, rule in enumerate(self.metrics):
            metric = rule.measured
            if self.task not in metric.tasks:
                wanted = ", ".join(sorted(metric.tasks))
                message = f"metric {rule.metric!r} is for {wanted}, and the task is {self.task}"
                raise Misplaced(message, ("metrics", number, "metric"))
            if metric.name in seen:
                message = f"metric {metric.name!r} is listed twice"
                raise Misplaced(message, ("metrics", number, "metric"))
            seen.add(metric.name)
        if self.task == "binary_classification" and self.model.positive_class is None:
            message = "binary classification needs model.positive_class: the label that counts as positive"
            raise Misplaced(message, ("model",))
        return self

    @model_validator(mode="after")
    def _slices_are_declared_once(self) -> Self:
        seen: list[object] = []
        for number, spec in enumerate(self.slices):
            declared = spec.where or (set(spec.by or []), spec.quantiles)
            if declared in seen:
                message = f"the same rows as slices.{seen.index(declared)}; accepted: each slice once"
                raise Misplaced(message, ("slices", number))
            seen.append(declared)
        return self

    @model_validator(mode="after")
    def _slices_have_names_of_their_own(self) -> Self:
        """Values of slices are kept and judged by their names: of two alike one would stand for both."""
        columns = {column for spec in self.slices for column in spec.by or []}
        taken = {"all": "all rows"}
        for number, spec in enumerate(self.slices):
            if spec.where is None or spec.name is None:
                continue
            column, equals, _ = spec.name.partition("=")
            whose = f"a value of {column!r}" if equals and column in columns else taken.get(spec.name)
            if whose is not None:
                message = f"{spec.name!r} stands for {whose}; accepted: a name of its own"
                raise Misplaced(message, ("slices", number, "name"))
            taken[spec.name] = f"slices.{number}"
        return self

    @model_validator(mode="after")
    def _classes_of_several(self) -> Self:
        if self.model.classes is not None and self.task != "multiclass_classification":
            message = f"model.classes is for multiclass_classification, and the task is {self.task}"
            raise Misplaced(message, ("model", "classes"))
        for number, rule in enumerate(self.metrics if self.model.classes else ()):
            wrong = rule.misfit(self.model.class_names, several=True)
            if wrong:
                message = f"metric {rule.metric!r}: {wrong}"
                raise Misplaced(message, ("metrics", number, "parameters"))
        return self

    @property
    def wants_scores(self) -> bool:
        """Whether the model answers with probabilities of classes."""
        return self.task in CLASSIFICATION and self.model.output == "score"

    @property
    def classifies(self) -> bool:
        """Whether a prediction is a class, which is right or wrong."""
        return self.task in CLASSIFICATION

    @property
    def gives_numbers(self) -> bool:
        """Whether a prediction is a number."""
        return self.task in {"regression", "ranking"}

    def definition(self) -> dict[str, object]:
        """What a measurement means: two evaluations are comparable only where this is equal.

        Margins, roles, owners and schedules are policy and may change freely; the task, the
        meaning of columns, the positive class and the threshold may not.
        """
        query = {} if self.data.query is None else {"query": self.data.query}
        classes = {} if self.model.classes is None else {"classes": list(self.model.class_names)}
        return {
            **query,
            **classes,
            "task": self.task,
            "row_id": self.data.row_id,
            "label": self.data.label,
            "features": self.data.feature_names,
            "cluster": self.data.cluster,
            "weight": self.data.weight,
            "positive_class": self.model.positive_class,
            "threshold": self.model.threshold,
            "output": self.model.output,
        }

    def declared(self) -> dict[str, object]:
        """What was written, without what is left to defaults."""
        return self.model_dump(mode="json", exclude_unset=True)

    def policy_digest(self) -> Digest:
        """SHA-256 of all that a verdict depends on: definition, slices, metrics, error rates, promotion."""
        parts = self.model_dump(
            mode="json", include={"slices", "metrics", "error_rates", "empty_slice", "promotion", "response"}
        )
        return digest_of({"definition": self.definition(), **parts})

    def against_anchor(self) -> Contract:
        """The contract by which the anchor is compared: primaries on all rows, with the anchor's margins."""
        factor = self.promotion.anchor_margin
        primaries = [
            rule.model_copy(
                update={
                    "margin": rule.margin.scaled(factor) if rule.margin else None,
                    "severe": rule.severe.scaled(factor) if rule.severe else None,
                }
            )
            for rule in self.metrics
            if rule.role == "primary" and rule.measured.of_rows
        ]
        return self.model_copy(update={"metrics": primaries, "slices": []})

    def beside_unchanged(self) -> Contract:
        """The contract by which changed values are judged among the rows that did not change.

        Metrics that are no means of rows' losses: ranks, ratios and bins may hold among the changed rows, and among the
        unchanged ones, and fail between the two.
        """
        kept = [
            rule
            for rule in self.metrics
            if rule.role != "report_only" and rule.measured.of_rows and not rule.measured.rowwise
        ]
        return self.model_copy(update={"metrics": kept})

    def metric_columns(self) -> list[str]:
        """Columns that metrics read, each once, in the contract's order."""
        return list(dict.fromkeys(name for rule in self.metrics for name in rule.measured.columns))

    def kept_columns(self) -> list[str]:
        """Columns kept with the scores: those of slices and of metrics."""
        return list(dict.fromkeys([*self.slice_columns(), *self.metric_columns()]))

    def slice_columns(self) -> list[str]:
        """Columns that slices are made of, each once, in the contract's order."""
        named: dict[str, None] = {}
        for spec in self.slices:
            by = [length_of(one) or one for one in spec.by or []]
            for column in by or Expression.parse(spec.where or "").columns():
                named[column] = None
        return list(named)
