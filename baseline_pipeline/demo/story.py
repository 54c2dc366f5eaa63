"""The demo: one model's half year, told while it happens."""

from __future__ import annotations

import time
from collections.abc import Callable
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from baseline_pipeline.comparison import ALL_ROWS
from baseline_pipeline.demo import stage
from baseline_pipeline.demo.beside import Beside
from baseline_pipeline.demo.feeds import write_month
from baseline_pipeline.demo.flights import FEATURES, build
from baseline_pipeline.demo.rehearsals import replay_and_drill
from baseline_pipeline.demo.training import CHALLENGER, CHAMPION, register
from baseline_pipeline.figures import counted
from baseline_pipeline.governance.events import baselines
from baseline_pipeline.monitoring.trigger import WatchedFacet
from baseline_pipeline.records import digest_of
from baseline_pipeline.report.outcome import headline
from baseline_pipeline.report.verdict_line import verdict_line
from baseline_pipeline.workbench.iteration.deciding import autonomy_of, establish
from baseline_pipeline.workbench.people import Voice
from baseline_pipeline.workbench.promotions.approving import speak
from baseline_pipeline.workbench.promotions.rolling_back import roll_back
from baseline_pipeline.workbench.replays.attributions import attribution_of
from baseline_pipeline.workbench.reporting import (
    decision_story,
    last_decision_digest,
    load_decision,
    write_model_report,
    write_whole,
)
from baseline_pipeline.workbench.workbench import Workbench

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

    from baseline_pipeline.settings import Settings

Tell = Callable[[str], None]
TickAndRun = Callable[[WatchedFacet], "str | None"]
SHOWN_CELLS, SHOWN_REASONS, SHOWN_DRIFT = 7, 3, 4
OWNER = "Demo (playing the model's owner)"
ON_CALL = "Demo (playing on-call)"


class Story:
    """The acts of the demo, each standing on the last one.

    Args:
        settings: The project; its home is made anew.
        folder: The demo's own files.
        tell: Prints a line.
        tick_and_run: Lets a sensor look and runs what it asks for.
        models: Gives the trained models, in the order of `training.models`.
    """

    def __init__(self, settings: Settings, folder: Path, tell: Tell, tick_and_run: TickAndRun, models: Beside) -> None:
        self.bench = Workbench(settings)
        self.contract = self.bench.contract(stage.MODEL)
        self.folder = folder
        self.tell = tell
        self.tick_and_run = tick_and_run
        self.models = models
        self.flights: pd.DataFrame = build()
        self.started = time.monotonic()

    def play(self) -> None:
        """All acts."""
        self._train_champion()
        self._first_baseline()
        moved = stage.write_update(self.folder)
        with Beside(replay_and_drill, self.bench.settings, self.folder, ON_CALL) as rehearsals:
            self._new_month()
            self._broken_feed()
            self._challenger()
            self._approve()
            self._damaged_challenger()
            self._withdraw_challenger()
            self._environment()
            self._library_update(rehearsals, *moved)
            self._settle()
            self._roll_back()
            self._drill(rehearsals)
        self.tell("")
        self.tell(f"decision reports: {self.bench.settings.home / 'reports' / stage.MODEL}")
        self.tell(f"model report:     {write_model_report(self.bench, self.contract)}")

    def _act(self, title: str) -> None:
        self.tell(f"\n=== {title}")

    def _train_champion(self) -> None:
        self._act("Before: a champion is trained on January to April and registered in MLflow")
        stage.write_lockfile(self.folder)
        stage.write_manifest(self.folder)
        self._register("champion", CHAMPION)

    def _register(self, alias: str, window: tuple[str, str]) -> None:
        """The next trained model becomes the alias's."""
        number = register(
            self.models.take(),
            self.flights[FEATURES].head(),
            tracking_uri=self.bench.settings.tracking_uri,
            experiment=self.bench.settings.experiment,
            name=stage.MODEL,
            alias=alias,
            window=window,
        )
        self.tell(f"registered version {number} as {alias} (learned from {window[0]} to {window[1]})")

    def _first_baseline(self) -> None:
        self._act("1. May arrives; a person establishes the first baseline")
        write_month(self.folder / "flights", "2013-05", self.flights)
        self._look("data")
        baseline = establish(
            self.bench, self.contract, actor=OWNER, reason="May measured as expected; agreed as the reference"
        )
        self.tell(f"baseline revision {baseline.revision}, established by {baseline.actor}: {baseline.reason}")

    def _new_month(self) -> None:
        self._act("2a. June arrives: the data sensor sees it, the champion is scored, and compared with the baseline")
        write_month(self.folder / "flights", "2013-06", self.flights)
        self._look("data")

    def _broken_feed(self) -> None:
        self._act("2b. The same June from a feed whose weather hours are in UTC: same columns, same ranges")
        write_month(self.folder / "flights", "2013-06", build(weather_hours="utc"))
        self._look("data")

    def _challenger(self) -> None:
        self._act("3. The feed is repaired, July arrives, and a challenger trained on January to June wants the place")
        write_month(self.folder / "flights", "2013-06", self.flights)
        write_month(self.folder / "flights", "2013-07", self.flights)
        self._register("challenger", CHALLENGER)
        self._look("registry")

    def _approve(self) -> None:
        self._act("3b. Nobody promotes a first challenger unasked: the owner reads the verdicts and approves")
        digest = last_decision_digest(self.bench, stage.MODEL)
        said = speak(self.bench, "approve", digest, Voice(OWNER, "better on the same flights, and no carrier lost"))
        self.tell(said.words())
        self.tell(autonomy_of(self.bench, self.contract).words())

    def _roll_back(self) -> None:
        self._act("7. Complaints about the new model: on-call rolls back, model and baseline together")
        present = self.bench.baseline(stage.MODEL)
        earlier = [
            one
            for one in baselines(self.bench.events(stage.MODEL), stage.MODEL)
            if present is not None and one.version != present.version
        ]
        back = roll_back(
            self.bench, self.contract, earlier[-1].revision, Voice(ON_CALL, "rebookings doubled since the promotion")
        )
        self.tell(back.words())
        self.tell(autonomy_of(self.bench, self.contract).words())
        self.tell(f"the ledger: {counted(self.bench.ledger.verify().size, 'record')}, each bound to the one before it")

    def _drill(self, rehearsals: Beside) -> None:
        self._act("8. A drill, in a scratch copy: minutes become hours in the feed. Who would notice, and then?")
        self.tell("rehearsed after 3b, beside what happened since")
        found = rehearsals.take()
        for step in found.steps:
            self.tell(f"  {step.seconds:5.1f} s  {step.what}: {step.words}")
        place = self.bench.settings.home / "reports" / stage.MODEL / "drill.md"
        write_whole(place, found.report)
        after = "" if found.delay_days is None else f" after {counted(round(found.delay_days), 'day')} of data"
        self.tell(f">>> {'DETECTED' if found.detected else 'NOT DETECTED'}{after}; report and review: {place}")

    def _damaged_challenger(self) -> None:
        self._act("4. Another challenger, whose training lost the labels of one carrier (EV) in a broken join")
        self._register("challenger", CHALLENGER)
        self._look("registry")

    def _environment(self) -> None:
        self._act("5a. Lockfile and manifest change by comments, then by a version and by the cores")
        stage.write_lockfile(self.folder, comment="reviewed")
        self._look("dependencies")
        stage.write_manifest(self.folder, comment="reviewed")
        self._look("infrastructure")
        stage.write_lockfile(self.folder, moved={"scikit-learn": stage.next_patch(version("scikit-learn"))})
        stage.write_manifest(self.folder, moved={"cores": 64})
        self._look("dependencies")
        stage.write_lockfile(self.folder)
        stage.write_manifest(self.folder)

    def _library_update(self, rehearsals: Beside, old: str, new: str) -> None:
        self._act(f"5b. May the library move? The champion in both lockfiles' environments: {old} and {new}")
        self.tell("asked after 1, and computed beside what happened since")
        for line in rehearsals.take():
            self.tell(line)

    def _settle(self) -> None:
        self._act("6. Lockfile and manifest are taken back: all that was measured is found, not repeated")
        self._look("infrastructure")

    def _withdraw_challenger(self) -> None:
        from baseline_pipeline.adapters.registries.mlflow import connect

        client = connect(self.bench.settings.tracking_uri)  # to which an alias that is gone already is no error
        client.delete_registered_model_alias(stage.MODEL, self.contract.model.challenger)

    def _look(self, facet: WatchedFacet) -> None:
        skipped = self.tick_and_run(facet)
        if skipped is not None:
            self.tell(f"sensor {facet}: nothing runs: {skipped}")
            return
        self._show_decision()

    def _show_cause(self, digest: str) -> None:
        """What the attribution said, where there was one for this decision."""
        found = attribution_of(self.bench, stage.MODEL, digest)
        if found is not None:
            self.tell(f"which change did it: {found.sentence}")

    def _show_decision(self) -> None:
        decision = load_decision(self.bench, stage.MODEL, last_decision_digest(self.bench, stage.MODEL))
        story = decision_story(self.bench, self.contract, decision)
        for change in story.comparison.changed:
            self.tell(f"changed: {change.facet}: {'; '.join(change.details[:SHOWN_REASONS])}")
        for contrast in story.comparison.contrasts:
            self.tell(f"asked: {contrast.question} ({contrast.rows} rows, {contrast.pairing})")
            if contrast.not_comparable:
                self.tell(f"  not comparable: {contrast.not_comparable}")
            for cell in self._shown(contrast.cells):
                self.tell(f"  {verdict_line(cell, contrast.pairing)}")
        for words, drift in (("drifted", story.drift), ("drifted on the changed rows", story.changed_drift)):
            if drift is not None:
                top = [
                    f"{one.column} {one.score:.2f}" for one in drift.columns if one.drifted and one.score is not None
                ]
                self.tell(f"{words}: {', '.join(top[:SHOWN_DRIFT]) or 'nothing beyond its threshold'}")
        self.tell(f">>> {headline(decision.outcome, decision.hold)}{f' ({decision.tier})' if decision.tier else ''}")
        for reason in decision.reasons[:SHOWN_REASONS]:
            self.tell(f"    because {reason}")
        if len(decision.reasons) > SHOWN_REASONS:
            self.tell(f"    and {counted(len(decision.reasons) - SHOWN_REASONS, 'more reason')} in the report")
        self._show_cause(digest_of(decision.body()))

    def _shown(self, cells: tuple[Any, ...]) -> list[Any]:
        overall = [cell for cell in cells if cell.slice == ALL_ROWS and cell.role != "report_only"]
        degraded = [cell for cell in cells if cell.slice != ALL_ROWS and cell.tier is not None]
        degraded.sort(key=lambda cell: (cell.tier != "severe", cell.p_adjusted or 1.0))
        return [*overall, *degraded][:SHOWN_CELLS]
