"""What a decision rests on, step by step, back to the bytes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from baseline_pipeline.comparison import ALL_ROWS
from baseline_pipeline.figures import counted
from baseline_pipeline.fingerprint import FACETS, Facet
from baseline_pipeline.records import Digest, Record, canonical_json, digest_of
from baseline_pipeline.report.visible import without_credentials

if TYPE_CHECKING:
    from baseline_pipeline.evaluation import Evaluation, MetricValue
    from baseline_pipeline.report.story import DecisionStory


class Step(Record):
    """One link of the chain: what it is, the digest it is named by, and what else is known of it."""

    stage: str
    """decision, comparison, evaluation, snapshot or source."""
    digest: Digest | None
    detail: str


class FacetRow(Record):
    """A facet's digest on every evaluation, in the order of `evaluations_in_order`."""

    facet: Facet
    digests: tuple[Digest | None, ...]
    moved: bool


def evaluations_in_order(story: DecisionStory) -> tuple[tuple[str, Evaluation], ...]:
    """The evaluations a report shows, each once with the part it played; baselines before candidates."""
    named: dict[Digest, str] = {}
    for contrast in story.comparison.contrasts:
        named.setdefault(contrast.baseline.evaluation, "baseline")
    for contrast in story.comparison.contrasts:
        named.setdefault(contrast.candidate.evaluation, "candidate")
    if story.comparison.candidate:
        named[story.comparison.candidate] = "candidate"
    for key in story.evaluations:
        named.setdefault(key, "also evaluated")
    return tuple((part, story.evaluations[key]) for key, part in named.items() if key in story.evaluations)


def lineage(story: DecisionStory) -> tuple[Step, ...]:
    """The chain decision <- comparison <- evaluation <- snapshot <- source, most recent first."""
    shown = evaluations_in_order(story)
    steps = [
        Step(stage="decision", digest=digest_of(story.decision.body()), detail=f"exit code {story.decision.exit_code}"),
        Step(
            stage="comparison",
            digest=story.decision.comparison,
            detail=f"policy {story.comparison.policy}",
        ),
    ]
    for part, evaluation in reversed(shown):
        detail = f"{part}: {evaluation.subject.name} version {evaluation.subject.version}, {evaluation.subject.uri}, "
        detail += (
            f"model digest {evaluation.subject.digest}, scores {evaluation.scores_file}, engine {evaluation.engine}"
        )
        steps.append(Step(stage="evaluation", digest=evaluation.key, detail=without_credentials(detail)))
    for digest in dict.fromkeys(evaluation.snapshot for _, evaluation in reversed(shown)):
        steps.extend(_snapshot_steps(story, digest))
    return tuple(steps)


def _snapshot_steps(story: DecisionStory, digest: Digest) -> list[Step]:
    snapshot = story.snapshots.get(digest)
    if snapshot is None:
        return [Step(stage="snapshot", digest=digest, detail="its record is not part of this report")]
    span = f", {snapshot.time_range[0]} to {snapshot.time_range[1]}" if snapshot.time_range else ""
    rows = f"{snapshot.rows} rows{span}, file {snapshot.file}"
    origin = canonical_json(snapshot.provenance.origin).decode()
    source = (
        f"{snapshot.provenance.source} {origin}, taken {snapshot.provenance.taken_at}, {snapshot.provenance.engine}"
    )
    return [
        Step(stage="snapshot", digest=digest, detail=rows),
        Step(stage="source", digest=snapshot.provenance.source_digest, detail=without_credentials(source)),
    ]


def facet_rows(story: DecisionStory) -> tuple[FacetRow, ...]:
    """Which facet differs between the evaluations, digest by digest."""
    shown = [evaluation for _, evaluation in evaluations_in_order(story)]
    found = ((facet, tuple(getattr(evaluation.fingerprint, facet) for evaluation in shown)) for facet in FACETS)
    return tuple(FacetRow(facet=facet, digests=digests, moved=len(set(digests)) > 1) for facet, digests in found)


def environment_findings(story: DecisionStory) -> tuple[str, ...]:
    """Where an environment was not the declared one, in words; empty where all were."""
    lines: list[str] = []
    for part, evaluation in evaluations_in_order(story):
        for difference in evaluation.environment.differences:
            locked, installed = difference.locked or "absent", difference.installed or "absent"
            lines.append(f"{part}: {difference.package} locked {locked}, installed {installed}")
        lines.extend(f"{part}: {contradiction}" for contradiction in evaluation.environment.contradictions)
    return tuple(dict.fromkeys(lines))


def doubts(story: DecisionStory) -> tuple[str, ...]:
    """What speaks against the scores of an evaluation, in words.

    Of what a comparison tells by itself (the noise of a model that does not repeat itself) only where there is none.
    """
    found = [f"{part}: {one.doubt}" for part, one in evaluations_in_order(story) if one.doubt]
    if not story.comparison.contrasts:
        found += [
            f"{part}: scoring the same rows twice moves scores by up to {one.replay_difference:.2g}"
            for part, one in evaluations_in_order(story)
            if one.replay_difference
        ]
    return tuple(found)


def machine_facts(story: DecisionStory) -> tuple[str, ...]:
    """The names of everything observed about the machines, each once."""
    return tuple(dict.fromkeys(name for _, found in evaluations_in_order(story) for name in found.environment.facts))


def measured(story: DecisionStory) -> tuple[tuple[MetricValue, ...], ...]:
    """What the candidate's evaluation measured: on all rows, then on slices; empty where it is not at hand."""
    candidate = story.evaluations.get(story.comparison.candidate or "")
    values = candidate.metrics if candidate else ()
    whole = tuple(value for value in values if value.slice == ALL_ROWS)
    slices = tuple(value for value in values if value.slice != ALL_ROWS)
    return tuple(part for part in (whole, slices) if part)


def learned(story: DecisionStory) -> str:
    """Which rows the candidate learned from: measured values are of the others, if there are any; empty where none."""
    candidate = story.evaluations.get(story.comparison.candidate or "")
    if candidate is None or not candidate.learned or candidate.subject.training_window is None:
        return ""
    version, days = candidate.subject.version, " to ".join(candidate.subject.training_window)
    if candidate.learned == candidate.rows:
        return f"version {version} learned from all of these rows ({days}): they flatter it, bring later ones"
    return f"{counted(candidate.learned, 'row')} left out: version {version} learned from them ({days})"


def commands(story: DecisionStory) -> tuple[str, ...]:
    """What repeats the decision; the model is run again where the story names nothing more exact."""
    return story.commands or (f"baseline run {story.card.name}",)
