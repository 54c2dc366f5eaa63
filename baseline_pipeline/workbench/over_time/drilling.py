"""`baseline incident drill`: from injected damage to a review, in a scratch copy of the home, with times."""

from __future__ import annotations

import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from baseline_pipeline.contract.monitoring import Receiver
from baseline_pipeline.errors import BaselineError, EvidenceUnavailable, UsageError
from baseline_pipeline.figures import counted
from baseline_pipeline.governance.events import Event
from baseline_pipeline.monitoring.alarms import overlaps, text_of
from baseline_pipeline.records import digest_of
from baseline_pipeline.response.drill import Drill, Step
from baseline_pipeline.response.incidents import incidents
from baseline_pipeline.workbench.inspection.own_scenario import scenario_of
from baseline_pipeline.workbench.over_time import incidents as spoken
from baseline_pipeline.workbench.over_time.damage import WINDOWS, Damage, damaged
from baseline_pipeline.workbench.over_time.experimenting import experiment
from baseline_pipeline.workbench.over_time.history import Past, scored_past
from baseline_pipeline.workbench.over_time.last_windows import latest
from baseline_pipeline.workbench.over_time.notifying import deliver, last_good, tell
from baseline_pipeline.workbench.over_time.playbooks import playbook_of
from baseline_pipeline.workbench.over_time.responding import respond
from baseline_pipeline.workbench.over_time.scratch_home import loopback_receiver, scratch_home
from baseline_pipeline.workbench.over_time.watched import Watched
from baseline_pipeline.workbench.over_time.windows import judge_rows, windowing_of
from baseline_pipeline.workbench.people import Voice
from baseline_pipeline.workbench.promotions.rolling_back import roll_back
from baseline_pipeline.workbench.workbench import utc_now

if TYPE_CHECKING:
    from collections.abc import Iterator

    from baseline_pipeline.contract import Contract
    from baseline_pipeline.monitoring.alarms import Alarm
    from baseline_pipeline.response.incidents import Incident
    from baseline_pipeline.workbench.over_time.windows import Windows
    from baseline_pipeline.workbench.workbench import Workbench

SHOWN = 5
"""Alarms that are named."""
SECRET = "drill"  # noqa: S105  # signs messages from this process to itself


def drill(
    bench: Workbench,
    contract: Contract,
    *,
    scenario: str = "unit_error",
    dose: float | None = None,
    actor: str,
    key: Path | None = None,
) -> Drill:
    """Inject damage into the last windows, and play everything that follows, for real, beside the real home.

    The scratch home is a copy (files that never change are linked) with a ledger of its own; MLflow's store is copied
    with it, and where the registry is a server of its own the rollback is planned and not made. People are told through
    a receiver of this process. The real ledger gets one record: that the drill took place, and what it came to.

    Args:
        bench: The project.
        contract: The rules.
        scenario: What is injected.
        dose: How much; the largest of the scenario's by default.
        actor: Who rehearses.
        key: SSH key to sign the rollback with, where there is a roster.

    Raises:
        UsageError: when the scenario does not apply to these data, or takes no such dose.
        EvidenceUnavailable: when there is no past to inject into.
        ModelFailed: when the model does not predict on what is injected.
    """
    began, began_at = time.monotonic(), utc_now()
    chosen = scenario_of(scenario, bench.settings.project)
    amount = chosen.doses[-1] if dose is None else dose
    if not chosen.takes(amount):
        most = f", at most {chosen.most:g}" if np.isfinite(chosen.most) else ""
        message = f"{scenario} takes no dose of {amount:g}; accepted: more than 0{most} ({chosen.unit})"
        usual = ", ".join(f"{one:g}" for one in chosen.doses)
        raise UsageError(message, next_step=f"usual ones are {usual}")
    past = scored_past(bench, contract)
    with (
        tempfile.TemporaryDirectory(prefix="baseline-drill-") as folder,
        scratch_home(bench, Path(folder) / "home") as scratch,
        loopback_receiver() as (url, arrived),
    ):
        told = Receiver(webhook=url, secret=SECRET)
        own = scratch.settings.tracking_uri != bench.settings.tracking_uri
        stage = _Stage(
            scratch,
            contract.model_copy(update={"notify": [told]}),
            past,
            Voice(actor, "rehearsed by a drill", key),
            own_registry=own,
        )
        stage.play(chosen, scenario, amount)
        found = stage.result(scenario, amount, len(arrived), time.monotonic() - began, began_at)
    bench.ledger.append(
        Event(
            kind="review",
            model=contract.name,
            actor=actor,
            reason=f"drill: {scenario} {amount:g}, {'detected' if found.detected else 'NOT detected'}",
            key=digest_of(["drill", bench.ledger.head()[0], scenario, amount]),
            content={"drill": found.model_dump(mode="json", exclude={"review", "hidden"})},
        )
    )
    return found


class _Stage:
    """The scratch home and what happens in it."""

    def __init__(self, bench: Workbench, contract: Contract, past: Past, voice: Voice, *, own_registry: bool) -> None:
        self.own_registry = own_registry
        self.bench, self.contract, self.past, self.voice, self.actor = bench, contract, past, voice, voice.by
        self.steps: list[Step] = []
        self.windowing = windowing_of(contract)
        self.incident: Incident | None = None
        self.since = ""
        self.delay: float | None = None
        self.review = ""
        self.hidden: list[str] = []
        self.before = bench.ledger.head()[0]

    @contextmanager
    def timed(self, what: str, *, needed: bool = False) -> Iterator[list[str]]:
        """Take the time of a step; what it puts into the list are its words.

        A step that fails says so in the report, and the next one is played; without what is needed there is no drill.
        """
        words: list[str] = []
        started = time.monotonic()
        try:
            yield words
        except BaselineError as error:
            if needed:
                raise
            words.append(f"FAILED: {error.message}")
        self.steps.append(Step(what=what, seconds=round(time.monotonic() - started, 2), words="; ".join(words)))
        self.bench.progress(f"{what}: {'; '.join(words)}")

    def play(self, scenario: Any, name: str, dose: float) -> None:
        """All steps, from damage to review."""
        with self.timed("damage", needed=True) as words:
            done = damaged(self.bench, self.contract, self.past, self.windowing, scenario, dose)
            self.since = done.since
            shown = self.since.replace("T", " ")
            words.append(f"{name} {dose:g} {scenario.unit} in the {WINDOWS} windows from {shown}")
            words.append(", ".join(done.spoilt) or "no feature has other values")
        with self.timed("detection", needed=True) as words:
            found = self._detect(done, words)
        if self.incident is None:
            return
        with self.timed("people told") as words:
            tell(self.bench, self.contract, after=self.before)
            sent = deliver(self.bench, [self.contract])
            words.append(
                "nobody" if sent is None else f"{counted(sent.sent, 'notification')} out, {sent.failed} failed"
            )
        with self.timed("experiment") as words:
            seen = self._watched(found)
            words.append(experiment(self.bench, self.contract, self.incident, seen, found).words[0])
        self._people()

    def _people(self) -> None:
        """Triage, rollback, close, review: what people do, with the commands' own functions."""
        assert self.incident is not None  # noqa: S101  # detected
        name = self.incident.id
        with self.timed("triage") as words:
            spoken.triage(
                self.bench, name, signal=True, category="data source", actor=self.actor, reason="injected by a drill"
            )
            words.append("signal, data source")
        with self.timed("playbook") as words:
            book = playbook_of(self.bench, self.contract, self.incident)
            words.append("none fits" if book is None else f"{book.title}: {len(book.steps)} steps")
            for number in range(1, len(book.steps) + 1 if book else 1):
                said = f"step {number} was read out, not done"
                spoken.tick(self.bench, name, number, actor=self.actor, reason=said)
        back = False
        with self.timed("rollback") as words:
            back = self._roll_back(words)
        with self.timed("remedy") as words:
            what = "roll back" if back else "none"
            spoken.remedy(self.bench, name, what, outcome=self.steps[-1].words, actor=self.actor)
            words.append(what)
        with self.timed("close and review") as words:
            spoken.close(
                self.bench, name, cause="damage injected by a drill, not by the world", category=None, actor=self.actor
            )
            path = spoken.review(self.bench, name, None, actor=self.actor)
            self.review = path.read_text(encoding="utf-8")
            words.append("review written")
        self.incident = spoken.find_incident(self.bench, name)

    def _roll_back(self, words: list[str]) -> bool:
        """Go back to a good revision, or say why not; whether it was done."""
        revision = last_good(self.bench, self.contract) or self._another()
        if revision is None:
            words.append("there is no other model to go back to")
            return False
        if not self.own_registry:
            words.append(f"planned, not made (the registry is not in the home): back to revision {revision}")
            return False
        try:
            back = roll_back(self.bench, self.contract, revision, self.voice)
        except (UsageError, EvidenceUnavailable) as error:
            words.append(f"planned, not made ({error.message}): back to revision {revision}")
            return False
        words.append("; ".join(line.strip() for line in back.words().splitlines()))
        return True

    def _another(self) -> int | None:
        """Any revision of another model, to rehearse with where none is known to be good."""
        present = self.bench.baseline(self.contract.name)
        other = [
            one.revision
            for one in self.bench.baselines(self.contract.name)
            if present is not None and one.version != present.version
        ]
        return other[-1] if other else None

    def _detect(self, done: Damage, words: list[str]) -> Windows:
        rows, starts = done.rows, done.starts
        learned = np.zeros(len(rows), dtype=bool)
        if self.past.learned.any():
            inside = self.past.rows.at[self.past.learned]
            learned = (rows.at >= inside[0]) & (rows.at <= inside[-1])
        found = judge_rows(self.bench, self.contract, rows, learned, starts, self.windowing)
        plain = judge_rows(self.bench, self.contract, self.past.rows, self.past.learned, starts, self.windowing)
        before = plain.alarms(self.contract)
        known = {one.key for one in before}
        fresh = [one for one in found.alarms(self.contract) if one.opened >= self.since and one.key not in known]
        if not fresh:
            words.append("NOT detected: no alarm opened in the spoilt windows")
            self.hidden = self._hidden(before)
            words.extend(self.hidden)
            return found
        self.alarms = fresh
        events = respond(self.bench, self.contract, fresh, overlap=overlaps(found.reader.calm_parts), known=[])
        opened = incidents(events, self.contract.name)  # whatever is open besides is another story
        self.incident = max(opened, key=lambda one: (len(one.alarms), one.id))
        first = min(fresh, key=lambda one: one.known)
        gap = np.datetime64(first.known) - np.datetime64(self.since)
        self.delay = float(gap / np.timedelta64(1, "D"))
        words.append(
            f"{self.incident.id}, {self.incident.tier}, {counted(len(fresh), 'alarm')}; first: {first.words()}"
        )
        return found

    def _hidden(self, before: list[Alarm]) -> list[str]:
        """Alarms that were open on these days without any damage, and what to do: damage joins an open alarm."""
        there = [one for one in before if one.closed is None or one.closed > self.since]
        if not there:
            return []
        shown = [f"{one.lead.stream} since {one.opened[:16].replace('T', ' ')}" for one in there[:SHOWN]]
        more = [f"{len(there) - SHOWN} more"] if len(there) > SHOWN else []
        words = [f"these days were not calm before: {counted(len(there), 'alarm')} open, {', '.join(shown + more)}"]
        known = incidents(self.bench.events(self.contract.name), self.contract.name)
        keys = {one.key for one in there}
        held = [one for one in known if one.open and set(one.alarms) & keys]
        if held:
            words.append(f"what is spoilt now joins {', '.join(f'{one.id} ({one.tier})' for one in held)}")
            words.append(f"settle that first: baseline incident show {held[0].id}; then rehearse on calm days")
        else:
            words.append(
                f"no incident holds them: baseline monitor {self.contract.name} opens one; rehearse on calm days, or "
                "name calm times that are like the present: monitoring.reference"
            )
        return words

    def _watched(self, found: Windows) -> Watched:
        return Watched(
            model=self.contract.name,
            now=text_of(found.readings.starts[-1]),
            windows=len(found.readings),
            first=text_of(found.readings.starts[0]),
            last=text_of(found.readings.starts[-1]),
            rows=len(found.rows),
            unlabelled=0,
            reference=(text_of(found.span[0]), text_of(found.span[1])),
            reference_windows=int(found.calm.sum()),
            streams=len(found.watch.readings.streams),
            latest=latest(found),
            estimates=(),
            notes=(),
            alarms=tuple(self.alarms),
            paired=None,
        )

    def result(self, scenario: str, dose: float, arrived: int, seconds: float, at: str) -> Drill:
        """What the drill came to."""
        return Drill(
            model=self.contract.name,
            version=self.past.version,
            actor=self.actor,
            at=at,
            scenario=scenario,
            dose=dose,
            window=self.contract.monitoring.window,
            since=self.since,
            detected=self.incident is not None,
            delay_days=self.delay,
            tier=self.incident.tier if self.incident else "",
            told=arrived,
            steps=tuple(self.steps),
            seconds=round(seconds, 1),
            hidden=tuple(self.hidden),
            review=self.review,
        )
