"""An attribution in a sentence that a manager can read, and what to do about it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from baseline_pipeline.figures import bracketed, fixed, places
from baseline_pipeline.replay.attribution import WORDS, Contribution, Factor, Shared

NAMED = 2
"""Details of a facet that a sentence names."""


OF_INCIDENT: dict[Factor, str] = {
    **WORDS,
    "data_values": "wrong values",
    "population": "who comes",
    "concept": "other outcomes of rows that look the same",
    "model": "answers that are not the registered model's",
}


def sentence(found: Shared, moved: Mapping[str, Sequence[str]], words: Mapping[Factor, str] = WORDS) -> str:
    """Who did how much of a metric's change.

    Args:
        found: The metric, shared out.
        moved: What differs, by facet or factor, in words.
        words: What factors are called.
    """
    where = found.metric if found.slice == "all" else f"{found.metric}[{found.slice}]"
    decimals = places(max(abs(found.harm), *(abs(one.harm) for one in found.contributions), 1e-9), 2)
    if not found.contributions:
        return f"{where} moves by nothing: no facet changed a row"
    harmed = found.harm > 0 or any(one.found and one.harm > 0 for one in found.contributions)
    sign, word, other = (1, "lost", "gained from") if harmed else (-1, "gained", "lost to")

    def amount(harm: float) -> str:
        return fixed(abs(harm), decimals)

    def bounds(one: Shared | Contribution) -> tuple[float, float]:
        low, high = sorted(sign * end for end in one.interval)
        return low, high

    def cause(one: Contribution) -> str:
        details = list(moved.get(one.factor, ()))[:NAMED]
        return words[one.factor] + (f" ({'; '.join(details)})" if details else "")

    told = sorted((one for one in found.contributions if one.found), key=lambda one: -sign * one.harm)
    along = [one for one in told if sign * one.harm > 0]
    against = [f"{amount(one.harm)} {other} {cause(one)}" for one in told if sign * one.harm <= 0]
    if not along:
        likely = [f"{amount(one.harm)} from {cause(one)}" for one in found.contributions if bounds(one)[0] > 0]
        text = " ".join(filter(None, [f"{where}: {amount(found.harm)} {word}", bracketed(bounds(found), decimals)]))
        text += f", and no cause{' of that' if against else ''} is told apart from chance"
        return "; ".join([text, *([f"likely: {', '.join(likely)}"] if likely else []), *against])
    first, *others = along
    whole, own = amount(found.harm), amount(first.harm)
    part = f"all of the {whole}" if own == whole else f"{own} of the {whole}"
    if sign * found.harm <= 0:
        part, against = own, [*against, f"{whole} gained in all"]
    elif own != whole and abs(first.harm) > abs(found.harm):
        part = f"{own}, more than the {whole} in all,"
    low, high = (fixed(end, decimals) for end in bounds(first))
    text = f"{part} of {where} {word} come from {cause(first)}, interval {low} to {high}"
    return "; ".join([text, *(f"{amount(one.harm)} from {cause(one)}" for one in others), *against])


def advised(
    found: Shared | None,
    model: str,
    features: Sequence[str],
    *,
    label: str | None = None,
    drifted: Sequence[str] = (),
    back: int | None = None,
    function: str | None = None,
    stood: str | None = None,
) -> str:
    """What to do about every cause that is shown to have done harm: update, adjust, or roll back.

    Args:
        found: The metric that was harmed most, shared out.
        model: The model's name.
        features: Those whose values did harm.
        label: Its column, where it was changed and that did harm: it may have been put right.
        drifted: Those that the other rows bring other values of: of rows that only one side has nobody can tell a world
            that moved from a feed that broke.
        back: The revision to bring back, where what was judged stands now or the registry's alias points at it.
        function: `module:function`, where that is the model: no alias points at it, and none can be moved.
        stood: URI of the model that stood, where the contract names another one now.
    """
    causes = [] if found is None else [one.factor for one in found.contributions if one.found and one.harm > 0]
    if not causes and found is not None and found.interval[1] < 0:
        return "nothing to repair: the change did good"
    if not causes:
        return f"nothing is shown to have done harm: more rows would tell the causes apart (`baseline power {model}`)"
    establish = f"`baseline establish {model} --by NAME --reason TEXT`"
    advice: dict[Factor, str] = {
        "data_values": _on_values(features, label, establish),
        "population": _on_the_world(drifted),
        "dependencies": (
            f"keep the old lockfile, or retrain under the new one: `baseline replay {model} --bisect` names the package"
        ),
        "model": "keep the model that stood",
        "concept": "look at the labels first, then retrain on recent rows: the model's rule no longer holds",
        "code": f"undo the edit, or approve its answers: {establish}",
        "surroundings": "undo one of what moved together, and run again: what is left then moves alone",
        "infrastructure": "give the model the machine it was approved on, or approve a baseline on this one",
    }
    if function is not None:
        advice["model"] = f"undo the edit of {function}, or of a file behind it: what stood was better"
    elif stood is not None:
        advice["model"] = f"name the model that stood in the contract again: `model: {{uri: {stood}}}`"
    elif back is not None:
        advice["model"] = f"bring the model that stood back: `baseline rollback {model} --to {back} --reason TEXT`"
    return "; besides, ".join(advice[one] for one in causes)


def _on_values(features: Sequence[str], label: str | None, establish: str) -> str:
    named = f"{', '.join(features[:3])} first" if features else "see the drift report"
    repair = f"repair the feed: {named}; until then the old values are the better ones"
    look = f"look at the changed labels ({label}): if they are right, the old figure was too good, and {establish}"
    return repair if label is None else f"{repair}; besides, {look}" if features else look


def _on_the_world(drifted: Sequence[str]) -> str:
    moved = "the world has moved: retrain on recent rows, or agree on another margin with a reason"
    if not drifted:
        return moved
    which = f"{', '.join(drifted[:3])}: {'it' if len(drifted) == 1 else 'they'} drifted with the other rows"
    return f"look at the feed of {which}; where the values are right, {moved}"


def advised_of_incident(found: Shared, features: Sequence[str]) -> str:
    """What to do about an incident's largest cause."""
    top = found.top
    if top is None or not top.found or top.harm <= 0:
        return "more rows would tell the causes apart"
    advice = {
        "data_values": f"repair {', '.join(features[:3]) or 'the feed'}; the model is not to blame",
        "model": "deploy the registered model again, and look at what the service runs",
        "population": "the model does as before on each kind of row: look at who comes, and why",
        "concept": (
            "check the labels, then whether the world changed; values that are wrong and look right would show so too"
        ),
    }
    return advice.get(top.factor, "")
