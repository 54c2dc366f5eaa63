"""Scenarios that change which rows come: the same kinds of rows, in other shares."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from scipy.spatial import cKDTree

from baseline_pipeline.scenarios.scenario import About, NotApplicable

Rng = np.random.Generator
Array = np.ndarray[Any, Any]
NEAREST = 5
"""Neighbours that a synthetic row may be mixed with, as in the paper."""


def prevalence_shift(frame: pd.DataFrame, about: About, dose: float, rng: Rng) -> pd.DataFrame:
    """The positive class comes more often, by `dose` of its share: of several the rarest, of targets the upper half.

    Example:
        >>> frame = pd.DataFrame({"x": np.arange(20.0), "y": [0, 1] * 10})
        >>> about, rng = About(("x",), "y", positive=1), np.random.default_rng(1)
        >>> float(prevalence_shift(frame, about, 0.5, rng)["y"].mean())
        0.6
    """
    labels = frame[about.label]
    if about.numbers:
        chosen = (labels > labels.median()).to_numpy()
    elif about.positive is not None:
        chosen = (labels.astype(str) == str(about.positive)).to_numpy()
    else:
        chosen = (labels == labels.value_counts().index[-1]).to_numpy()
    return _drawn(frame, about, np.where(chosen, 1 + dose, 1.0), rng)


def sampling_bias(frame: pd.DataFrame, about: About, dose: float, rng: Rng) -> pd.DataFrame:
    """Rows in the upper half of the numeric feature that matters most are lost, a share of them.

    Example:
        >>> frame = pd.DataFrame({"x": np.arange(20.0), "y": [0, 1] * 10})
        >>> about, rng = About(("x",), "y"), np.random.default_rng(1)
        >>> int((sampling_bias(frame, about, 0.5, rng)["x"] > 9.5).sum())
        7
    """
    values = frame[about.numeric(frame)[0]].astype(float)
    upper = (values > values.median()).to_numpy()
    return _drawn(frame, about, np.where(upper, 1 - dose, 1.0), rng)


def seasonal_shift(frame: pd.DataFrame, about: About, dose: float, rng: Rng) -> pd.DataFrame:
    """Rows of the end of the period come more often than those of its beginning, up to `dose` times more.

    Example:
        >>> days = pd.date_range("2026-01-01", periods=20)
        >>> frame = pd.DataFrame({"x": np.arange(20.0), "day": days, "y": [0, 1] * 10})
        >>> about, rng = About(("x",), "y", time="day"), np.random.default_rng(1)
        >>> int((seasonal_shift(frame, about, 2.0, rng)["x"] > 9.5).sum())
        12
    """
    if about.time is None:
        message = "needs a time column"
        raise NotApplicable(message)
    rank = np.empty(len(frame))
    rank[about.order(frame)] = np.linspace(0, 1, len(frame))
    return _drawn(frame, about, 1 + dose * rank, rng)


def evolving_behaviour(frame: pd.DataFrame, about: About, dose: float, rng: Rng) -> pd.DataFrame:
    """One segment grows: every value of a slice column but the commonest becomes rarer by a share of itself.

    Example:
        >>> frame = pd.DataFrame({"x": np.arange(40.0), "plan": ["basic"] * 30 + ["pro"] * 10, "y": [0, 1] * 20})
        >>> about, rng = About(("x",), "y", segments=("plan",)), np.random.default_rng(1)
        >>> evolving_behaviour(frame, about, 0.5, rng)["plan"].value_counts().tolist()
        [34, 6]
    """
    return _drawn(frame, about, np.where(_common(frame, about), 1.0, 1 - dose), rng)


def rare_slices(frame: pd.DataFrame, about: About, dose: float, rng: Rng) -> pd.DataFrame:
    """The rarest segment grows to `dose` of all rows by synthetic ones: neighbours of its own, mixed (SMOTE).

    Neighbours of one class, where labels are classes: rows that are further apart would be mixed into some whose label
    is not theirs, and the model would seem to fail on them.

    Source: Chawla et al. (2002), SMOTE, JAIR 16:321.

    Example:
        >>> frame = pd.DataFrame({"x": np.arange(40.0), "plan": ["basic"] * 30 + ["pro"] * 10, "y": [0, 1] * 20})
        >>> about, rng = About(("x",), "y", segments=("plan",)), np.random.default_rng(1)
        >>> rare_slices(frame, about, 0.4, rng)["plan"].value_counts().tolist()
        [30, 20]
    """
    column = _segment(frame, about)
    rare = frame[frame[column] == frame[column].value_counts().index[-1]]
    if len(rare) < 2:  # noqa: PLR2004  # two rows to mix
        message = f"needs two rows of the rarest segment, {column} = {rare[column].iloc[0]}"
        raise NotApplicable(message)
    wanted = max(round((dose * len(frame) - len(rare)) / (1 - dose)), 0)
    floats = [name for name in about.features if pd.api.types.is_float_dtype(frame[name])]
    chosen = rng.integers(0, len(rare), wanted)
    beside = _neighbours(rare, floats, None if about.numbers else about.label)[chosen, rng.integers(0, NEAREST, wanted)]
    one, two = (rare.iloc[rows].reset_index(drop=True) for rows in (chosen, beside))
    share = rng.random(wanted)
    for name in floats:
        one[name] = one[name] + share * (two[name] - one[name])
    grown: pd.DataFrame = pd.concat([frame, one], ignore_index=True)
    return grown


def _neighbours(rows: pd.DataFrame, columns: list[str], label: str | None) -> Array:
    """(n, 5) positions of the nearest rows of the same label; of fewer some come twice, and of none the row itself.

    Distances are in standard deviations; what is missing is taken for the mean.
    """
    floats = rows[columns].astype(float)
    values = ((floats - floats.mean()) / floats.std().replace(0.0, 1.0)).fillna(0.0).to_numpy()
    found = np.empty((len(rows), NEAREST), dtype=int)
    kinds = np.zeros(len(rows)) if label is None else rows[label].factorize()[0]
    for kind in np.unique(kinds):
        group = np.flatnonzero(kinds == kind)
        near = min(NEAREST, len(group) - 1)
        if not columns or not near:
            found[group] = group[:, None]
            continue
        places = np.asarray(cKDTree(values[group]).query(values[group], near + 1)[1])
        found[group] = group[places[:, 1 + np.arange(NEAREST) % near]]
    return found


def label_delay(frame: pd.DataFrame, about: About, dose: float, rng: Rng) -> pd.DataFrame:
    """The labels of the last share of the rows are not there yet: nothing is worse, and less can be said.

    Example:
        >>> frame = pd.DataFrame({"x": np.arange(20.0), "y": [0, 1] * 10})
        >>> about, rng = About(("x",), "y"), np.random.default_rng(1)
        >>> len(label_delay(frame, about, 0.3, rng))
        14
    """
    del rng
    found: pd.DataFrame = frame.iloc[np.sort(about.order(frame)[: max(int(len(frame) * (1 - dose)), 1)])]
    return found.reset_index(drop=True)


def _segment(frame: pd.DataFrame, about: About) -> str:
    for name in about.segments:
        if 1 < frame[name].nunique() <= len(frame) / 10:
            return name
    message = "needs a slice column with a few values"
    raise NotApplicable(message)


def _common(frame: pd.DataFrame, about: About) -> Array:
    values = frame[_segment(frame, about)]
    return np.asarray(values == values.value_counts().index[0])


def _drawn(frame: pd.DataFrame, about: About, weights: Array, rng: Rng) -> pd.DataFrame:
    """As many rows, each as often as its weight says, give or take one.

    Rows that were drawn independently would differ from those at hand by chance too, and that would pass for the
    scenario's doing. Rows of one weight stand in for their neighbours in the order of labels and of `about.off`, so
    that right and wrong answers come as often as they should.

    Source: Kitagawa (1996), Monte Carlo filter and smoother, JCGS 5:1, for systematic resampling.
    """
    order = rng.permutation(len(frame))
    off = np.zeros(len(frame)) if about.off is None else about.off
    labels = frame[about.label].factorize(sort=True)[0]
    order = order[np.lexsort((off[order], labels[order], weights[order]))]
    upto = np.cumsum(weights[order]) * (len(frame) / weights.sum())
    places = np.searchsorted(upto, np.arange(len(frame)) + rng.random())
    found: pd.DataFrame = frame.iloc[order[np.minimum(places, len(frame) - 1)]]
    return found.reset_index(drop=True)
