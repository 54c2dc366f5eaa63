"""Attributions as they are kept: of several about one decision, the last that leaves least open is shown."""

from __future__ import annotations

from typing import TYPE_CHECKING

from baseline_pipeline.records import Digest, Record, digest_of
from baseline_pipeline.replay.attribution import Factor, Shared
from baseline_pipeline.replay.decided import Decided
from baseline_pipeline.replay.stages import StagesCompared
from baseline_pipeline.replay.variants import Variants
from baseline_pipeline.workbench.replays.feature_values import FeatureHarm

if TYPE_CHECKING:
    from baseline_pipeline.workbench.workbench import Workbench


class Attribution(Record):
    """What each of the changes since the baseline made of every metric."""

    model: str
    decision: Digest | None
    baseline: Digest
    """Key of the evaluation that stood."""
    candidate: Digest
    """Key of the evaluation that was judged."""
    moved: dict[str, tuple[str, ...]]
    """What differs, by facet, in words."""
    factors: tuple[Factor, ...]
    dropped: dict[str, str]
    """Facets that moved and changed no row, or could not be replayed, and why."""
    shared: tuple[Shared, ...]
    """The worst first."""
    unmeasured: dict[str, str]
    features: tuple[FeatureHarm, ...]
    sentence: str
    advice: str
    stages: dict[Factor, StagesCompared] = {}  # noqa: RUF012  # pydantic copies it
    """Where within the model the new rows part when one cause alone is new."""
    variants: Variants | None = None
    """The contract's variants of the training entry, on the new rows."""
    decided: tuple[Decided, ...] = ()
    """What the decision saw of the same causes on other rows."""
    left_open: tuple[Factor, ...] = ()
    """Facets that moved and could be neither replayed nor told apart from each other."""


def attribution_of(bench: Workbench, model: str, decision: Digest) -> Attribution | None:
    """What is shown of a decision, where it was attributed: of several attributions the last that leaves least open."""
    found = [Attribution.stored(body) for body in _attributions_of(bench, model, decision)]
    return min(reversed(found), key=lambda one: len(one.left_open), default=None)


def _attributions_of(bench: Workbench, model: str, decision: Digest) -> list[dict[str, object]]:
    """All attributions of a decision, as they came."""
    found: list[dict[str, object]] = []
    while body := bench.store.load("attribution_of", model, _key(decision, len(found))):
        found.append(body)
    return found


def _key(decision: Digest, number: int) -> Digest:
    return digest_of([decision, number]) if number else decision


def keep_attribution(bench: Workbench, model: str, decision: Digest, result: Attribution) -> None:
    """Keep an attribution after those of the same decision, unless it says what the last one said."""
    wanted = digest_of(result.body())
    while True:
        known = _attributions_of(bench, model, decision)
        if known and digest_of(known[-1]) == wanted:
            return
        bench.store.save("attribution_of", model, _key(decision, len(known)), result)  # of two at once one is first
