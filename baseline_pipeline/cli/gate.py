"""`baseline gate`."""

from __future__ import annotations

import os
import re
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from baseline_pipeline.cli.options import Json, Quiet
from baseline_pipeline.cli.output import emit, progress, say, show

if TYPE_CHECKING:
    from baseline_pipeline.contract import Contract
    from baseline_pipeline.workbench.promotions.gating import Gated
    from baseline_pipeline.workbench.workbench import Workbench

UNITS = {"s": 1, "m": 60, "h": 3600}


def command(  # noqa: PLR0917  # one per option
    model: Annotated[str | None, typer.Argument(help="Name of a model: a folder below assets/.")] = None,
    candidate: Annotated[
        str, typer.Option("--candidate", help="models:/NAME/7, models:/NAME@challenger, runs:/ID or m-ID.")
    ] = "",
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Compare and say what would follow; decide nothing.")
    ] = False,
    wait: Annotated[str, typer.Option("--wait", help="Wait so long for the candidate's run: 90s, 10m, 1h.")] = "0s",
    require: Annotated[
        list[str] | None, typer.Option("--require", help="A metric that the candidate's run must hold; repeatable.")
    ] = None,
    fail_on: Annotated[
        Literal["minor", "moderate", "severe"], typer.Option("--fail-on", help="The least harm that fails.")
    ] = "moderate",
    inconclusive: Annotated[
        Literal["fail", "warn", "pass"], typer.Option("--inconclusive", help="What too little data means.")
    ] = "fail",
    fail: Annotated[
        list[str] | None,
        typer.Option("--fail", help='A limit beside the contract\'s: "recall@carrier=EV:-1%"; repeatable.'),
    ] = None,
    junit: Annotated[Path | None, typer.Option("--junit", help="Write JUnit XML there.")] = None,
    summary: Annotated[
        Path | None, typer.Option("--summary", help="Append Markdown there; $GITHUB_STEP_SUMMARY by itself.")
    ] = None,
    report: Annotated[Path | None, typer.Option("--report", help="Write the HTML report there too.")] = None,
    attestation: Annotated[
        Path | None, typer.Option("--attestation", help="Write the in-toto statement there too.")
    ] = None,
    key: Annotated[Path | None, typer.Option("--key", help="SSH key that signs the in-toto statement.")] = None,
    eval_gate: Annotated[
        Path | None, typer.Option("--eval-gate", help="Read a plain file of thresholds, and say what to write instead.")
    ] = None,
    show_all: Annotated[
        bool, typer.Option("--all/--short", help="Every check, or a screenful: metrics, and the slices that failed.")
    ] = True,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Judge one exact candidate against the champion on the same rows, and promote it where contract and people allow.

    Exit codes: 0 pass, 1 degraded, 2 usage or contract, 3 evidence unavailable, 4 inconclusive, 5 approval required.

    Example: baseline gate flight_delays --candidate models:/flight_delays/7 --junit gate.xml
    """
    from baseline_pipeline.errors import UsageError
    from baseline_pipeline.workbench.promotions.gating import Asked, gate
    from baseline_pipeline.workbench.workbench import Workbench

    if eval_gate is not None:
        from baseline_pipeline.contract.eval_gate import translated

        show(translated(eval_gate))
        return
    if model is None or not candidate:
        message = "MODEL and --candidate are needed"
        raise UsageError(message, next_step="`baseline gate MODEL --candidate models:/NAME/7`")
    bench = Workbench.here(progress=progress(quiet=quiet))
    contract = bench.contract(model)
    asked = Asked(candidate, dry_run, _seconds(wait), require or (), fail_on, inconclusive, fail or ())
    found = gate(bench, contract, asked)
    try:
        _write(bench, contract, found, junit, summary, report, attestation, key, dry_run=dry_run)
    finally:  # what was decided is told, too, where a file cannot be written
        _print(bench, contract, found, show_all=show_all, as_json=as_json, quiet=quiet, dry_run=dry_run)
    raise typer.Exit(found.exit.code)


def _seconds(text: str) -> float:
    from baseline_pipeline.errors import UsageError

    found = re.fullmatch(r"(\d+)(s|m|h)", text)
    if found is None:
        message = f"--wait {text!r} stood here"
        raise UsageError(message, next_step="accepted: 90s, 10m, 1h")
    return float(int(found[1]) * UNITS[found[2]])


def _write(
    bench: Workbench,
    contract: Contract,
    found: Gated,
    junit: Path | None,
    summary: Path | None,
    report: Path | None,
    attestation: Path | None,
    key: Path | None,
    *,
    dry_run: bool,
) -> None:
    """Files for machines and for those who read later."""
    from baseline_pipeline.report.gate_summary import gate_markdown
    from baseline_pipeline.report.html import decision_html
    from baseline_pipeline.report.junit import gate_junit
    from baseline_pipeline.workbench.promotions.attesting import attest
    from baseline_pipeline.workbench.reporting import append, decision_story, write_whole

    story = replace(decision_story(bench, contract, found.decision), tried=dry_run)
    limits = [(one.criterion.text, one.passed, one.why) for one in found.checked]
    if junit is not None:
        write_whole(junit, gate_junit(found.decision, story.comparison, limits))
    words = gate_markdown(story, found.exit, found.checked, promoted=found.promoted, stray=found.stray)
    step = os.environ.get("GITHUB_STEP_SUMMARY")
    for target in {one for one in (summary, Path(step) if step else None) if one is not None}:
        append(target, words)
    if report is not None:
        write_whole(report, decision_html(story))
    attest(bench, contract, found, story.comparison, out=attestation, key=key, keep=not dry_run)


def _print(
    bench: Workbench,
    contract: Contract,
    found: Gated,
    *,
    show_all: bool,
    as_json: bool,
    quiet: bool,
    dry_run: bool,
) -> None:
    from baseline_pipeline.report.json_report import decision_json
    from baseline_pipeline.report.terminal import decision_text
    from baseline_pipeline.workbench.reporting import decision_story, write_decision_report

    story = replace(decision_story(bench, contract, found.decision), tried=dry_run)
    if as_json:
        emit(
            {
                **decision_json(story),
                "gate": found.exit.body(),
                "limits": [one.body() for one in found.checked],
                "promoted": found.promoted,
                "dry_run": dry_run,
                "alias": found.stray,
            }
        )
    else:
        show(decision_text(story, show_all=show_all))
        failures = story.comparison.failures
        lines = [f"loads and predicts: {'; '.join(failures) if failures else 'yes'}"]
        lines += [one.words() for one in found.checked]
        lines += [f"warning: {one}" for one in (*found.exit.warnings, *([found.stray] if found.stray else []))]
        tried = "  (dry run: nothing was decided)" if dry_run else ""
        lines.append(f"{found.exit.word}  decision {found.digest[:12]}{tried}")
        if found.promoted is not None:
            lines.append(f"promoted: baseline revision {found.promoted}, {found.candidate.uri}")
        if found.exit.code == 5:  # noqa: PLR2004  # approval required
            first = found.decision.baseline_revision is None
            verb = f"establish {contract.name} --by NAME" if first else f"approve {found.digest[:12]}"
            again = "gate again without --dry-run, then " if dry_run else ""
            lines.append(f"next: {again}`baseline {verb} --reason TEXT`")
        show("\n".join(lines))
    if not quiet:
        say(f"report: {write_decision_report(bench, contract, found.decision)}")
        say(f"tracking URI: {bench.settings.tracking_shown}")
