"""One contrast of two evaluations: rows matched, harms estimated, error rates shared out, verdicts given."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from baseline_pipeline.comparison import Contrast, Moved, RowChanges, Side
from baseline_pipeline.detecting import detect
from baseline_pipeline.effects import Part, part
from baseline_pipeline.estimating import effects
from baseline_pipeline.evaluation import Scores
from baseline_pipeline.judging import judge
from baseline_pipeline.matching import Matched, match
from baseline_pipeline.metrics.classes import numbered_alike
from baseline_pipeline.records import Digest, digest_of
from baseline_pipeline.row_differences import moved_scores, settled, without_dust
from baseline_pipeline.significance.clopper_pearson import clopper_pearson_upper

if TYPE_CHECKING:
    from baseline_pipeline.contract import Contract
    from baseline_pipeline.timing import PairedTimes


def contrast(
    contract: Contract,
    *,
    moved: Moved,
    question: str,
    baseline: Side,
    candidate: Side,
    baseline_scores: Scores,
    candidate_scores: Scores,
    definitions: tuple[dict[str, Any], dict[str, Any]],
    training_windows: Sequence[tuple[str, str]],
    pairing: Literal["paired", "unpaired"],
    times: PairedTimes | None = None,
    timed: Digest | None = None,
    look: int = 1,
    noise: float = 0.0,
    beside_unchanged: bool = False,
) -> Contrast:
    """Compare two evaluations, or say why they cannot be compared.

    Args:
        contract: Metrics, margins, slices and error rates.
        moved: What differs between the two.
        question: What is asked, in words.
        baseline: Where the baseline's evidence is.
        candidate: Where the candidate's evidence is.
        baseline_scores: The baseline's rows.
        candidate_scores: The candidate's rows.
        definitions: What a measurement meant on either side; they must be equal in what both say.
        training_windows: Rows in these are left out.
        pairing: `paired` by row id, or `unpaired` (the candidate's new rows against the baseline's).
        times: Of both models on the same requests, where they were taken.
        timed: Key of those times.
        look: How often this was asked since the baseline was revised, this time included; it counts
            where the contract plans several looks.
        noise: How far either model's scores of the same rows differ when it scores them twice.
        beside_unchanged: Whether changed values are judged among all rows that both hold, not among themselves.
    """
    kind: Literal["same_rows", "changed_rows", "new_rows"] = "same_rows"
    if pairing == "unpaired":
        kind = "new_rows"
    elif moved == "data_values" and not beside_unchanged:
        kind = "changed_rows"
    alike = numbered_alike(baseline_scores.outcomes, candidate_scores.outcomes)
    baseline_scores, candidate_scores = (
        replace(scores, outcomes=outcomes)
        for scores, outcomes in zip((baseline_scores, candidate_scores), alike, strict=True)
    )
    matched = match(baseline_scores, candidate_scores, kind=kind, windows=training_windows)
    refusal = _absent(contract, baseline_scores, candidate_scores) or _refusal(
        definitions, baseline_scores, candidate_scores, matched, moved, pairing
    )
    seed = _seed(contract, baseline, candidate)
    sides = (part(baseline_scores, matched.baseline, seed), part(candidate_scores, matched.candidate, seed))
    if pairing == "paired":
        old, new = sides
        sides = (old, replace(new, outcomes=settled(old.outcomes, new.outcomes, noise)))
    changes = None if refusal or pairing == "unpaired" else row_changes(*sides)
    if changes is not None:
        old, new = sides
        sides = (old, replace(new, outcomes=without_dust(old.outcomes, new.outcomes)))
    resources = moved not in {"data_values", "population", "code"}  # times are the model's in its environment
    known = [] if refusal else effects(contract, *sides, pairing=pairing, resources=resources, times=times)
    found = detect(contract.error_rates, known, seed=seed, look=look)
    return Contrast(
        moved=moved,
        pairing=pairing,
        question=question,
        baseline=baseline,
        candidate=candidate,
        rows=len(matched.candidate),
        rows_left_out=matched.left_out,
        left_out_because=matched.because,
        changes=changes,
        cells=tuple(judge(contract, effect, found.get(number), look) for number, effect in enumerate(known)),
        not_comparable=refusal,
        seed=seed,
        timed=timed,
        replay_difference=noise,
        look=look,
        beside_unchanged=beside_unchanged,
    )


def _seed(contract: Contract, *sides: Side) -> int:
    """The same for the same evidence and policy, whichever of the two is called the baseline."""
    return int(digest_of([contract.policy_digest(), *sorted(side.scores_file for side in sides)])[:12], 16)


def _absent(contract: Contract, old: Scores, new: Scores) -> str | None:
    """Columns that slices and metrics name and that one of the sides does not have."""
    for side, scores in (("baseline", old), ("candidate", new)):
        there = {*scores.columns.column_names}
        lacking = [name for name in contract.slice_columns() if name not in there]
        lacking += [name for name in contract.metric_columns() if name not in scores.outcomes.columns]
        if lacking:
            names = ", ".join(map(repr, dict.fromkeys(lacking)))
            return f"The {side}'s rows have no column {names}, which slices or metrics name."
    return None


def _refusal(
    definitions: tuple[dict[str, Any], dict[str, Any]],
    old: Scores,
    new: Scores,
    matched: Matched,
    moved: Moved,
    pairing: str,
) -> str | None:
    before, after = definitions
    differing = [word for word in after if word in before and before[word] != after[word]]
    if differing:
        words = ", ".join(f"{word} ({before.get(word)!r} -> {after[word]!r})" for word in differing)
        return f"Definition or schema changed: {words}. Put the data right, or establish a new baseline."
    if len(matched.candidate) == 0 or len(matched.baseline) == 0:
        return f"No rows are left to compare on ({matched.because or 'the two share none'})."
    if pairing == "paired" and moved != "data_values":
        differ = int((old.outcomes.label[matched.baseline] != new.outcomes.label[matched.candidate]).sum())
        if differ:
            return f"{differ} rows have other labels on the two sides."
    return None


def row_changes(old: Part, new: Part) -> RowChanges:
    """What differs between two scorings of the same rows, exactly; no error rate is involved."""
    before, after = old.outcomes, new.outcomes
    gap = moved_scores(before, after)
    flipped = before.prediction != after.prediction
    right = before.prediction == before.label
    still = after.prediction == after.label
    decisions = before.score is not None or np.issubdtype(before.label.dtype, np.integer)
    rows = len(before)
    count = int(flipped.sum())
    return RowChanges(
        rows=rows,
        changed_scores=int((gap != 0).sum()),
        largest_difference=float(gap.max()) if rows and not after.is_text and np.isfinite(gap).all() else None,
        decisions_changed=count if decisions or after.is_text else None,
        labels_changed=int((before.label != after.label).sum()),
        right_to_wrong=int((right & ~still).sum()) if decisions else None,
        wrong_to_right=int((~right & still).sum()) if decisions else None,
        disagreement_upper=clopper_pearson_upper(count, rows) if decisions else None,
    )
