"""A large population scored by real pairs of models, so that old and new agree as real ones do."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]
ROWS, TRAINING = 440_000, 20_000
SHARES = (0.30, 0.20, 0.14, 0.10, 0.08, 0.06, 0.05, 0.04, 0.02, 0.01)
"""Sizes of the ten levels of each of the six slicing columns."""
STEEP = 1e-6


@dataclass(frozen=True)
class Population:
    """Labels and scores of many rows.

    Attributes:
        label: (n,) 0 or 1.
        old: (n,) scores of a gradient-boosted model, calibrated.
        new: (n,) scores of the same with half the histogram bins: 3 % of the decisions differ.
        old_broken: (n,) scores of the first with its most useful feature missing.
        new_broken: (n,) scores of the second likewise.
        levels: (n, 6) level of each slicing column; three follow features, three are random.
        jitter: (n,) noise in log odds such as a library update brings: 0.3 % of decisions differ.
    """

    label: Array
    old: Array
    new: Array
    old_broken: Array
    new_broken: Array
    levels: Array
    jitter: Array

    def accuracy_lost(self) -> float:
        """What breaking every row costs, as a share."""
        whole, broken = ((self.old, self.new), (self.old_broken, self.new_broken))
        return float(np.mean([right(score, self.label) for score in whole])) - float(
            np.mean([right(score, self.label) for score in broken])
        )


def right(score: Array, label: Array) -> float:
    """Share of decisions at one half that are right."""
    return float(((score >= 0.5) == (label == 1)).mean())


def log_odds(score: Array) -> Array:
    """Log odds, certain scores drawn in a little."""
    inside = np.clip(score, STEEP, 1 - STEEP)
    return np.asarray(np.log(inside) - np.log1p(-inside))


def probability(odds: Array) -> Array:
    """From log odds back to scores."""
    return np.asarray(1 / (1 + np.exp(-odds)))


def population(world: int, cache: Path) -> Population:
    """The population of a world; made once (two minutes), then read.

    Args:
        world: Seed of data and models.
        cache: Folder it is kept in.
    """
    path = cache / f"population-{world}.npz"
    if not path.exists():
        cache.mkdir(parents=True, exist_ok=True)
        temporary = path.with_suffix(".tmp.npz")
        np.savez(temporary, **_made(world))
        temporary.replace(path)
    with np.load(path) as stored:
        return Population(**{name: stored[name] for name in stored.files})


def _made(world: int) -> dict[str, Array]:
    from sklearn.datasets import make_classification
    from sklearn.ensemble import HistGradientBoostingClassifier

    features, label = make_classification(
        n_samples=ROWS + TRAINING,
        n_features=20,
        n_informative=10,
        n_redundant=4,
        n_clusters_per_class=4,
        flip_y=0.06,
        random_state=world,
    )
    old, new = (
        HistGradientBoostingClassifier(max_iter=120, max_bins=bins, random_state=world).fit(
            features[:TRAINING], label[:TRAINING]
        )
        for bins in (255, 128)
    )
    rows, label = features[TRAINING:], label[TRAINING:]
    broken = rows.copy()
    broken[:, _most_useful(old, rows[:20_000], label[:20_000])] = np.nan
    timid = _slope(log_odds(old.predict_proba(rows)[:, 1]), label)
    rng = np.random.default_rng([world, 1])
    sliced = [*rows[:, :3].T, *rng.random((3, ROWS))]
    edges = np.cumsum(SHARES)[:-1]
    return {
        "label": label.astype(np.int64),
        **{
            name: probability(log_odds(model.predict_proba(table)[:, 1]) * timid)
            for name, model, table in (
                ("old", old, rows),
                ("new", new, rows),
                ("old_broken", old, broken),
                ("new_broken", new, broken),
            )
        },
        "levels": np.stack([np.searchsorted(np.quantile(one, edges), one) for one in sliced], axis=1),
        "jitter": 0.055 * rng.standard_normal(ROWS),
    }


def _slope(odds: Array, label: Array) -> float:
    """What calibrates the scores, as a careful team would have: making them more extreme is then a damage."""
    from scipy.optimize import minimize_scalar

    def loss(slope: float) -> float:
        return float(np.logaddexp(0, np.where(label == 1, -slope * odds, slope * odds)).mean())

    return float(minimize_scalar(loss, bounds=(0.2, 5), method="bounded").x)


def _most_useful(model: Any, rows: Array, label: Array) -> int:  # scikit-learn is untyped
    found = []
    for column in range(rows.shape[1]):
        without = rows.copy()
        without[:, column] = np.nan
        found.append(right(model.predict_proba(without)[:, 1], label))
    return int(np.argmin(found))
