"""What a scenario is told of the data, and what it does to them."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd


class NotApplicable(ValueError):
    """The data have nothing that the scenario could spoil; the message says what it needs."""


@dataclass(frozen=True)
class About:
    """What the columns of a table mean.

    Attributes:
        features: Names of the model's features, the one it leans on most first.
        label: Name of the label.
        time: Name of the time column; `None` where there is none.
        segments: Columns that slices are made of.
        positive: Value of the positive class; `None` for regressions and several classes.
        numbers: Whether labels are numbers (a regression's), and no classes.
        off: (n,) how far off the model's answer is, where it is known.
    """

    features: tuple[str, ...]
    label: str
    time: str | None = None
    segments: tuple[str, ...] = ()
    positive: Any = None
    numbers: bool = False
    off: np.ndarray[Any, Any] | None = None

    def numeric(self, frame: pd.DataFrame) -> list[str]:
        """Features that hold numbers, in their order.

        Raises:
            NotApplicable: when none does.
        """
        found = [name for name in self.features if pd.api.types.is_numeric_dtype(frame[name])]
        found = [name for name in found if not pd.api.types.is_bool_dtype(frame[name])]
        if not found:
            message = "needs a numeric feature"
            raise NotApplicable(message)
        return found

    def textual(self, frame: pd.DataFrame) -> list[str]:
        """Features that hold words, in their order.

        Raises:
            NotApplicable: when none does.
        """
        found = [name for name in self.features if not pd.api.types.is_numeric_dtype(frame[name])]
        found = [name for name in found if frame[name].map(lambda one: isinstance(one, str)).any()]
        if not found:
            message = "needs a feature that holds words"
            raise NotApplicable(message)
        return found

    def order(self, frame: pd.DataFrame) -> np.ndarray[Any, np.dtype[np.intp]]:
        """Positions of the rows in the order of time; as they stand where there is no time."""
        if self.time is None:
            return np.arange(len(frame))
        return np.argsort(pd.to_datetime(frame[self.time], utc=True, format="mixed").to_numpy(), kind="stable")


Spoil = Callable[[pd.DataFrame, About, float, np.random.Generator], pd.DataFrame]
"""From a table, what it means, a dose and random numbers to the spoilt table; the given one stays as it is."""


@dataclass(frozen=True)
class Scenario:
    """A source of drift.

    Attributes:
        spoil: Does it.
        doses: Usual ones, growing.
        unit: What a dose counts.
        why: What it stands for.
        most: No dose is larger.
        tries: How often a sensitivity tries each dose, where what it does rests on a single draw.
    """

    spoil: Spoil
    doses: tuple[float, ...]
    unit: str
    why: str
    most: float = 1.0
    tries: int = 1

    def takes(self, dose: float) -> bool:
        """Whether something is done at all at such a dose, and no more than all."""
        return 0 < dose <= self.most and math.isfinite(dose)
