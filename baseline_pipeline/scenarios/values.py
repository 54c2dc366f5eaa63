"""Scenarios that spoil values: the same rows, with other cells."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from baseline_pipeline.scenarios.scenario import About, NotApplicable

Rng = np.random.Generator


def gaussian_noise(frame: pd.DataFrame, about: About, dose: float, rng: Rng) -> pd.DataFrame:
    """Noise on every numeric feature, `dose` of its standard deviation; whole numbers stay whole.

    Example:
        >>> frame = pd.DataFrame({"x": np.arange(1000.0), "y": [0, 1] * 500})
        >>> about, rng = About(("x",), "y"), np.random.default_rng(1)
        >>> round(float((gaussian_noise(frame, about, 0.3, rng)["x"] - frame["x"]).std() / frame["x"].std()), 1)
        0.3
    """
    found = frame.copy()
    for name in about.numeric(frame):
        values = found[name].astype(float)
        found[name] = _held(frame[name], values + dose * float(values.std()) * rng.standard_normal(len(values)))
    return found


def missing_values(frame: pd.DataFrame, about: About, dose: float, rng: Rng) -> pd.DataFrame:
    """A share of the cells of every feature is empty.

    Example:
        >>> frame = pd.DataFrame({"x": np.arange(20.0), "y": [0, 1] * 10})
        >>> about, rng = About(("x",), "y"), np.random.default_rng(1)
        >>> int(missing_values(frame, about, 0.3, rng)["x"].isna().sum())
        6
    """
    found = frame.copy()
    for name in about.features:
        gone = _hit(frame, about, dose, rng)
        values = found[name]
        if pd.api.types.is_numeric_dtype(values):
            found[name] = values.astype(float).mask(gone)
        else:
            found[name] = values.astype(object).mask(gone, None)
    return found


def category_swap(frame: pd.DataFrame, about: About, dose: float, rng: Rng) -> pd.DataFrame:
    """In a share of the rows, every feature that holds words has the word of another row.

    Example:
        >>> frame = pd.DataFrame({"plan": ["basic", "pro"] * 10, "y": [0, 1] * 10})
        >>> about, rng = About(("plan",), "y"), np.random.default_rng(1)
        >>> sorted(category_swap(frame, about, 0.3, rng)["plan"].unique())
        ['basic', 'pro']
    """
    found = frame.copy()
    for name in about.textual(frame):
        hit = _hit(frame, about, dose, rng)
        found.loc[hit, name] = rng.permutation(found[name].to_numpy(dtype=object))[hit]
    return found


def unit_error(frame: pd.DataFrame, about: About, dose: float, rng: Rng) -> pd.DataFrame:
    """In a share of the rows, the numeric feature that matters most is a thousand times as large.

    Example:
        >>> frame = pd.DataFrame({"x": np.arange(20.0), "y": [0, 1] * 10})
        >>> about, rng = About(("x",), "y"), np.random.default_rng(1)
        >>> int((unit_error(frame, about, 0.3, rng)["x"] > 20).sum())
        6
    """
    name = about.numeric(frame)[0]
    column, hit = frame[name], _hit(frame, about, dose, rng)
    values = column.astype(float)
    if _whole(column) and 1000 * values.abs().max() > np.iinfo(column.to_numpy().dtype).max:
        column = column.astype("int64")
    return frame.assign(**{name: _held(column, values.where(~hit, values * 1000))})


def stale_feature(frame: pd.DataFrame, about: About, dose: float, rng: Rng) -> pd.DataFrame:
    """The feature that matters most stands still for the last share of the rows: a job that no longer runs.

    It stands at what it is in any one of the rows: when the job ended is chance.

    Example:
        >>> frame = pd.DataFrame({"x": np.arange(20.0), "y": [0, 1] * 10})
        >>> about, rng = About(("x",), "y"), np.random.default_rng(1)
        >>> stale_feature(frame, about, 0.3, rng)["x"].tail(6).nunique()
        1
    """
    order = about.order(frame)
    late = order[round(len(order) * (1 - dose)) :]
    name = about.features[0]
    found = frame.copy()
    last = frame[name].iloc[int(rng.integers(len(frame)))]
    column = found[name].to_numpy(copy=True)
    column[late] = last
    found[name] = column
    return found


def momentary_spike(frame: pd.DataFrame, about: About, dose: float, rng: Rng) -> pd.DataFrame:
    """For a while, a share of all rows in a row, every numeric feature is three times as far from its middle.

    Example:
        >>> frame = pd.DataFrame({"x": np.arange(20.0), "y": [0, 1] * 10})
        >>> about, rng = About(("x",), "y"), np.random.default_rng(1)
        >>> int((momentary_spike(frame, about, 0.3, rng)["x"] != frame["x"]).sum())
        6
    """
    order = about.order(frame)
    length = round(len(order) * dose)
    start = int(rng.integers(0, max(len(order) - length, 0) + 1))
    hit = np.zeros(len(frame), dtype=bool)
    hit[order[start : start + length]] = True
    found = frame.copy()
    for name in about.numeric(frame):
        values = found[name].astype(float)
        middle = float(values.median())
        found[name] = _held(frame[name], values.where(~hit, middle + 3 * (values - middle)))
    return found


def text_typos(frame: pd.DataFrame, about: About, dose: float, rng: Rng) -> pd.DataFrame:
    """In a share of the cells that hold words, two neighbouring letters change places.

    Example:
        >>> frame = pd.DataFrame({"plan": ["basic", "pro"] * 10, "y": [0, 1] * 10})
        >>> about, rng = About(("plan",), "y"), np.random.default_rng(1)
        >>> int((text_typos(frame, about, 0.3, rng)["plan"] != frame["plan"]).sum())
        6
    """
    found = frame.copy()
    for name in about.textual(frame):
        hit = np.flatnonzero(_hit(frame, about, dose, rng))
        column = found[name].to_numpy(dtype=object).copy()
        places = rng.random(len(hit))
        for row, place in zip(hit, places, strict=True):
            column[row] = _typo(column[row], place)
        found[name] = column
    return found


def _hit(frame: pd.DataFrame, about: About, dose: float, rng: Rng) -> np.ndarray[Any, np.dtype[np.bool_]]:
    """(n,) a share of the rows at random, the same share of every segment and class, give or take one.

    Rows that were hit independently would be more in one slice and fewer in another, and that would pass for how hard
    the scenario hits them. Segments stand in an order of chance each time: two columns lose cells independently.

    Source: Madow and Madow (1944), On the theory of systematic sampling, Ann. Math. Stat. 15:1.
    """
    keys = [rng.random(len(frame))]
    columns = [*([] if about.numbers else [about.label]), *reversed(about.segments)]
    for codes, values in (frame[name].factorize() for name in columns if name in frame):
        if len(values) <= len(frame) / 10:
            keys.append(rng.permutation(len(values) + 1)[codes])
    hit = np.zeros(len(frame), dtype=bool)
    hit[np.lexsort(keys)] = np.diff(np.floor(np.arange(len(frame) + 1) * dose + rng.random())) > 0
    return hit


def _typo(word: Any, place: float) -> Any:
    if not isinstance(word, str) or len(word) < 2:  # noqa: PLR2004  # two letters to exchange
        return word
    at = int(place * (len(word) - 1))
    return word[:at] + word[at + 1] + word[at] + word[at + 2 :]


def _whole(column: pd.Series[Any]) -> bool:
    return isinstance(column.dtype, np.dtype) and column.dtype.kind in "iu"


def _held(column: pd.Series[Any], values: pd.Series[Any]) -> pd.Series[Any]:
    """New values of a column; one of whole numbers holds them rounded, in its own type, as far as that reaches.

    Models that take whole numbers may refuse others, and would be said to see what no feed brings.
    """
    if not _whole(column):
        return values
    most, rounded = np.iinfo(column.to_numpy().dtype), np.rint(values)
    fits = (rounded >= most.min) & (rounded < most.max + 1)
    return column.mask(fits, rounded.where(fits, 0).astype(column.dtype))


def duplicated_join(frame: pd.DataFrame, about: About, dose: float, rng: Rng) -> pd.DataFrame:
    """A share of the rows comes a second time, with half of the features of another row: a key that is none.

    Example:
        >>> frame = pd.DataFrame({"x": np.arange(20.0), "z": np.arange(20.0), "y": [0, 1] * 10})
        >>> about, rng = About(("x", "z"), "y"), np.random.default_rng(1)
        >>> len(duplicated_join(frame, about, 0.3, rng))
        26
    """
    if len(about.features) < 2:  # noqa: PLR2004  # one of them stays its own
        message = "needs two features"
        raise NotApplicable(message)
    again = frame.iloc[np.flatnonzero(_hit(frame, about, dose, rng))].copy()
    joined = list(about.features[: len(about.features) // 2])
    others = rng.integers(0, len(frame), len(again))
    for name in joined:
        again[name] = frame[name].to_numpy()[others]
    return pd.concat([frame, again], ignore_index=True)
