"""`baseline incident`: what alarms led to, and what people make of it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from baseline_pipeline.cli.helping import Group
from baseline_pipeline.cli.options import Json, Model, Quiet
from baseline_pipeline.cli.output import emit, out, progress, say, show
from baseline_pipeline.cli.people import Key
from baseline_pipeline.figures import counted

app = typer.Typer(
    cls=Group,
    no_args_is_help=True,
    rich_markup_mode=None,
    help="Opened by `baseline monitor`, one per cause; people triage, work off, close and review them.",
)
Id = Annotated[str, typer.Argument(help="An incident, or the beginning of its name: I-5f3a.", show_default=False)]
By = Annotated[str, typer.Option("--by", help="Who says so.", envvar="BASELINE_PERSON", show_default=False)]
Reason = Annotated[str, typer.Option("--reason", help="Why, in words.", show_default=False)]


def _shown(incident: str) -> str:
    import shutil

    from baseline_pipeline.report.monitoring import incident_lines
    from baseline_pipeline.report.replay_text import wrapped
    from baseline_pipeline.workbench.over_time.incidents import experiment_words, find_incident
    from baseline_pipeline.workbench.over_time.playbooks import playbook_of
    from baseline_pipeline.workbench.workbench import Workbench

    bench = Workbench.here()
    one = find_incident(bench, incident)
    lines = incident_lines(one, playbook_of(bench, bench.contract(one.model), one), experiment_words(bench, one))
    return wrapped(lines, shutil.get_terminal_size((120, 24)).columns)


@app.command(name="list")
def list_incidents(
    model: Annotated[str | None, typer.Argument(help="One model's; all by default.", show_default=False)] = None,
    show_all: Annotated[bool, typer.Option("--all", help="Closed ones too.")] = False,
    as_json: Json = False,
) -> None:
    """Incidents that nobody has closed, oldest first.

    Example: baseline incident list flight_delays
    """
    from baseline_pipeline.report.monitoring import open_lines
    from baseline_pipeline.response.incidents import incidents
    from baseline_pipeline.workbench.workbench import Workbench

    bench = Workbench.here()
    if model is not None:
        bench.contract(model)
    found = [one for one in incidents(bench.events(), model) if one.open or show_all]
    if as_json:
        emit([one.body() for one in found])
    else:
        show("\n".join(line for one in found for line in open_lines(one)) or "no incident is open")


@app.command(name="show")
def show_incident(incident: Id, as_json: Json = False) -> None:
    """One incident: timeline, signs, playbook with what was ticked.

    Example: baseline incident show I-5f3a
    """
    from baseline_pipeline.workbench.over_time.incidents import find_incident
    from baseline_pipeline.workbench.workbench import Workbench

    if as_json:
        emit(find_incident(Workbench.here(), incident).body())
    else:
        show(_shown(incident))


@app.command()
def triage(
    incident: Id,
    by: By,
    reason: Reason,
    signal: Annotated[bool, typer.Option("--signal/--noise", help="Whether it is real.", show_default=False)],
    category: Annotated[
        str | None,
        typer.Option(
            help="data source, feature engineering, model packaging, dependency, infrastructure, real-world change.",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Say whether it is signal or noise, and of what kind.

    Example: baseline incident triage I-5f3a --signal --category "data source" --by ada --reason "the feed was late"
    """
    from baseline_pipeline.workbench.over_time.incidents import triage as told
    from baseline_pipeline.workbench.workbench import Workbench

    told(Workbench.here(), incident, signal=signal, category=category, actor=by, reason=reason)
    show(_shown(incident))


@app.command()
def step(
    incident: Id,
    number: Annotated[int, typer.Argument(help="Of the playbook's step.", show_default=False)],
    by: By,
    reason: Annotated[str, typer.Option(help="What came of it; the step's own words by default.")] = "",
) -> None:
    """Tick a step of the playbook off.

    Example: baseline incident step I-5f3a 2 --by ada
    """
    from baseline_pipeline.workbench.over_time.incidents import tick
    from baseline_pipeline.workbench.workbench import Workbench

    tick(Workbench.here(), incident, number, actor=by, reason=reason)
    show(_shown(incident))


@app.command()
def link(
    incident: Id,
    to: Annotated[str, typer.Argument(help="A ticket, a commit, a decision, another incident.", show_default=False)],
    by: By,
) -> None:
    """Link something to it.

    Example: baseline incident link I-5f3a https://tracker.example/OPS-17 --by ada
    """
    from baseline_pipeline.workbench.over_time.incidents import say as told
    from baseline_pipeline.workbench.workbench import Workbench

    told(Workbench.here(), incident, "linked", actor=by, reason=to, link=to)
    show(_shown(incident))


@app.command()
def remedy(
    incident: Id,
    what: Annotated[
        str, typer.Argument(help="retrain, augment, clean, 'roll back', 'add a test' or none.", show_default=False)
    ],
    by: By,
    outcome: Annotated[str, typer.Option(help="What came of it.", show_default=False)],
) -> None:
    """Say what was done about it; 'add a test' makes a scenario of its rows.

    Example: baseline incident remedy I-5f3a "roll back" --outcome "recall is back at 0.87" --by ada
    """
    from baseline_pipeline.workbench.over_time.incidents import add_test
    from baseline_pipeline.workbench.over_time.incidents import remedy as told
    from baseline_pipeline.workbench.workbench import Workbench

    bench = Workbench.here()
    told(bench, incident, what, outcome=outcome, actor=by)
    if what == "add a test":
        file = add_test(bench, incident, actor=by)
        say(f"written: {file} and its rows; add it to the contract: scenarios: [scenarios.{file.stem}:rows]")
    show(_shown(incident))


@app.command()
def close(
    incident: Id,
    by: By,
    cause: Annotated[str, typer.Option(help="What happened, in words.", show_default=False)],
    category: Annotated[str | None, typer.Option(help="As in triage, where it is another one.")] = None,
) -> None:
    """Close it with its cause; a real one is proposed for the incidents file, as a diff on stdout.

    Example: baseline incident close I-5f3a --cause "the weather feed sent UTC hours" --by ada > incident.diff
    """
    from baseline_pipeline.workbench.over_time.incidents import close as told
    from baseline_pipeline.workbench.workbench import Workbench

    bench = Workbench.here()
    closed, diff = told(bench, incident, cause=cause, category=category, actor=by)
    say(f"{closed.id} is closed")
    if closed.open_alarms:
        say(f"  open still: {counted(len(closed.open_alarms), 'alarm')}; people hear again of what grows worse")
    if diff:
        say("proposed, so that backtests know it (git apply):")
        if bench.contract(closed.model).incidents is None:
            say("and in the contract, which names no such file yet: `incidents: incidents.yaml`")
        print(diff, end="", file=out())  # the command line's data


@app.command()
def review(
    incident: Id,
    by: By,
    output: Annotated[Path | None, typer.Option(help="Where; below the home by default.", show_default=False)] = None,
) -> None:
    """Write the review: what is known is filled in, what people must add is asked.

    Example: baseline incident review I-5f3a --by ada --output review.md
    """
    from baseline_pipeline.workbench.over_time.incidents import review as told
    from baseline_pipeline.workbench.workbench import Workbench

    say(f"written: {told(Workbench.here(), incident, output, actor=by)}")


@app.command()
def silence(
    by: By,
    reason: Reason,
    until: Annotated[str, typer.Option(help="When it ends, UTC: 2026-01-06T08:00.", show_default=False)],
    since: Annotated[str | None, typer.Option(help="When it begins, UTC; now by default.", show_default=False)] = None,
    model: Annotated[str, typer.Option(help="Which models; * and ? stand for any text and character.")] = "*",
    guardrail: Annotated[str, typer.Option(help="Which metrics or measures.")] = "*",
    part: Annotated[str, typer.Option("--slice", help="Which slices.")] = "*",
) -> None:
    """Tell nobody for a while: a maintenance window. Incidents are written down all the same.

    Example: baseline incident silence --model 'flight_*' --until 2026-01-06T08:00 --by ada --reason "feed moves"
    """
    from pydantic import ValidationError

    from baseline_pipeline.errors import UsageError
    from baseline_pipeline.response.silences import Silence
    from baseline_pipeline.workbench.over_time.notifying import silence as kept
    from baseline_pipeline.workbench.workbench import Workbench

    try:
        given = Silence(model=model, guardrail=guardrail, slice=part, since=since, until=until, reason=reason, actor=by)
    except ValidationError as error:
        message = f"the silence is not understood: {error.errors()[0]['msg'].removeprefix('Value error, ')}"
        raise UsageError(message, next_step="accepted: times such as 2026-01-06T08:00") from error
    kept(Workbench.here(), given)
    say(f"nobody is told of {model} {guardrail} {part} until {until}")


@app.command()
def drill(
    model: Model,
    scenario: Annotated[str, typer.Option(help="What is injected.")] = "unit_error",
    dose: Annotated[float | None, typer.Option(help="How much; the scenario's largest by default.")] = None,
    by: By = "drill",
    key: Key = None,
    output: Annotated[Path | None, typer.Option(help="Write the report there.", show_default=False)] = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Rehearse: damage is injected into the last windows in a scratch copy of the home, from detection to review.

    Nothing of the real home, registry or receivers is touched, and the ledger gets one record: that there was a drill.
    The report says how long every step took.

    Example: baseline incident drill flight_delays --scenario missing_values --output drill.md
    """
    from baseline_pipeline.workbench.over_time.drilling import drill as rehearsed
    from baseline_pipeline.workbench.reporting import write_whole
    from baseline_pipeline.workbench.workbench import Workbench

    bench = Workbench.here(progress=progress(quiet=quiet))
    found = rehearsed(bench, bench.contract(model), scenario=scenario, dose=dose, actor=by, key=key)
    if output is not None:
        write_whole(output, found.report)
        say(f"written: {output}")
    if as_json:
        emit({**found.body(), "report": found.report})
    else:
        show(found.report if output is None else "\n".join(found.lines()))
    if not found.detected:
        raise typer.Exit(1)
