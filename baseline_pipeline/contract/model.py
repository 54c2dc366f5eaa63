"""Which model is watched and where it was trained."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, model_validator

from baseline_pipeline.contract.section import CallableRef, Day, Section, Text
from baseline_pipeline.metrics.classes import class_name

MOST_VARIANTS = 12
"""Each is trained, and each asks more of the evidence for the others."""


class Training(Section):
    """What the champion learned from: rows in this window are never used to judge it."""

    entry: CallableRef | None = None
    """`module:function` of features and labels (and of `seed`, where it takes one) that returns a fitted model: trained
    anew by replays, and out of fold by backtests."""
    variants: list[dict[str, bool | int | float | str]] = Field(default_factory=list, max_length=MOST_VARIANTS)
    """Keyword arguments of `entry`, by variant: replays train each, and say which is better than the entry's own."""
    window: list[Day] = Field(min_length=2, max_length=2)
    """First and last day, both included. A version's `training_window` tag in the registry wins."""

    @model_validator(mode="after")
    def _variants_of_something(self) -> Self:
        if self.variants and self.entry is None:
            message = "variants are arguments of `entry`, and none is named"
            raise ValueError(message)
        if any(not one or "seed" in one for one in self.variants):
            message = "a variant names one argument at least, and none called seed"
            raise ValueError(message)
        return self

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        first, last = self.window
        if first > last:
            message = f"the window ends ({last}) before it starts ({first})"
            raise ValueError(message)
        return self


class ModelSection(Section):
    """The model: a registered MLflow model, an MLflow URI, or a plain function."""

    registered: Text | None = None
    """Name in the MLflow registry; `champion` and `challenger` are its aliases."""
    uri: Text | None = None
    """Any MLflow model URI (`models:/name/3`, `runs:/id/model`, a path), where no registry is used."""
    function: CallableRef | None = None
    """`module:function` taking a DataFrame of features, returning predictions or scores."""
    champion: str = "champion"
    """Registry alias of the model in production."""
    challenger: str = "challenger"
    """Registry alias of the model that wants its place."""
    positive_class: int | str | bool | None = None
    """The label that counts as positive in binary classification."""
    classes: list[int | str | bool] | None = Field(default=None, min_length=2)
    """The classes of several, in the order of the model's probabilities (scikit-learn's `classes_`). By default those
    that the label column holds, sorted as text: name them where rows may lack one."""
    threshold: float = Field(default=0.5, ge=0.0, le=1.0)
    """Scores at or above it are predicted positive."""
    output: Literal["score", "prediction"] = "score"
    """Whether the model returns probabilities or finished predictions."""
    stages: CallableRef | None = None
    """`module:function` of features (and the model, where it takes two) that returns the model's stages in order, by
    name: replays say which of them first differs. A scikit-learn Pipeline's steps are known without it."""
    allow_pickle: bool = False
    """Loading a pickled model runs its code. Say `true` only for artifacts you wrote."""
    training: Training | None = None
    """What the champion learned from."""

    @model_validator(mode="after")
    def _each_class_once(self) -> Self:
        for name in self.class_names:
            if self.class_names.count(name) > 1:
                message = f"class {name!r} stands in `classes` {self.class_names.count(name)} times"
                raise ValueError(message)
        return self

    @property
    def class_names(self) -> tuple[str, ...]:
        """What the declared classes are called; none where they are not declared."""
        return tuple(map(class_name, self.classes or ()))

    @model_validator(mode="after")
    def _exactly_one(self) -> Self:
        given = [kind for kind in ("registered", "uri", "function") if getattr(self, kind)]
        if len(given) != 1:
            message = f"name exactly one of registered, uri, function; found {', '.join(given) or 'none'}"
            raise ValueError(message)
        return self
