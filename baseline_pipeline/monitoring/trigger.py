"""When to evaluate: the present against the last decision, without memory of its own.

Level-triggered: a change that was missed, whose run failed, or that went back and forth is seen at
the next look, because nothing but the present and the last decision counts. Repeated failures of one
state are tried again at growing intervals, for ever: a cause that is repaired late is still noticed,
and a cause that stays costs a few runs a day.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from baseline_pipeline.figures import counted
from baseline_pipeline.governance.events import Watched
from baseline_pipeline.records import digest_of, short

WatchedFacet = Literal["data", "dependencies", "infrastructure", "registry", "code"]

WAITS = (0, 60, 300, 1800, 7200, 21600)
"""Seconds to wait after the first, second, ... failure of one state; the last one repeats."""


@dataclass(frozen=True)
class Attempt:
    """A run that was started for a state.

    Attributes:
        state: whether it is unfinished, failed, or ended well.
        ended: seconds since the epoch; `None` while unfinished.
    """

    state: Literal["unfinished", "failed", "succeeded"]
    ended: float | None = None


@dataclass(frozen=True)
class Request:
    """A run to start; `run_key` is the same whenever the same need is seen again."""

    run_key: str
    reason: str


@dataclass(frozen=True)
class Skip:
    """Nothing to do, and why."""

    reason: str


def state_key(wanted: Watched, decided: int) -> str:
    """Names one need: the watched state, as seen after the decision with ledger number `decided`."""
    return f"{digest_of(wanted.body())[:24]}-{decided}"


def trigger(
    facet: WatchedFacet,
    wanted: Watched,
    done: Watched | None,
    *,
    decided: int,
    attempts: Sequence[Attempt],
    now: float,
) -> Request | Skip:
    """Whether a facet's change asks for a run now.

    Args:
        facet: The facet this trigger answers for.
        wanted: All facets as they are.
        done: All facets as they were at the last decision; `None` before the first.
        decided: Ledger number of that decision; 0 before the first.
        attempts: Runs already started for this very state (`state_key`), oldest first.
        now: Seconds since the epoch.

    Example:
        >>> a = Watched(data="a", dependencies=None, infrastructure=None, registry=None, code=None)
        >>> b = a.model_copy(update={"data": "b"})
        >>> trigger("data", b, a, decided=7, attempts=[], now=0.0).reason
        'data changed: a -> b'
        >>> trigger("data", a, a, decided=7, attempts=[], now=0.0)
        Skip(reason='data is as it was at the last decision')
    """
    before = getattr(done, facet) if done else None
    after = getattr(wanted, facet)
    if done is not None and before == after:
        return Skip(f"{facet} is as it was at the last decision")
    if any(attempt.state == "unfinished" for attempt in attempts):
        return Skip(f"a run for this state of {facet} is under way")
    failed = [attempt for attempt in attempts if attempt.state == "failed"]
    if failed:
        wait = WAITS[min(len(failed) - 1, len(WAITS) - 1)]
        left = (failed[-1].ended or 0.0) + wait - now
        if left > 0:
            return Skip(f"{counted(len(failed), 'run')} for this state failed; the next try is in {left:.0f} s")
    elif attempts:
        return Skip("a run for this state has ended and recorded no decision; see that run")
    words = f"{facet} changed: {short(before or 'none')} -> {short(after or 'none')}" if done else "no decision yet"
    return Request(run_key=f"{state_key(wanted, decided)}-{len(attempts)}", reason=words)
