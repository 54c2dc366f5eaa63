"""What made a model worse in an incident: other rows, wrong values, or other outcomes of rows that look the same."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from baseline_pipeline.drift.joint import FEWEST, Separation, separation
from baseline_pipeline.metrics.outcomes import NotMeasurable, Outcomes
from baseline_pipeline.records import Record
from baseline_pipeline.replay.attribution import Factor, Replayed, Shared, share_along
from baseline_pipeline.replay.put_back import Lost, PutBack, lost, moved_shares, put_back, with_lost
from baseline_pipeline.replay.stepwise import stepwise
from baseline_pipeline.workbench.over_time.sides import Scorer, Sides
from baseline_pipeline.workbench.replays.feature_values import FeatureHarm, harm_of
from baseline_pipeline.worst_rows import losses_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from baseline_pipeline.contract import Contract
    from baseline_pipeline.metrics.outcomes import Metric
    from baseline_pipeline.workbench.over_time.windows import Windows

Array = np.ndarray[Any, Any]
LEAST_ALIKE = 100.0
"""Calm rows, in worth, that must look like the incident's: fewer cannot tell other rows from other outcomes."""
LEAST_WINDOWS = 10
WHO, OTHERS = 3, 0.1
"""Columns that are named for other rows, and how far they moved at least."""


class Causes(Record):
    """A change between calm rows and an incident's, shared out."""

    shared: tuple[Shared, ...]
    """Every gating metric; the one that alarmed first."""
    wrong: dict[str, str]
    """What had strayed of the features whose values did harm, in words."""
    features: tuple[FeatureHarm, ...]
    """The harm of each of them by itself, on the first metric."""
    who: tuple[str, ...]
    """Columns by which other rows come than in calm times, in words, the most moved first."""
    alike: float
    """Calm rows that the weighted ones are worth."""
    auc: float
    """Of telling the incident's rows from calm ones once wrong values are put back."""

    @property
    def split(self) -> bool:
        """Whether enough calm rows look like the incident's to tell other rows from other outcomes."""
        return self.alike >= LEAST_ALIKE


def causes(contract: Contract, found: Windows, sides: Sides, scorer: Scorer, metrics: list[Metric]) -> Causes | str:
    """Share the change of every metric out over who comes, what values are wrong, and what remains.

    On the way from calm rows to the incident's: calm rows weighted to look like the incident's (population), then
    the same with the cells lost that are lost now (values), the incident's rows with strayed values put back (what
    remains: concept), the incident's rows (values). Values are put back where a metric is the better for it, told
    apart from chance: else they are other rows' own. Cells count as lost unless the rows that hold them do about as
    well as the incident's other rows. Where a service answers otherwise than the registered model, what
    that does comes last (model).

    What remains is a change of outcomes only as far as features and slice columns tell rows apart, and holds also
    values that are wrong in a way that their distribution does not show. Population and concept can be told apart
    only where calm rows look like the incident's. These are assumptions, and no data can test them.

    Source: Cai, Namkoong and Yadlowsky (2023), Diagnosing model performance under distribution shift (arXiv
    2303.02011); Zhang et al. (2023), Why did the model fail? (arXiv 2210.10769).

    Args:
        contract: Features and slices.
        found: Calm windows, for how far luck moves a metric.
        sides: The rows.
        scorer: The registered model.
        metrics: What is shared out, the most important first.

    Returns:
        Why not, in words, where it cannot be done.

    Raises:
        ModelFailed: when the model does not take the changed rows.
    """
    if min(len(sides.calm), len(sides.now)) < FEWEST:
        return f"{len(sides.now)} labelled rows of it and {len(sides.calm)} calm ones; {FEWEST} of each are needed"
    work = _Work(contract, found, sides, scorer, metrics[0])
    back, harms = work.put_back({one.feature: one for one in work.lost({})})
    gone = work.lost({one.feature: one.column for one in back if one.feature in sides.exact})
    told = work.told_apart(back, gone)
    if told is None:
        return "too few rows to tell them from calm ones"
    cells, parts = work.cells(told, back, gone)
    shared = []
    for metric in metrics:
        try:
            shared.append(
                share_along(metric, cells, parts, ("calm", "now"), sides.cluster, spread=work.spread(metric.name))
            )
        except NotMeasurable:
            continue
    if not shared:
        return "no metric has a value on calm rows weighted to look like these"
    wrong = {one.feature for one in back}
    harms += work.losses(told, gone)
    named = {one.feature: one.words for one in back} | {one.feature: one.words for one in gone}
    weight = told.likeness
    return Causes(
        shared=tuple(shared),
        wrong={
            one.feature: named[one.feature] for one in harms if one.feature in wrong or (one.harm > 0 and one.found)
        },
        features=tuple(sorted(harms, key=lambda one: -one.harm)),
        who=work.who({one.feature for one in back} | {one.feature for one in gone}),
        alike=float(weight.sum() ** 2 / (weight**2).sum()),
        auc=told.auc,
    )


class _Work:
    """The rows of both sides, and what the model says of them when they are changed."""

    def __init__(self, contract: Contract, found: Windows, sides: Sides, scorer: Scorer, metric: Metric) -> None:
        self.contract, self.found, self.sides, self.scorer, self.metric = contract, found, sides, scorer, metric
        kinds = sides.now.features.schema
        self.features = [name for name in contract.data.feature_names if kinds.field(name).type != pa.null()]
        self.numbers = (np.arange(len(sides.calm)), len(sides.calm) + np.arange(len(sides.now)))
        now = sides.now
        asked = scorer.outcomes(now, now.features) if sides.otherwise else now.outcomes
        self.asked: dict[tuple[tuple[str, str], ...], Outcomes] = {(): asked}
        self._lost: dict[str, bool] = {}

    def columns(self, name: str) -> tuple[pa.Array, pa.Array]:
        """A feature of calm rows and of the incident's."""
        sides = (self.sides.calm, self.sides.now)
        one, two = (side.features.column(name).combine_chunks() for side in sides)
        return one, two

    def lost(self, exact: Mapping[str, pa.Array]) -> list[Lost]:
        """Features whose cells say nothing any more, but for those that another source has."""
        found = []
        for name in self.features:
            calm, now = self.columns(name)
            one = lost(name, calm, exact.get(name, now))
            if one is not None and (name in exact or self._borne_out(one)):
                found.append(one)
        return found

    def _borne_out(self, one: Lost) -> bool:
        """Whether the rows that hold such cells may lose as calm rows do to which it is done.

        A vent that is closed all winter stands still and is right: nothing is lost on its rows. They are held against
        the incident's other rows, or against calm ones where there are too few others, and cleared where they lose
        less than half of what the loss of the value costs calm rows, and by more than two standard errors less than it.
        """
        if one.feature not in self._lost:
            task, calm, now = self.contract.task, self.sides.calm, self.sides.now
            own = self.scorer.outcomes(calm, calm.features) if self.sides.learned else calm.outcomes
            everywhere = with_lost(calm.features, [replace(one, share=1.0)], np.random.Generator(np.random.Philox(0)))
            usual, done = losses_of(task, own), losses_of(task, self.scorer.outcomes(calm, everywhere))
            loss, holds = losses_of(task, self.asked[()]), one.holds(now.features.column(one.feature))
            held, others = loss[holds], loss[~holds] if (~holds).sum() >= FEWEST else usual
            costs, more = float(done.mean() - usual.mean()), float(held.mean() - others.mean())
            error = float(np.hypot(held.std() / np.sqrt(len(held)), others.std() / np.sqrt(len(others))))
            self._lost[one.feature] = more >= costs / 2 or more + 2 * error >= costs
        return self._lost[one.feature]

    def who(self, wrong: set[str]) -> tuple[str, ...]:
        """By which columns, but those with wrong values, other rows come."""
        kept = [name for name in self.contract.slice_columns() if name not in self.features]
        pairs = {name: self.columns(name) for name in self.features if name not in wrong}
        for name in kept:
            one, two = (side.columns.column(name).combine_chunks() for side in (self.sides.calm, self.sides.now))
            pairs[name] = (one, two)
        moved = [one for name, pair in pairs.items() if (one := moved_shares(name, *pair)) is not None]
        return tuple(words for distance, words in sorted(moved, reverse=True)[:WHO] if distance >= OTHERS)

    def put_back(self, gone: Mapping[str, Lost]) -> tuple[list[PutBack], list[FeatureHarm]]:
        """Columns that the metric is the better for when they are put back, and the share of each."""
        ways = {}
        for name in self.features:
            own = self.sides.exact.get(name)
            ways[name] = put_back(name, *self.columns(name), gone.get(name)) if own is None else [own]
        kept = stepwise({name: some for name, some in ways.items() if some}, self._undone)
        harms = []
        for one in kept:
            others = [other for other in kept if other is not one]
            harms.append(self._harm(one, [([], [one]), *([(others, kept)] if others else [])]))
        return kept, harms

    def _undone(self, before: Sequence[PutBack], after: Sequence[PutBack]) -> tuple[float, bool]:
        """The harm that goes once more columns are put back, and whether it is told from none."""
        try:
            harm = self._harm(after[-1], [(before, after)])
        except NotMeasurable:
            return -np.inf, False
        return harm.harm, harm.found

    def _harm(self, one: PutBack, pairs: Sequence[tuple[Sequence[PutBack], Sequence[PutBack]]]) -> FeatureHarm:
        """What a column does, from what is put back without it and with it."""
        replayed = [(self.restored(after), self.restored(before)) for before, after in pairs]
        return self._share(one.feature, one.rows, replayed, self.numbers[1])

    def restored(self, back: Sequence[PutBack]) -> Outcomes:
        """The incident's rows with columns put back."""
        key = tuple((one.feature, one.words) for one in sorted(back, key=lambda one: one.feature))
        if key not in self.asked:
            self.asked[key] = self.scorer.outcomes(self.sides.now, _with(self.sides.now.features, back))
        return self.asked[key]

    def losses(self, told: Separation, gone: list[Lost]) -> list[FeatureHarm]:
        """The harm of cells that are lost, done to calm rows one feature at a time."""
        harms = []
        for one in gone:
            calm = self._alike(told, self._own(told, []))
            changed = self._alike(told, self._own(told, [one]))
            try:
                rows = round(one.share * len(self.sides.now))
                harms.append(self._share(one.feature, rows, [(calm, changed)], self.numbers[0][told.rows]))
            except NotMeasurable:
                continue
        return harms

    def _share(self, name: str, rows: int, pairs: Sequence[tuple[Outcomes, Outcomes]], numbers: Array) -> FeatureHarm:
        replayed = [tuple(Replayed(one, numbers) for one in pair) for pair in pairs]
        spread = self.spread(self.metric.name)
        return harm_of(self.metric, name, rows, replayed, self.sides.cluster, spread=spread)

    def told_apart(self, back: list[PutBack], gone: list[Lost]) -> Separation | None:
        """Calm rows beside the incident's with values put back; features that are lost tell nothing."""
        without = {one.feature for one in gone}
        usable = [name for name in self.features if name not in without]
        tables = []
        for rows, features in (
            (self.sides.calm, self.sides.calm.features),
            (self.sides.now, _with(self.sides.now.features, back)),
        ):
            table = features.select(usable)
            for name in self.contract.slice_columns():
                if name not in self.features:
                    table = table.append_column(name, rows.columns.column(name))
            tables.append(table)
        same = [
            name for name in tables[0].column_names if pa.null() not in {one.schema.field(name).type for one in tables}
        ]
        if not same:
            return None
        groups: list[Array | None] = [None, None]
        if self.sides.cluster is not None:
            groups = [self.sides.cluster[numbers] for numbers in self.numbers]
        return separation(*(one.select(same) for one in tables), seed=0, clusters=groups)

    def cells(
        self, told: Separation, back: list[PutBack], gone: list[Lost]
    ) -> tuple[dict[str, Replayed], dict[Factor, dict[str, float]]]:
        """The cells of the way, and what each cause's share is made of."""
        calm, now = self.numbers
        alike = self._alike(told, self.sides.calm.outcomes.take(told.rows))
        cells = {
            "calm": Replayed(self.sides.calm.outcomes, calm),
            "alike": Replayed(alike, calm[told.rows]),
            "now": Replayed(self.sides.now.outcomes, now),
        }
        values: dict[str, float] = {}
        parts: dict[Factor, dict[str, float]] = {"population": {"alike": 1.0, "calm": -1.0}}
        rest, end = {"alike": -1.0}, "now"
        if self.sides.otherwise:
            cells["asked"] = Replayed(self.restored([]), now)
            parts["model"] = {"now": 1.0, "asked": -1.0}
            end = "asked"
        if back:
            cells["back"] = Replayed(self.restored(back), now)
            values |= {end: 1.0, "back": -1.0}
            end = "back"
        if gone:
            cells["whole"] = Replayed(self._alike(told, self._own(told, [])), calm[told.rows])
            cells["lost"] = Replayed(self._alike(told, self._own(told, gone)), calm[told.rows])
            values |= {"lost": 1.0, "whole": -1.0}
            rest |= {"lost": -1.0, "whole": 1.0}
        rest[end] = 1.0
        parts["concept"] = rest
        if values:
            parts["data_values"] = values
        return cells, parts

    def _own(self, told: Separation, gone: list[Lost]) -> Outcomes:
        """Calm rows as the registered model itself scores them, with cells lost."""
        rows = self.sides.calm.take(told.rows)
        if not gone and not self.sides.learned:
            return rows.outcomes
        return self.scorer.outcomes(rows, with_lost(rows.features, gone, np.random.Generator(np.random.Philox(0))))

    def _alike(self, told: Separation, outcomes: Outcomes) -> Outcomes:
        return replace(outcomes, weight=outcomes.weights * told.likeness)

    def spread(self, metric: str) -> float:
        """How much more a metric varies over calm windows than their rows, taken as independent, would."""
        if self.sides.cluster is not None:
            return 1.0
        readings = self.found.readings
        number = next(
            (
                place
                for place, stream in enumerate(readings.streams)
                if (stream.name, stream.slice, stream.estimated) == (metric, "all", False)
            ),
            None,
        )
        if number is None:
            return 1.0
        values, errors = (table[self.found.calm, number] for table in (readings.values, readings.errors))
        known = np.isfinite(values) & np.isfinite(errors) & (errors > 0)
        if known.sum() < LEAST_WINDOWS:
            return 1.0
        return max(1.0, float(np.std(values[known], ddof=1) / np.sqrt(np.mean(errors[known] ** 2))))


def _with(features: pa.Table, back: Sequence[PutBack]) -> pa.Table:
    for one in back:
        place = features.column_names.index(one.feature)
        features = features.set_column(place, one.feature, one.column)
    return features
