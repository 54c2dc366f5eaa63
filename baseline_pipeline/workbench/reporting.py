"""Stories for the report, gathered from ledger and store, and files written whole."""

from __future__ import annotations

import os
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from baseline_pipeline.decision import Decision, gating
from baseline_pipeline.errors import EvidenceUnavailable, UsageError
from baseline_pipeline.governance.events import baselines
from baseline_pipeline.quality import QualityReport
from baseline_pipeline.records import Digest, digest_of, short
from baseline_pipeline.report.html import decision_html, model_html
from baseline_pipeline.report.reliability import calibration_points
from baseline_pipeline.report.story import (
    CalibrationCurve,
    DecisionLine,
    DecisionStory,
    LedgerFact,
    Link,
    ModelStory,
    Trajectory,
    TrajectoryPoint,
    WorstRows,
    model_card,
)
from baseline_pipeline.snapshot import DriftReport
from baseline_pipeline.workbench.iteration.comparing import load_comparison
from baseline_pipeline.workbench.iteration.evaluating import load_evaluation, load_scores, unseen_scores
from baseline_pipeline.workbench.iteration.snapshotting import load_snapshot
from baseline_pipeline.worst_rows import worst_rows

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from baseline_pipeline.comparison import Comparison
    from baseline_pipeline.contract import Contract
    from baseline_pipeline.evaluation import Evaluation
    from baseline_pipeline.governance.events import Event
    from baseline_pipeline.workbench.workbench import Workbench

SHOWN_WORST_ROWS = 15


def last_decision_digest(bench: Workbench, model: str) -> Digest:
    """The latest decision of a model.

    Raises:
        UsageError: when there is none yet.
    """
    found = [event for event in bench.events(model) if event.kind == "decision"]
    if not found:
        message = f"there is no decision about {model} yet"
        raise UsageError(message, next_step=f"make one with `baseline run {model}`")
    return str(found[-1].content["decision"])


def load_decision(bench: Workbench, model: str, digest: Digest) -> Decision:
    """A stored decision, by its digest or the beginning of it.

    Raises:
        UsageError: when none begins so, or several do.
    """
    known = {str(event.content["decision"]) for event in bench.events(model) if event.kind == "decision"}
    found = sorted(one for one in known if one.startswith(digest))
    if len(found) != 1:
        listed = ", ".join(short(one) for one in found or sorted(known)) or "none"
        message = f"{len(found)} decisions about {model} begin with {digest!r}; there are: {listed}"
        raise UsageError(message, next_step="name one of them by more characters")
    return Decision.stored(bench.store.load("decisions", model, found[0]))


def decision_story(bench: Workbench, contract: Contract, decision: Decision) -> DecisionStory:
    """All that the report of one decision says."""
    from baseline_pipeline.workbench.replays.followed import followed

    comparison = load_comparison(bench, contract.name, decision.comparison)
    evaluations = _evaluations(bench, contract.name, comparison)
    snapshots = {one.snapshot: load_snapshot(bench, contract.name, one.snapshot) for one in evaluations.values()}
    return DecisionStory(
        card=model_card(contract),
        decision=decision,
        comparison=comparison,
        evaluations=evaluations,
        snapshots=snapshots,
        drift=_drift(bench, contract.name, comparison.drift),
        changed_drift=_drift(bench, contract.name, comparison.changed_drift),
        quality=_quality(bench, contract, evaluations, comparison),
        calibration=_calibration(bench, contract, comparison, evaluations),
        trajectories=_trajectories(bench, contract),
        ledger=_facts(bench.events(contract.name)),
        links=_links(bench, contract.name, evaluations),
        worst_rows=_worst(bench, contract, comparison, evaluations),
        followed=followed(bench, contract.name, digest_of(decision.body())),
        commands=(
            f"baseline run {contract.name}",
            f"baseline report {contract.name} --decision {_short_digest(decision)}",
        ),
    )


def _drift(bench: Workbench, model: str, key: Digest | None) -> DriftReport | None:
    body = None if key is None else bench.store.load("drift", model, key)
    return None if body is None else DriftReport.stored(body)


def _short_digest(decision: Decision) -> str:
    return short(digest_of(decision.body()))


def _evaluations(bench: Workbench, model: str, comparison: Comparison) -> dict[Digest, Evaluation]:
    keys = [side.evaluation for one in comparison.contrasts for side in (one.baseline, one.candidate)]
    keys += [comparison.candidate] if comparison.candidate else []
    return {key: load_evaluation(bench, model, key) for key in dict.fromkeys(keys)}


def _quality(
    bench: Workbench, contract: Contract, evaluations: dict[Digest, Evaluation], comparison: Comparison
) -> QualityReport | None:
    suite = bench.suite(contract)
    candidate = evaluations.get(comparison.candidate or "")
    if suite is None or candidate is None:
        return None
    body = bench.store.load("quality", contract.name, digest_of([candidate.snapshot, suite.digest()]))
    return None if body is None else QualityReport.stored(body)


def _calibration(
    bench: Workbench, contract: Contract, comparison: Comparison, evaluations: dict[Digest, Evaluation]
) -> tuple[CalibrationCurve, ...]:
    """Reliability of both sides of the contrast that decides, on the candidate's rows."""
    contrasts = gating(comparison)
    if contract.task != "binary_classification" or contract.model.output != "score" or not contrasts:
        return ()
    last = contrasts[-1]
    curves = []
    for side, name in ((last.baseline, "baseline"), (last.candidate, "candidate")):
        other = evaluations[(last.candidate if name == "baseline" else last.baseline).evaluation]
        outcomes = unseen_scores(bench, evaluations[side.evaluation], beside=[other]).outcomes
        points = calibration_points(outcomes.score, outcomes.label)  # type: ignore[arg-type]  # binary scores are there
        curves.append(CalibrationCurve(side=name, points=points))
    return tuple(curves)


def _worst(
    bench: Workbench, contract: Contract, comparison: Comparison, evaluations: dict[Digest, Evaluation]
) -> tuple[WorstRows, ...]:
    candidate = evaluations.get(comparison.candidate or "")
    if candidate is None:
        return ()
    table = worst_rows(contract, load_scores(bench, candidate), SHOWN_WORST_ROWS)
    return (WorstRows(title="Where the candidate lost most", columns=table.columns, rows=table.rows),)


def _links(bench: Workbench, model: str, evaluations: dict[Digest, Evaluation]) -> tuple[Link, ...]:
    found = []
    for key, one in evaluations.items():
        body = bench.store.load("tracked", model, key)
        if body is not None:
            found.append(Link(label=f"MLflow run of version {one.subject.version}", value=str(body["run_id"])))
            uri = Link(label="MLflow tracking URI", value=str(body["tracking_uri"]))
            found = [link for link in found if link != uri] + [uri]
    return tuple(found)


def _facts(events: list[Event]) -> tuple[LedgerFact, ...]:
    return tuple(LedgerFact(at=event.at, actor=event.actor, what=_what(event), reason=event.reason) for event in events)


def _what(event: Event) -> str:
    content = event.content
    if event.kind == "decision":
        hold = f" ({str(content['hold']).replace('_', ' ')})" if content["hold"] else ""
        return f"decision {short(content['decision'])}: {content['outcome']}{hold}"
    if "statement" in content:
        unsigned = "" if content["signature"] else " (unsigned)"
        return f"{event.kind}{unsigned} of {short(content['decision'])}, counts until {content['statement']['expires']}"
    if event.kind == "contract_changed":
        places = len(content["changed"])
        return (
            f"contract changed in {places} place{'s' * (places > 1)}" if places else "contract seen for the first time"
        )
    if event.kind.startswith("promotion_"):
        return f"{event.kind.replace('_', ' ')}: version {content['version']}"
    if event.kind == "incident":
        return f"incident {content['incident']} {content['change']}"
    revision = content.get("revision")
    return event.kind.replace("_", " ") + ("" if revision is None else f": revision {revision}")


def _trajectories(bench: Workbench, contract: Contract) -> tuple[Trajectory, ...]:
    """The primaries of every candidate that was decided on, oldest first."""
    events = bench.events(contract.name)
    revisions = {one.evaluation: one.revision for one in baselines(events, contract.name)}
    decided: dict[str, str] = {}
    for event in events:
        if event.kind == "decision" and event.content["candidate"]:
            decided.setdefault(str(event.content["candidate"]), event.at)
    measured = {rule.measured.name: rule.measured for rule in contract.metrics if rule.role == "primary"}
    points: dict[str, list[TrajectoryPoint]] = {name: [] for name in measured}
    for key, at in decided.items():
        for value in load_evaluation(bench, contract.name, key).metrics:
            if value.slice == "all" and value.metric in points:
                points[value.metric].append(
                    TrajectoryPoint(
                        at=at,
                        evaluation=key,
                        value=value.value,
                        low=value.low,
                        high=value.high,
                        revision=revisions.get(key),
                    )
                )
    return tuple(
        Trajectory(metric=name, unit=measured[name].unit, better=measured[name].better, points=tuple(found))
        for name, found in points.items()
    )


def model_story(bench: Workbench, contract: Contract) -> ModelStory:
    """All that the report of one model says."""
    events = bench.events(contract.name)
    lines = [
        DecisionLine(
            at=event.at,
            decision=event.content["decision"],
            outcome=event.content["outcome"],
            hold=event.content["hold"],
            tier=event.content["tier"],
            reason=event.reason,
            baseline_revision=event.content["baseline_revision"],
            actor=event.actor,
        )
        for event in events
        if event.kind == "decision"
    ]
    return ModelStory(
        card=model_card(contract),
        baselines=tuple(baselines(events, contract.name)),
        trajectories=_trajectories(bench, contract),
        decisions=tuple(lines),
        ledger=_facts(events),
    )


def write_decision_report(bench: Workbench, contract: Contract, decision: Decision) -> Path:
    """The decision's HTML, below the home."""
    story = decision_story(bench, contract, decision)
    return write_whole(_folder(bench, contract) / f"decision-{_short_digest(decision)}.html", decision_html(story))


def write_model_report(bench: Workbench, contract: Contract) -> Path:
    """The model's HTML, below the home."""
    return write_whole(_folder(bench, contract) / "model.html", model_html(model_story(bench, contract)))


def _folder(bench: Workbench, contract: Contract) -> Path:
    return bench.settings.home / "reports" / contract.name


def write_whole(path: Path, text: str) -> Path:
    """Write a text file by renaming a finished one over it.

    Raises:
        EvidenceUnavailable: when it cannot be written there.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with _writable(path):
            temporary.write_text(text, encoding="utf-8")
            os.replace(temporary, path)
    finally:
        with suppress(OSError):
            temporary.unlink()
    return path


def append(path: Path, text: str) -> None:
    """Add to a text file that others write to, too.

    Raises:
        EvidenceUnavailable: when it cannot be written there.
    """
    with _writable(path), path.open("a", encoding="utf-8") as file:
        file.write(text)


@contextmanager
def _writable(path: Path) -> Iterator[None]:
    """A file's folder is made; what the system refuses is told of the file."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield
    except OSError as error:
        message = f"{path} cannot be written: {error.strerror}"
        raise EvidenceUnavailable(message, next_step="name a place that can be written, or make room there") from error
